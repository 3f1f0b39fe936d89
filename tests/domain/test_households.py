"""Households, who is paired with them, who covers their villages, and their three books."""

from datetime import date, timedelta

import pytest

from domain.books import (
    DropHelp,
    HelpReported,
    PlanHelp,
    PublishTaskList,
    ReportHelp,
    SurveyHousehold,
    Task,
    TaskListPublished,
    draw,
    items,
)
from domain.command import Act
from domain.households import (
    AddMember,
    AssignCover,
    Category,
    ChangePairing,
    EndCover,
    EndPairing,
    ListVillage,
    Member,
    PairHousehold,
    PairingEnded,
    RecategoriseHousehold,
    RecordRank,
    RegisterHousehold,
    RemoveHousehold,
    RemoveMember,
    covers,
    dwelling,
    fold,
    paired_with,
)
from domain.ids import ClueId, CoverId, HouseholdId, IssueId, ItemId, MemberId, PairingId, TaskListId, UnitId
from domain.monitoring import ClueReported, DismissClue, IdentifyRisk, PostClueNotice, ReleaseRisk, ReportClue, clues
from domain.policy import Rank
from services.task_lists import publish, redrawn
from tests.county import BUREAU, OTHER_VILLAGE, TOWN, VILLAGE, closed, person, register
from tests.households import CADRE, HOME, household, member, place
from tests.scenario import Scene

TEAM = UnitId("unit-roads")


def pair(name: HouseholdId, scene: Scene, who: str = "officer", **changes: object) -> PairHousehold:
    asked: dict[str, object] = {
        "household": name,
        "pairing": PairingId(f"pairing-{scene.store.head()}"),
        "person": person(who),
        "since": scene.today,
    }
    return PairHousehold.model_validate({**asked, **changes})


def ranked(scene: Scene, rank: Rank, who: str = "officer") -> None:
    scene.when(RecordRank(person=person(who), rank=rank, since=scene.today), person("organiser"))


def test_a_household_is_numbers_and_commitments_and_nobody_is_named() -> None:
    scene = place("luchuan")
    household(scene)
    state = fold(scene.about(HOME), HOME)
    assert len(state.members) == 3
    assert all(len(commitment) == 64 for commitment in state.members.values())
    with pytest.raises(ValueError, match="commitment"):
        Member(member=MemberId("member-1"), commitment="某某某")


def test_nobody_is_counted_in_two_households() -> None:
    scene = place("luchuan")
    household(scene)
    other = HouseholdId("household-18")
    twice = RegisterHousehold(
        household=other,
        region=VILLAGE,
        category=Category.MARGINAL,
        members=(member(0),),
        identified_on=scene.today,
    )
    scene.refused(twice, person("clerk"), "member_of_another_household")
    gone = RemoveMember(household=HOME, member=member(0).member, on=scene.today, reason="分户")
    scene.when(gone, person("clerk"))
    scene.when(twice, person("clerk"))
    scene.refused(
        AddMember(household=HOME, member=member(0), since=scene.today, reason="迁回"),
        person("clerk"),
        "member_of_another_household",
    )
    scene.refused(gone, person("clerk"), "unknown_member")


def test_a_household_lives_in_a_village_and_is_registered_by_those_in_post_there() -> None:
    scene = place("luchuan")
    asked = RegisterHousehold(
        household=HOME,
        region=TOWN,
        category=Category.REGISTERED,
        members=(member(0),),
        identified_on=scene.today,
    )
    scene.refused(asked, person("clerk"), "not_a_village")
    own = asked.model_copy(update={"region": VILLAGE})
    scene.refused(own, person("other-clerk"), "no_authority")
    scene.refused(own.model_copy(update={"identified_on": scene.today + timedelta(1)}), person("clerk"), "future_date")
    scene.when(own, person("clerk"))
    scene.refused(own, person("clerk"), "household_already_registered")
    scene.when(RecategoriseHousehold(household=HOME, category=Category.SUDDEN, reason="火灾"), person("clerk"))
    assert fold(scene.about(HOME), HOME).category is Category.SUDDEN


def test_a_removed_household_stays_in_the_record_and_takes_nothing_more() -> None:
    scene = place("luchuan")
    household(scene)
    scene.refused(RemoveHousehold(household=HOME, reason="整户迁出"), person("clerk"), "no_authority")
    scene.when(RemoveHousehold(household=HOME, reason="整户迁出"), person("headquarters"))
    scene.refused(pair(HOME, scene), person("clerk"), "household_removed")
    assert dwelling(scene.about(VILLAGE), VILLAGE) == ()
    assert fold(scene.about(HOME), HOME).removed


