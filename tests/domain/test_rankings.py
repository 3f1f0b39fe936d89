from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain import rankings
from domain.accountability import (
    CaseDropped,
    CaseOpened,
    CaseRevived,
    DecideMeasure,
    MeasureKind,
    add_months,
    fold,
    promotable,
)
from domain.chains import ChainOpened, ChainWithdrawn, Checked, SentBack
from domain.fact import Event, Recorded
from domain.ids import (
    BoardId,
    CaseId,
    ChainId,
    EditionId,
    EscalationId,
    ExtensionId,
    IssueId,
    MeasureId,
    ObjectionId,
    RegionId,
    RuleId,
    UnitId,
)
from domain.issues import (
    Escalated,
    EscalationAnswered,
    ExtensionGranted,
    IssueAssigned,
    IssueClosed,
    IssueRegistered,
    IssueReopened,
    IssueWithdrawn,
    LookedBack,
)
from domain.organisation import UnitDissolved, UnitEstablished
from domain.policy import Seat, Stage
from domain.posts import Post
from domain.rankings import (
    AdoptScoringRule,
    AnswerObjection,
    Component,
    CorrectEdition,
    Counts,
    EditionCorrected,
    EditionObjected,
    EditionObjectionAnswered,
    EditionPublished,
    Exclusion,
    Indicator,
    ObjectToEdition,
    Period,
    PublishEdition,
    Ranked,
    ScoringRule,
    ScoringRuleAdopted,
    packaged,
    scored,
    standings,
    subjects_of,
    tally,
)
from domain.regions import RegionAbolished, RegionEstablished
from tests.luchuan import COUNTY, LONG_AGO, RULES, deadline, in_post, well, who
from tests.scenario import Scene

TOWNS = tuple(RegionId(f"region-45092210{number}") for number in range(1, 6))
NORTH, SOUTH = TOWNS[:2]
WATER, ROADS = UnitId("unit-water"), UnitId("unit-roads")
BOARD = BoardId("board-towns")
JULY = Period(since=date(2016, 7, 1), until=date(2016, 7, 31))


def rule(**changes: Any) -> ScoringRule:
    asked: dict[str, Any] = {
        "rule": "rule-plain",
        "title": "规则",
        "version": 1,
        "source": "只看结果",
        "subjects": "townships",
        "period": "month",
        "base": 10_000,
        "components": ({"indicator": "overdue_open", "points": -100, "per": 1},),
        "ties": (),
        "at_the_line": "none",
        "red_places": 1,
        "black_places": 1,
        "black_ceiling": 9_999,
        "black_running": 2,
    }
    return ScoringRule.model_validate(asked | changes)


# Scores


def test_a_component_gives_points_for_whole_units_between_its_floor_and_cap() -> None:
    component = Component(indicator=Indicator.CLOSED_SHARE, points=30, per=100, floor=None, cap=2_000)
    assert [scored(component, count).points for count in (0, 99, 100, 5_099, 10_000)] == [0, 0, 30, 1_500, 2_000]
    deduction = Component(indicator=Indicator.OVERDUE_OPEN, points=-100, per=1, floor=-250)
    assert [scored(deduction, count).points for count in (0, 2, 3, 40)] == [0, -200, -250, -250]


def overdue(*counts: int) -> dict[Ranked, dict[Indicator, int]]:
    return {
        town: dict.fromkeys(Indicator, 0) | {Indicator.OVERDUE_OPEN: n} for town, n in zip(TOWNS, counts, strict=False)
    }


def lists(found: Iterable[rankings.Standing]) -> dict[str, list[str]]:
    marks: dict[str, list[str]] = {"red": [], "black": [], "close": []}
    for standing in found:
        if standing.listed:
            marks[standing.listed].append(standing.subject[-1])
        if standing.by_last_word:
            marks["close"].append(standing.subject[-1])
    return marks


def test_equals_share_a_rank_and_are_printed_by_division_code() -> None:
    found = standings(rule(), overdue(2, 0, 2, 1, 5))
    assert [(one.subject[-1], one.rank) for one in found] == [("2", 1), ("4", 2), ("1", 3), ("3", 3), ("5", 5)]


@pytest.mark.parametrize(
    ("last_word", "red", "black"),
    [("code", ["1"], ["5"]), ("all", ["1", "2"], ["4", "5"]), ("none", [], [])],
)
def test_a_tie_over_the_line_is_resolved_by_the_last_word_and_says_so(
    last_word: str, red: list[str], black: list[str]
) -> None:
    found = standings(rule(at_the_line=last_word), overdue(0, 0, 3, 7, 7))
    assert lists(found) == {"red": red, "black": black, "close": ["1", "2", "4", "5"]}