@pytest.mark.parametrize(("rank", "cap"), [(Rank.DIVISION, 6), (Rank.SECTION, 5), (Rank.STAFF, 3)])
def test_in_luchuan_a_cadre_is_paired_with_six_five_or_three_households_by_rank(rank: Rank, cap: int) -> None:
    scene = place("luchuan")
    homes = [household(scene, HouseholdId(f"household-{number}"), 1) for number in range(cap + 1)]
    scene.refused(pair(homes[0], scene), person("clerk"), "rank_unknown")
    ranked(scene, rank)
    for home in homes[:cap]:
        scene.when(pair(home, scene), person("clerk"))
    scene.refused(pair(homes[cap], scene), person("clerk"), "pairing_cap")
    scene.when(EndPairing(household=homes[0], on=scene.today, reason="该户迁出"), person("clerk"))
    scene.when(pair(homes[cap], scene), person("clerk"))
    assert paired_with(scene.about(CADRE).events, CADRE) == frozenset(homes[1:])


def test_in_huaihua_nobody_is_paired_with_more_than_five_whatever_their_rank() -> None:
    scene = place("huaihua")
    homes = [household(scene, HouseholdId(f"household-{number}"), 1) for number in range(6)]
    for home in homes[:5]:
        scene.when(pair(home, scene), person("clerk"))
    scene.refused(pair(homes[5], scene), person("clerk"), "pairing_cap")


def test_where_no_rule_says_so_there_is_no_cap() -> None:
    scene = place("changsha")
    for number in range(8):
        scene.when(pair(household(scene, HouseholdId(f"household-{number}"), 1), scene), person("clerk"))


def test_a_changed_cadre_leaves_neither_gap_nor_overlap_and_an_ended_pairing_leaves_a_gap_that_shows() -> None:
    scene = place("huaihua")
    household(scene)
    scene.when(pair(HOME, scene), person("clerk"))
    scene.refused(pair(HOME, scene, "leader"), person("clerk"), "already_paired")
    scene.later(days=10)
    change = ChangePairing(
        household=HOME,
        pairing=PairingId("pairing-new"),
        person=person("leader"),
        since=scene.today,
        reason="工作调动",
    )
    scene.when(change, person("clerk"))
    ended, began = scene.last
    assert ended.on == began.since  # type: ignore[attr-defined]
    scene.when(EndPairing(household=HOME, on=scene.today, reason="退休"), person("clerk"))
    assert fold(scene.about(HOME), HOME).unpaired_since == scene.today
    scene.refused(pair(HOME, scene, since=scene.today - timedelta(1)), person("clerk"), "dates_out_of_order")
    scene.when(pair(HOME, scene), person("clerk"))
    assert len(scene.events(PairingEnded)) == 2


def test_a_village_has_one_team_one_leader_and_one_department_at_a_time() -> None:
    scene = place("luchuan")
    scene.when(ListVillage(region=VILLAGE, since=scene.today), person("headquarters"))
    scene.refused(ListVillage(region=VILLAGE, since=scene.today), person("headquarters"), "already_listed")
    team = AssignCover(cover=CoverId("cover-1"), region=VILLAGE, kind="team", unit=BUREAU, since=scene.today)
    scene.when(team, person("headquarters"))
    scene.refused(team.model_copy(update={"cover": CoverId("cover-2")}), person("headquarters"), "already_covered")
    nobody = AssignCover(cover=CoverId("cover-2"), region=VILLAGE, kind="leader", unit=BUREAU, since=scene.today)
    scene.refused(nobody, person("headquarters"), "cover_incoherent")
    leader = AssignCover(
        cover=CoverId("cover-2"),
        region=VILLAGE,
        kind="leader",
        person=person("county-magistrate"),
        since=scene.today,
    )
    scene.when(leader, person("organiser"))
    assert set(covers(scene.about(VILLAGE), VILLAGE)) == {"team", "leader"}
    scene.when(EndCover(region=VILLAGE, kind="team", on=scene.today, reason="轮换"), person("headquarters"))
    assert set(covers(scene.about(VILLAGE), VILLAGE)) == {"leader"}


def planned(scene: Scene, item: str = "item-1", by: str = "officer", **changes: object) -> ItemId:
    asked: dict[str, object] = {
        "household": HOME,
        "item": ItemId(item),
        "category": "产业",
        "measure": "发展百香果种植",
        "due": scene.today + timedelta(30),
    }
    scene.when(PlanHelp.model_validate({**asked, **changes}), person(by))
    return ItemId(item)


def test_the_plan_and_its_progress_are_written_by_the_cadre_and_those_in_post_only() -> None:
    scene = place("huaihua")
    household(scene)
    survey = SurveyHousehold(household=HOME, causes=("因学", "缺技术"), findings="两个在校生", surveyed_on=scene.today)
    scene.when(survey, person("member"))
    plan = PlanHelp(household=HOME, item=ItemId("item-0"), category="产业", measure="养殖", due=scene.today)
    scene.refused(plan, CADRE, "no_authority")
    scene.when(pair(HOME, scene), person("clerk"))
    item = planned(scene)
    report = ReportHelp(household=HOME, item=item, progress="已种下", done=False, occurred_on=scene.today)
    scene.when(report, CADRE)
    scene.refused(report, person("supervisor"), "no_authority")
    scene.when(report.model_copy(update={"done": True}), person("member"))
    scene.refused(report, CADRE, "item_not_open")
    dropped = planned(scene, "item-2")
    scene.when(DropHelp(household=HOME, item=dropped, reason="劳力外出"), CADRE)
    assert [one.open for one in items(scene.about(HOME), HOME).values()] == [False, False]
    assert len(scene.events(HelpReported)) == 2