def test_the_rules_own_ties_come_before_its_last_word() -> None:
    counts = overdue(0, 0, 7, 7, 7)
    counts[TOWNS[4]][Indicator.RELAPSED] = 1
    counts[TOWNS[1]][Indicator.CLOSED_SHARE] = 10_000
    components = tuple(
        {"indicator": name, "points": points, "per": 1}
        for name, points in (("overdue_open", -100), ("relapsed", 0), ("closed_share", 0))
    )
    found = standings(rule(components=components, ties=("relapsed", "closed_share")), counts)
    assert lists(found) == {"red": ["2"], "black": ["5"], "close": []}
    assert [one.rank for one in found] == [1, 2, 3, 3, 5]


def test_nobody_is_on_a_list_whose_threshold_they_do_not_reach() -> None:
    everyone_good = standings(rule(black_places=3), overdue(0, 0, 0, 0, 0))
    assert lists(everyone_good)["black"] == []
    nobody_good = standings(rule(red_places=3, red_floor=9_000), overdue(11, 12, 13, 14, 15))
    assert lists(nobody_good)["red"] == []


def test_nobody_is_on_both_lists() -> None:
    found = standings(rule(red_places=2, black_places=2, black_ceiling=None), overdue(0, 1, 2))
    assert lists(found) == {"red": ["1", "2"], "black": ["3"], "close": []}
    equals = standings(rule(red_places=2, black_places=1, black_ceiling=None, at_the_line="code"), overdue(0, 0))
    assert lists(equals) == {"red": ["1", "2"], "black": [], "close": []}


counts_of_towns = st.lists(st.integers(0, 4), min_size=1, max_size=5)


@given(
    counts_of_towns,
    st.sampled_from(["code", "all", "none"]),
    st.integers(0, 3),
    st.integers(0, 3),
    st.randoms(use_true_random=False),
)
def test_the_order_is_total_and_does_not_depend_on_how_the_counts_arrive(
    numbers: list[int], last_word: str, red: int, black: int, chance: Any
) -> None:
    asked = rule(at_the_line=last_word, red_places=red, black_places=black)
    counts = overdue(*numbers)
    shuffled = list(counts.items())
    chance.shuffle(shuffled)
    found = standings(asked, counts)
    assert found == standings(asked, dict(shuffled))
    assert {one.subject for one in found} == set(counts)
    for one in found:
        assert one.score == asked.base + sum(component.points for component in one.components)
        assert one.rank == 1 + sum(other.score > one.score for other in found)
    marks = lists(found)
    if last_word != "all":
        assert len(marks["red"]) <= red
        assert len(marks["black"]) <= black
    if last_word != "code":
        for score in {one.score for one in found}:
            assert len({one.listed for one in found if one.score == score}) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"ties": ("relapsed",)},
        {"ties": ("overdue_open", "overdue_open")},
        {"components": ({"indicator": "overdue_open", "points": 1, "per": 1},) * 2},
        {"components": ({"indicator": "overdue_open", "points": 1, "per": 1, "floor": 2, "cap": 1},)},
        {"components": ()},
        {"components": ({"indicator": "photos_uploaded", "points": 1, "per": 1},)},
        {"components": ({"indicator": "overdue_open", "points": 0.5, "per": 1},)},
        {"black_running": 1},
    ],
)
def test_an_incoherent_rule_is_no_rule(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        rule(**changes)


@pytest.mark.parametrize("name", ["townships", "units"])
def test_the_rules_that_ship_give_full_marks_to_a_clean_month(name: str) -> None:
    shipped = packaged(name)
    clean: Counts = {NORTH: {indicator: 10_000 if indicator.share else 0 for indicator in Indicator}}
    [best] = standings(shipped, clean)
    assert best.score == 10_000
    assert shipped.subjects == name


# Counting


class Log:
    """Facts in order, each on a day of 2016 at noon in China unless told otherwise."""

    def __init__(self) -> None:
        self.facts: list[Recorded] = []

    def on(self, month: int, day: int, *events: Event, hour: int = 12) -> "Log":
        at = datetime(2016, month, day, hour - 8, tzinfo=UTC)
        for event in events:
            self.facts.append(Recorded(len(self.facts) + 1, event, who("someone"), at, at, ""))
        return self

    def counted(
        self, subject: Ranked = NORTH, period: Period = JULY, excluded: Sequence[IssueId] = ()
    ) -> dict[str, int]:
        found = tally(self.facts, (subject,), period, excluded)[subject]
        return {
            str(indicator): number
            for indicator, number in found.items()
            if number != (10_000 if indicator.share else 0)
        }


WELL = IssueId("issue-well")
VILLAGE = RegionId(f"{NORTH}201")


def registered(
    issue: IssueId = WELL, due: date | None = date(2016, 7, 20), region: RegionId = VILLAGE
) -> IssueRegistered:
    return well(issue, region, due)


def assigned(unit: UnitId, issue: IssueId = WELL) -> IssueAssigned:
    return IssueAssigned(issue=issue, unit=unit, leader=who("leader"), person=who("officer"), reason=None)


def applied(number: int = 1, issue: IssueId = WELL) -> ChainOpened:
    return ChainOpened(
        chain=ChainId(f"chain-{issue}-{number}"),
        subject=issue,
        purpose="write_off",
        region=VILLAGE,
        round=1,
        statement="已完成",
        evidence=(),
        stages=(Stage(level="village", seats=(Seat(posts=(Post.VILLAGE_SECRETARY,)),)),),
        notice_days=0,
    )


def closed(number: int = 1, issue: IssueId = WELL, round: int = 1) -> IssueClosed:
    return IssueClosed(issue=issue, object=None, chain=ChainId(f"chain-{issue}-{number}"), round=round)


def sent_back(number: int = 1, to: Any = "rectification") -> SentBack:
    return SentBack(chain=ChainId(f"chain-{WELL}-{number}"), subject=WELL, to=to, stage=None, reason="不实")


def relapsed(looked_on: date) -> LookedBack:
    return LookedBack(issue=WELL, round=1, holds=False, findings="反弹", looked_on=looked_on, evidence=())


def reopened(due: date) -> IssueReopened:
    return IssueReopened(issue=WELL, object=None, round=2, reason="反弹", deadline=deadline(due))


def test_what_was_applied_for_by_the_day_due_is_on_time_however_late_others_sign() -> None:
    log = Log().on(7, 1, registered()).on(7, 20, applied()).on(7, 30, closed())
    assert log.counted() == {"closed_on_time": 1}


def test_what_was_applied_for_after_the_day_due_is_late() -> None:
    log = Log().on(7, 1, registered()).on(7, 21, applied()).on(7, 22, closed())
    assert log.counted() == {"closed_late": 1, "on_time_share": 0}


def test_an_issue_without_a_date_is_neither_on_time_nor_late() -> None:
    assert Log().on(7, 1, registered(due=None), applied(), closed()).counted() == {}
    assert Log().on(7, 1, registered(due=None)).counted() == {"closed_share": 0}


def test_what_is_open_and_not_applied_for_is_overdue_from_its_day_on() -> None:
    for due, expected in ((date(2016, 7, 31), {"overdue_open": 1, "on_time_share": 0}), (date(2016, 8, 1), {})):
        assert Log().on(7, 1, registered(due=due)).counted() == {"closed_share": 0} | expected


def test_what_waits_for_its_signers_since_before_the_day_due_is_not_overdue() -> None:
    log = Log().on(7, 1, registered()).on(7, 19, applied())
    assert log.counted() == {"closed_share": 0}


def test_what_is_sent_back_to_rectification_was_not_applied_for() -> None:
    log = Log().on(7, 1, registered()).on(7, 19, applied()).on(7, 25, sent_back())
    assert log.counted() == {"sent_back": 1, "overdue_open": 1, "closed_share": 0, "on_time_share": 0}
    log.on(7, 26, applied(2)).on(7, 27, closed(2))
    assert log.counted() == {"sent_back": 1, "closed_late": 1, "on_time_share": 0}


def test_what_is_sent_back_to_a_check_or_a_signer_is_not_the_rectifiers_fault() -> None:
    log = Log().on(7, 1, registered(), applied()).on(7, 2, sent_back(to="check"))
    assert log.counted() == {"closed_share": 0}


def test_a_failed_check_counts_as_sent_back_and_a_withdrawn_application_does_not() -> None:
    failed = Checked(
        chain=applied().chain, subject=WELL, passed=False, findings="未完成", evidence=(), checked_on=date(2016, 7, 3)
    )
    withdrawn = ChainWithdrawn(chain=applied(2).chain, subject=WELL, reason="补充材料")
    log = Log().on(7, 1, registered(due=None), applied()).on(7, 3, failed).on(7, 4, applied(2), withdrawn)
    assert log.counted() == {"sent_back": 1, "closed_share": 0}


def test_an_extension_moves_the_day_due() -> None:
    granted = ExtensionGranted(
        issue=WELL, extension=ExtensionId("extension-one"), due=date(2016, 8, 10), opinion="同意"
    )
    assert Log().on(7, 1, registered()).on(7, 15, granted).counted() == {"closed_share": 0}


def test_a_look_back_counts_in_the_period_it_was_made_in_even_if_recorded_later() -> None:
    log = Log().on(6, 1, registered(due=date(2016, 6, 30)), applied(), closed())
    log.on(8, 2, relapsed(date(2016, 7, 29)), reopened(date(2016, 8, 30)))
    assert log.counted() == {"relapsed": 1}
    august = Period(since=date(2016, 8, 1), until=date(2016, 8, 31))
    assert log.counted(period=august) == {"overdue_open": 1, "closed_share": 0, "on_time_share": 0}


def test_an_issue_registered_in_error_counts_nowhere_whenever_that_was_found() -> None:
    log = Log().on(7, 1, registered()).on(7, 19, applied()).on(7, 25, sent_back())
    log.on(9, 1, IssueWithdrawn(issue=WELL, object=None, reason="重复登记"))
    assert log.counted() == {}


def test_an_excluded_issue_counts_nowhere() -> None:
    other = IssueId("issue-road")
    log = Log().on(7, 1, registered(), registered(other))
    assert log.counted()["overdue_open"] == 2
    assert log.counted(excluded=[WELL])["overdue_open"] == 1


def test_what_was_recorded_after_the_period_does_not_better_or_worsen_it() -> None:
    log = Log().on(7, 1, registered())
    before = log.counted()
    log.on(8, 1, applied()).on(8, 2, closed(), registered(IssueId("issue-late"), due=date(2016, 7, 5)))
    assert log.counted() == before


def test_days_end_at_midnight_in_china() -> None:
    log = Log().on(7, 31, registered(due=None), applied(), hour=23)
    log.on(7, 31, closed(), hour=23)
    assert log.counted() == {}
    night = datetime(2016, 7, 31, 16, 30, tzinfo=UTC)
    late = Log().on(7, 31, registered(due=None))
    late.facts.append(Recorded(2, closed(), who("someone"), night, night, ""))
    assert late.counted() == {"closed_share": 0}


def escalated(to: Any = "township") -> Escalated:
    return Escalated(
        issue=WELL,
        escalation=EscalationId("escalation-one"),
        region=NORTH if to == "township" else COUNTY,
        to=to,
        matter="缺资金",
        answer_due=datetime(2016, 7, 11, 4, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("to", "day", "hour", "late"),
    [("township", 11, 12, 0), ("township", 11, 13, 1), ("township", None, 0, 1), ("county", None, 0, 0)],
)
def test_a_township_answers_for_what_it_did_not_answer_in_time(to: str, day: int | None, hour: int, late: int) -> None:
    log = Log().on(7, 1, registered(due=None)).on(7, 10, escalated(to))
    if day:
        answered = EscalationAnswered(
            issue=WELL, escalation=EscalationId("escalation-one"), region=NORTH, answer="已安排"
        )
        log.on(7, day, answered, hour=hour)
    assert log.counted().get("answered_late", 0) == late


def test_a_unit_answers_for_what_happened_while_it_was_responsible() -> None:
    log = Log().on(7, 1, registered(), assigned(WATER)).on(7, 5, applied()).on(7, 6, sent_back())
    log.on(7, 7, assigned(ROADS))
    assert log.counted(WATER) == {"sent_back": 1}
    assert log.counted(ROADS) == {"overdue_open": 1, "closed_share": 0, "on_time_share": 0}
    assert log.counted(NORTH) == {"sent_back": 1, "overdue_open": 1, "closed_share": 0, "on_time_share": 0}


def test_a_township_with_nothing_to_do_has_done_all_of_it() -> None:
    assert Log().on(7, 1, registered()).counted(SOUTH) == {}


def test_shares_are_whole_basis_points_rounded_down() -> None:
    issues = [IssueId(f"issue-{number}") for number in range(3)]
    log = Log().on(7, 1, *(registered(issue) for issue in issues))
    log.on(7, 2, applied(issue=issues[0]), closed(issue=issues[0]))
    assert log.counted() == {"closed_on_time": 1, "overdue_open": 2, "closed_share": 3_333, "on_time_share": 3_333}


def test_work_logs_and_photos_are_never_counted() -> None:
    assert {event.type for event in rankings.COUNTED}.isdisjoint({"step.reported", "step.planned", "chain.signed"})


def test_the_board_is_of_those_that_stood_on_the_periods_last_day() -> None:
    log = Log()
    names = {TOWNS[0]: LONG_AGO, TOWNS[1]: date(2016, 7, 31), TOWNS[2]: date(2016, 8, 1), TOWNS[3]: LONG_AGO}
    log.on(1, 1, RegionEstablished(region=COUNTY, name="陆川县", since=LONG_AGO))
    log.on(1, 1, *(RegionEstablished(region=town, name="某镇", since=since) for town, since in names.items()))
    log.on(1, 1, RegionEstablished(region=RegionId("region-450921101"), name="别县某镇", since=LONG_AGO))
    log.on(1, 1, RegionEstablished(region=VILLAGE, name="某村", since=LONG_AGO))
    log.on(7, 1, RegionAbolished(region=TOWNS[3], on=date(2016, 7, 31)))
    log.on(7, 1, RegionAbolished(region=TOWNS[0], on=date(2016, 8, 1)))
    assert subjects_of(log.facts, "townships", COUNTY, JULY.until) == (TOWNS[0], TOWNS[1])


def test_a_units_board_is_of_the_countys_own_departments() -> None:
    gone, office = UnitId("unit-gone"), UnitId("unit-office")
    log = Log().on(
        1,
        1,
        UnitEstablished(unit=WATER, name="县水利局", kind="department", region=COUNTY),
        UnitEstablished(unit=gone, name="县旧局", kind="department", region=COUNTY),
        UnitEstablished(unit=office, name="县指挥部", kind="headquarters", region=COUNTY),
        UnitEstablished(unit=UnitId("unit-town"), name="镇水利站", kind="department", region=NORTH),
        UnitDissolved(unit=gone, on=date(2016, 3, 1)),
    )
    assert subjects_of(log.facts, "units", COUNTY, JULY.until) == (WATER,)


# Publishing


PEOPLE: dict[str, tuple[Post, RegionId]] = {
    "headquarters": (Post.HEADQUARTERS, COUNTY),
    "supervisor": (Post.SUPERVISOR, COUNTY),
    "inspector": (Post.INSPECTOR, COUNTY),
    "north-secretary": (Post.TOWNSHIP_SECRETARY, NORTH),
    "north-clerk": (Post.TOWNSHIP_CLERK, NORTH),
    "south-head": (Post.TOWNSHIP_HEAD, SOUTH),
}


def county() -> list[Event]:
    facts: list[Event] = [RegionEstablished(region=region, name="某地", since=LONG_AGO) for region in (COUNTY, *TOWNS)]
    facts += [RULES, registered()]
    for name, (post, region) in PEOPLE.items():
        facts += in_post(name, post, region)
    return facts


def month(number: int) -> Period:
    """The number-th month of 2016 and after."""
    since = date(2016 + (number - 1) // 12, (number - 1) % 12 + 1, 1)
    return Period(since=since, until=add_months(since, 1) - timedelta(days=1))


def with_board(*past: Event, **changes: Any) -> Scene:
    adopted = ScoringRuleAdopted(board=BOARD, region=COUNTY, rule=rule(**changes), since=LONG_AGO)
    return Scene(*county(), adopted, *past, at=datetime(2016, 8, 2, 2, tzinfo=UTC))


def worst(*towns: Ranked) -> dict[Ranked, dict[Indicator, int]]:
    """Counts of all towns by which just these are on the black list, if there is room for them."""
    return {town: dict.fromkeys(Indicator, 0) | {Indicator.OVERDUE_OPEN: 9 if town in towns else 0} for town in TOWNS}


def edition(number: int) -> EditionId:
    return EditionId(f"edition-{number}")


def publish(number: int, counts: Counts, **changes: Any) -> PublishEdition:
    asked: dict[str, Any] = {
        "edition": edition(number),
        "board": BOARD,
        "period": month(6 + number),
        "cut_off": number * 100,
        "counts": counts,
    }
    return PublishEdition.model_validate(asked | changes)


def correct(number: int, revision: int, counts: Counts, **changes: Any) -> CorrectEdition:
    asked: dict[str, Any] = {
        "edition": edition(number),
        "revision": revision,
        "cut_off": number * 100 + 10_000 + revision,
        "counts": counts,
        "reason": "漏记",
    }
    return CorrectEdition.model_validate(asked | changes)


def test_an_edition_holds_all_that_is_needed_to_compute_it_again() -> None:
    scene = with_board()
    scene.when(publish(1, worst(NORTH)), who("supervisor"))
    [event] = scene.last
    assert isinstance(event, EditionPublished)
    assert (event.number, event.rule, event.rule_version, event.cut_off) == (1, RuleId("rule-plain"), 1, 100)
    assert event.standings == standings(rule(), worst(NORTH))
    assert lists(event.standings)["black"] == ["1"]


@pytest.mark.parametrize(
    ("changes", "by", "code"),
    [
        ({}, "north-secretary", "no_authority"),
        ({}, "inspector", "no_authority"),
        ({"board": BoardId("board-none")}, "supervisor", "unknown_board"),
        ({"period": month(8)}, "supervisor", "period_not_over"),
        ({"period": Period(since=date(2015, 12, 1), until=date(2015, 12, 31))}, "supervisor", "no_rule"),
        ({"period": Period(since=date(2016, 7, 1), until=date(2016, 7, 30))}, "supervisor", "period_does_not_fit"),
        ({"period": Period(since=date(2016, 6, 2), until=date(2016, 7, 1))}, "supervisor", "period_does_not_fit"),
        ({"counts": {}}, "supervisor", "nobody_to_rank"),
        ({"counts": {WATER: dict.fromkeys(Indicator, 0)}}, "supervisor", "not_on_this_board"),
        ({"counts": {VILLAGE: dict.fromkeys(Indicator, 0)}}, "supervisor", "not_on_this_board"),
        ({"counts": {RegionId("region-450921101"): {}}}, "supervisor", "not_on_this_board"),
        ({"counts": {NORTH: {}}}, "supervisor", "counts_incomplete"),
    ],
)
def test_an_edition_without_authority_rule_period_or_subjects_is_refused(
    changes: dict[str, Any], by: str, code: str
) -> None:
    with_board().refused(publish(1, worst(NORTH)).model_copy(update=changes), who(by), code)


def test_editions_follow_each_other_in_number_period_and_cut_off() -> None:
    scene = with_board()
    scene.when(publish(1, worst(NORTH)), who("supervisor"))
    scene.refused(publish(1, worst(NORTH)), who("supervisor"), "edition_already_published")
    scene.refused(publish(2, worst(NORTH), period=month(7)), who("supervisor"), "period_overlaps")
    scene.later(days=31)
    scene.refused(publish(2, worst(NORTH), cut_off=100), who("supervisor"), "cut_off_not_later")
    scene.when(publish(2, worst(SOUTH)), who("headquarters"))
    assert [event.number for event in scene.events(EditionPublished) if isinstance(event, EditionPublished)] == [1, 2]


def test_quarters_are_calendar_quarters() -> None:
    for since, until, fits in (
        (date(2016, 4, 1), date(2016, 6, 30), True),
        (date(2016, 5, 1), date(2016, 7, 31), False),
        (date(2016, 4, 1), date(2016, 4, 30), False),
    ):
        assert rankings.fits(rule(period="quarter"), Period(since=since, until=until)) is fits
    assert rankings.fits(rule(period="free"), Period(since=LONG_AGO, until=LONG_AGO))
    with pytest.raises(ValidationError):
        Period(since=date(2016, 7, 2), until=date(2016, 7, 1))


def adopt(since: date, **changes: Any) -> AdoptScoringRule:
    return AdoptScoringRule(board=BOARD, region=COUNTY, rule=rule(**changes), since=since)


def test_a_rule_counts_for_periods_that_begin_once_it_is_known() -> None:
    scene = Scene(*county(), at=datetime(2016, 7, 15, 2, tzinfo=UTC))
    scene.refused(adopt(date(2016, 7, 1)), who("supervisor"), "past_date")
    scene.refused(adopt(date(2016, 8, 1)), who("north-secretary"), "no_authority")
    scene.when(adopt(date(2016, 8, 1)), who("supervisor"))
    scene.later(days=20).refused(publish(1, worst()), who("supervisor"), "no_rule")
    scene.refused(adopt(date(2016, 9, 1)), who("supervisor"), "rule_version_not_newer")
    scene.refused(adopt(date(2016, 9, 1), version=2, subjects="units"), who("supervisor"), "another_board")
    scene.when(adopt(date(2016, 9, 1), version=2, base=5_000), who("supervisor"))
    scene.later(days=90)
    scene.when(publish(2, worst()), who("supervisor"))
    scene.when(publish(3, worst()), who("supervisor"))
    versions = [event.rule_version for event in scene.events(EditionPublished) if isinstance(event, EditionPublished)]
    assert versions == [1, 2]


# Black twice running


def open_cases(scene: Scene) -> set[tuple[str, tuple[EditionId, ...]]]:
    """(subject, editions) of every case that lists opened and no correction dropped."""
    state: dict[CaseId, tuple[CaseOpened, bool]] = {}
    for event in scene.events(CaseOpened, CaseDropped, CaseRevived):
        match event:
            case CaseOpened():
                assert event.case not in state
                state[event.case] = event, True
            case CaseDropped() | CaseRevived():
                opened, stood = state[event.case]
                assert stood is isinstance(event, CaseDropped)
                state[event.case] = opened, not stood
    return {
        (one.subject, tuple(EditionId(str(ground)) for ground in one.grounds)) for one, yes in state.values() if yes
    }


def test_black_twice_running_opens_one_case() -> None:
    scene = with_board()
    scene.when(publish(1, worst(NORTH)), who("supervisor"))
    scene.later(days=31).when(publish(2, worst(NORTH)), who("supervisor"))
    [_, event] = scene.last
    assert isinstance(event, CaseOpened)
    assert (event.subject, event.region, event.reason, event.automatic) == (NORTH, COUNTY, "black_running", True)
    assert event.grounds == (edition(1), edition(2))
    assert event.matter == "第1期、第2期连续2期列入黑榜"


def test_black_then_better_then_black_again_opens_none() -> None:
    scene = with_board()
    for number, worst_one in enumerate((NORTH, SOUTH, NORTH), start=1):
        scene.later(days=31).when(publish(number, worst(worst_one)), who("supervisor"))
    assert scene.events(CaseOpened) == []


def test_a_place_may_ask_for_three_in_a_row() -> None:
    scene = with_board(black_running=3)
    for number in (1, 2, 3, 4):
        scene.later(days=31).when(publish(number, worst(NORTH)), who("supervisor"))
    assert open_cases(scene) == {
        (NORTH, (edition(1), edition(2), edition(3))),
        (NORTH, (edition(2), edition(3), edition(4))),
    }


def twice_black() -> tuple[Scene, CaseId]:
    scene = with_board()
    scene.when(publish(1, worst(NORTH)), who("supervisor"))
    scene.later(days=31).when(publish(2, worst(NORTH)), who("supervisor"))
    event = scene.last[-1]
    assert isinstance(event, CaseOpened)
    return scene, event.case


def test_a_correction_that_takes_the_ground_away_drops_the_case_and_lifts_its_measures() -> None:
    scene, case = twice_black()
    decide = DecideMeasure(
        measure=MeasureId("measure-one"),
        case=case,
        on=who("north-secretary"),
        kind=MeasureKind.ADMONITION,
        reasons="连续两期黑榜",
        decided_on=scene.at.date(),
        binds_from=scene.at.date(),
    )
    scene.when(decide, who("inspector"))
    scene.when(correct(1, 1, worst(SOUTH)), who("supervisor"))
    assert [event.type for event in scene.last] == ["edition.corrected", "case.dropped", "measure.lifted"]
    assert promotable(scene.about(who("north-secretary")), who("north-secretary"), scene.at.date())
    again = decide.model_copy(update={"measure": MeasureId("measure-two")})
    scene.refused(again, who("inspector"), "case_dropped")
    scene.when(correct(1, 2, worst(NORTH)), who("supervisor"))
    assert [event.type for event in scene.last] == ["edition.corrected", "case.revived"]
    state = fold(scene.about(case), case)
    assert state is not None
    assert state.open
    assert state.in_effect == ()


def test_a_correction_that_gives_ground_opens_the_case() -> None:
    scene = with_board()
    scene.when(publish(1, worst(NORTH)), who("supervisor"))
    scene.later(days=31).when(publish(2, worst(SOUTH)), who("supervisor"))
    scene.when(correct(1, 1, worst(SOUTH)), who("headquarters"))
    assert [event.type for event in scene.last] == ["edition.corrected", "case.opened"]
    assert open_cases(scene) == {(SOUTH, (edition(1), edition(2)))}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.sets(st.sampled_from(TOWNS), max_size=3)), max_size=9))