def covered(scene: Scene) -> None:
    team = AssignCover(cover=CoverId("cover-1"), region=VILLAGE, kind="team", unit=TEAM, since=scene.today)
    scene.when(team, person("headquarters"))


def test_a_month_s_task_list_is_drawn_from_what_is_open_and_can_be_drawn_again() -> None:
    scene = place("huaihua")
    household(scene)
    covered(scene)
    late = planned(scene, "item-late", by="member", due=scene.today + timedelta(60))
    done = planned(scene, "item-done", by="member")
    scene.when(
        ReportHelp(household=HOME, item=done, progress="完成", done=True, occurred_on=scene.today), person("member")
    )
    scene.when(register(IssueId("issue-home"), object=HOME), person("clerk"))
    scene.when(register(IssueId("issue-elsewhere"), region=OTHER_VILLAGE), person("other-clerk"))
    closed(scene, IssueId("issue-closed"))
    act = scene_act(scene)
    outcome = publish(scene.ledger, TaskListId("tasklist-1"), TEAM, date(2019, 9, 1), act)
    listed = outcome.facts[0]
    assert isinstance(listed, TaskListPublished)
    assert [task.entry for task in listed.tasks] == ["issue-home", late]
    assert redrawn(scene.store, TaskListId("tasklist-1"))
    assert draw(scene.store.facts(), UnitId("unit-nobody")) == ()


def scene_act(scene: Scene) -> Act:
    return Act(person("headquarters"), scene.at)


def test_a_team_gets_one_list_a_month_and_a_list_that_was_made_up_does_not_hold() -> None:
    scene = place("huaihua")
    covered(scene)
    month = date(2019, 9, 1)
    made_up = PublishTaskList(
        tasklist=TaskListId("tasklist-1"),
        team=TEAM,
        month=month,
        cut_off=1,
        tasks=(Task(entry="issue-nowhere", region=VILLAGE, due=None),),
    )
    scene.when(made_up, person("headquarters"))
    assert not redrawn(scene.store, TaskListId("tasklist-1"))
    again = made_up.model_copy(update={"tasklist": TaskListId("tasklist-2")})
    scene.refused(again, person("headquarters"), "tasklist_already_published")
    half = again.model_copy(update={"month": date(2019, 10, 2)})
    scene.refused(half, person("headquarters"), "not_a_month")


def test_a_listed_issue_is_signed_on_the_same_facts_as_before() -> None:
    scene = place("huaihua")
    covered(scene)
    scene.when(register(IssueId("issue-1")), person("clerk"))
    before = scene.shown(IssueId("issue-1"))
    publish(scene.ledger, TaskListId("tasklist-1"), TEAM, date(2019, 9, 1), scene_act(scene))
    assert scene.shown(IssueId("issue-1")) == before


CLUE = ClueId("clue-1")


def test_a_household_at_risk_is_identified_after_its_notice_and_released_in_the_end() -> None:
    scene = place("huaihua")
    household(scene)
    report = ReportClue(household=HOME, clue=CLUE, source="部门筛查", matter="医疗支出过大", found_on=scene.today)
    scene.when(report, person("member"))
    due = scene.events(ClueReported)[0]
    assert isinstance(due, ClueReported)
    assert due.due == scene.today + timedelta(15)
    scene.refused(report.model_copy(update={"clue": ClueId("clue-2")}), person("member"), "already_monitored")
    identify = IdentifyRisk(household=HOME, clue=CLUE, kind="sudden", reason="收入骤减", identified_on=scene.today)
    scene.refused(identify, person("township-head"), "notice_required")
    scene.when(PostClueNotice(household=HOME, clue=CLUE, posted_on=scene.today, place="村务公开栏"), person("member"))
    scene.later(days=5)
    scene.refused(identify.model_copy(update={"identified_on": scene.today}), person("township-head"), "notice_running")
    scene.later(days=1)
    scene.when(identify.model_copy(update={"identified_on": scene.today}), person("township-head"))
    dismiss = DismissClue(household=HOME, clue=CLUE, reason="误报", dismissed_on=scene.today)
    scene.refused(dismiss, person("township-head"), "clue_decided")
    release = ReleaseRisk(household=HOME, clue=CLUE, findings="收入恢复稳定", released_on=scene.today)
    scene.when(release, person("clerk"))
    assert clues(scene.about(HOME), HOME)[CLUE].over


def test_a_place_without_a_rule_for_monitoring_monitors_nobody() -> None:
    scene = place("county")
    household(scene)
    report = ReportClue(household=HOME, clue=CLUE, source="自报", matter="受灾", found_on=scene.today)
    scene.refused(report, person("member"), "no_monitoring_rule")