def test_the_cases_are_always_those_of_the_lists_as_last_corrected(steps: list[tuple[bool, int, set[Ranked]]]) -> None:
    scene = with_board(black_places=3, red_places=0, at_the_line="all")
    scene.later(days=400)
    published: list[set[Ranked]] = []
    revisions: list[int] = []
    for cut_off, (new, which, towns) in enumerate(steps, start=1):
        if new or not published:
            published.append(towns)
            revisions.append(0)
            scene.when(publish(len(published), worst(*towns), cut_off=cut_off), who("supervisor"))
        else:
            index = which % len(published)
            published[index] = towns
            revisions[index] += 1
            scene.when(correct(index + 1, revisions[index], worst(*towns), cut_off=cut_off), who("supervisor"))
        expected = {
            (town, (edition(number), edition(number + 1)))
            for number, (before, after) in enumerate(pairwise(published), start=1)
            for town in before & after
        }
        assert open_cases(scene) == expected


# Objections and corrections


def objection(name: str = "one", subject: Ranked = NORTH) -> ObjectToEdition:
    return ObjectToEdition(
        edition=edition(1), objection=ObjectionId(f"objection-{name}"), subject=subject, matter="统计有误"
    )


def answered(name: str = "one", *, upheld: bool = True) -> AnswerObjection:
    return AnswerObjection(edition=edition(1), objection=ObjectionId(f"objection-{name}"), upheld=upheld, answer="经核")


def published() -> Scene:
    scene = with_board()
    scene.when(publish(1, worst(NORTH)), who("supervisor"))
    return scene


def test_a_township_objects_once_and_within_the_days_of_the_places_rule() -> None:
    scene = published()
    scene.refused(objection(), who("north-clerk"), "not_concerned")
    scene.refused(objection(), who("south-head"), "not_concerned")
    scene.refused(objection(subject=RegionId("region-450922199")), who("south-head"), "not_on_this_board")
    scene.refused(objection().model_copy(update={"edition": edition(9)}), who("north-secretary"), "unknown_edition")
    scene.later(days=7).when(objection(), who("north-secretary"))
    scene.refused(objection(), who("north-secretary"), "objection_already_raised")
    scene.refused(objection("two"), who("north-secretary"), "already_objected")
    scene.later(days=1).refused(objection("two", SOUTH), who("south-head"), "objection_too_late")
    [event] = scene.events(EditionObjected)
    assert isinstance(event, EditionObjected)
    assert (event.subject, event.revision) == (NORTH, 0)


def test_whoever_published_does_not_answer() -> None:
    scene = published()
    scene.when(objection(), who("north-secretary"))
    scene.refused(answered(), who("supervisor"), "took_part")
    scene.refused(answered(), who("inspector"), "no_authority")
    scene.refused(answered("none"), who("headquarters"), "unknown_objection")
    scene.when(answered(), who("headquarters"))
    scene.refused(answered(), who("headquarters"), "unknown_objection")
    [event] = scene.events(EditionObjectionAnswered)
    assert isinstance(event, EditionObjectionAnswered)
    assert (event.subject, event.upheld) == (NORTH, True)


def test_an_upheld_objection_is_met_by_one_correction_and_what_was_published_stays() -> None:
    scene = published()
    scene.when(objection(), who("north-secretary"))
    met = correct(1, 1, worst(SOUTH), objection=ObjectionId("objection-one"))
    scene.refused(met, who("supervisor"), "objection_not_upheld")
    scene.when(answered(), who("headquarters"))
    scene.when(met, who("supervisor"))
    again = correct(1, 2, worst(SOUTH), objection=ObjectionId("objection-one"))
    scene.refused(again, who("supervisor"), "objection_not_upheld")
    [first] = scene.events(EditionPublished)
    [second] = scene.events(EditionCorrected)
    assert isinstance(first, EditionPublished)
    assert isinstance(second, EditionCorrected)
    assert lists(first.standings)["black"] == ["1"]
    assert lists(second.standings)["black"] == ["2"]
    # Those whom the correction put on the list have their days from then on.
    scene.later(days=7).when(objection("two", SOUTH), who("south-head"))


def test_a_rejected_objection_asks_for_no_correction() -> None:
    scene = published()
    scene.when(objection(), who("north-secretary"))
    scene.when(answered(upheld=False), who("headquarters"))
    scene.refused(
        correct(1, 1, worst(SOUTH), objection=ObjectionId("objection-one")), who("supervisor"), "objection_not_upheld"
    )


@pytest.mark.parametrize(
    ("changes", "by", "code"),
    [
        ({}, "north-secretary", "no_authority"),
        ({"revision": 2}, "supervisor", "revision_out_of_order"),
        ({"cut_off": 100}, "supervisor", "cut_off_not_later"),
        ({"excluded": (Exclusion(issue=IssueId("issue-none"), reason="洪灾"),)}, "supervisor", "unknown_issue"),
        ({"excluded": (Exclusion(issue=WELL, reason="洪灾"),) * 2}, "supervisor", "excluded_twice"),
        ({"counts": {NORTH: dict.fromkeys(Indicator, 0)}}, "supervisor", "not_on_this_board"),
        ({"edition": edition(9)}, "supervisor", "unknown_edition"),
    ],
)
def test_a_correction_out_of_place_is_refused(changes: dict[str, Any], by: str, code: str) -> None:
    published().refused(correct(1, 1, worst(SOUTH)).model_copy(update=changes), who(by), code)
