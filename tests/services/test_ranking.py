from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.accountability import CaseOpened
from domain.command import Act, Refused
from domain.fact import Event
from domain.ids import (
    AppointmentId,
    BoardId,
    ChainId,
    EditionId,
    IssueId,
    PersonId,
    RegionId,
)
from domain.issues import Deadline, IssueClosed, IssueRegistered, IssueWithdrawn
from domain.policy import PolicyAdopted, Severity
from domain.policy import packaged as policy_named
from domain.posts import Appointed, Post
from domain.rankings import (
    EditionCorrected,
    EditionPublished,
    Exclusion,
    Indicator,
    Period,
    PublishEdition,
    ScoringRuleAdopted,
    Standing,
    packaged,
)
from domain.regions import RegionEstablished
from services import ranking
from tests.scenario import Scene

COUNTY = RegionId("region-450922")
TOWNS = tuple(RegionId(f"region-45092210{number}") for number in range(1, 5))
NORTH, SOUTH = TOWNS[:2]
SUPERVISOR = PersonId("person-supervisor")
BOARD = BoardId("board-towns")
FIRST, SECOND = EditionId("edition-first"), EditionId("edition-second")
LONG_AGO = date(2016, 1, 1)
JULY = Period(since=date(2016, 7, 1), until=date(2016, 7, 31))
AUGUST = Period(since=date(2016, 8, 1), until=date(2016, 8, 31))


def day(month: int, number: int) -> datetime:
    return datetime(2016, month, number, 4, tzinfo=UTC)


def county() -> list[Event]:
    return [
        *(RegionEstablished(region=region, name="某地", since=LONG_AGO) for region in (COUNTY, *TOWNS)),
        PolicyAdopted(region=COUNTY, policy=policy_named("county"), since=LONG_AGO),
        ScoringRuleAdopted(board=BOARD, region=COUNTY, rule=packaged("townships"), since=LONG_AGO),
        Appointed(
            appointment=AppointmentId("appointment-supervisor"),
            person=SUPERVISOR,
            post=Post.SUPERVISOR,
            region=COUNTY,
            unit=None,
            since=LONG_AGO,
        ),
    ]


def registered(name: str, town: RegionId, due: date) -> IssueRegistered:
    return IssueRegistered(
        issue=IssueId(f"issue-{name}"),
        region=town,
        place=None,
        object=None,
        category="道路",
        source="自查",
        severity=Severity.MINOR,
        description="路面破损",
        found_on=None,
        deadline=Deadline(due=due, precision="day", long_term=False),
        planned_funds=None,
    )


def closed(name: str) -> IssueClosed:
    return IssueClosed(issue=IssueId(f"issue-{name}"), object=None, chain=ChainId(f"chain-{name}"), round=1)


def record(scene: Scene, at: datetime, *events: Event) -> None:
    scene.at = at
    scene.store.append(events, Act(SUPERVISOR, at))


def summer() -> Scene:
    """Four townships: the first two leave one and two issues overdue in July, the others none."""
    scene = Scene(*county(), at=day(6, 1))
    record(scene, day(7, 1), registered("a", NORTH, date(2016, 7, 10)), registered("b", SOUTH, date(2016, 7, 10)))
    record(scene, day(7, 2), registered("c", SOUTH, date(2016, 7, 20)))
    record(scene, day(8, 3), registered("d", TOWNS[2], date(2016, 7, 20)))
    return scene


def publish(
    scene: Scene, edition: EditionId = FIRST, period: Period = JULY, key: str | None = None
) -> EditionPublished:
    outcome = ranking.publish(scene.ledger, edition, BOARD, period, Act(SUPERVISOR, scene.at), key)
    event = outcome.facts[0]
    assert isinstance(event, EditionPublished)
    return event


def scores(standings: Sequence[Standing]) -> dict[str, int]:
    return {standing.subject.removeprefix("region-4509221"): standing.score for standing in standings}


def test_an_edition_is_what_the_facts_up_to_its_cut_off_come_to() -> None:
    scene = summer()
    head = scene.store.head()
    event = publish(scene)
    assert (event.number, event.cut_off) == (1, head)
    # 4000 + 0 + 0 - 100 for each issue overdue; 4000 + 3000 + 3000 for those with nothing to do.
    assert scores(event.standings) == {"03": 10_000, "04": 10_000, "01": 3_900, "02": 3_800}
    assert [standing.listed for standing in event.standings] == ["red", "red", "black", "black"]
    assert ranking.recount(scene.store, FIRST).holds


def test_later_facts_change_nothing_of_what_was_published() -> None:
    scene = summer()
    before = publish(scene).standings
    record(
        scene, day(8, 4), closed("a"), closed("b"), IssueWithdrawn(issue=IssueId("issue-c"), object=None, reason="重")
    )
    again = ranking.recount(scene.store, FIRST)
    assert again.holds
    assert again.computed == before


def test_black_in_two_editions_running_opens_the_cases_as_it_is_published() -> None:
    scene = summer()
    publish(scene)
    scene.at = day(9, 2)
    outcome = ranking.publish(scene.ledger, SECOND, BOARD, AUGUST, Act(SUPERVISOR, scene.at))
    cases = [event for event in outcome.facts if isinstance(event, CaseOpened)]
    assert [case.subject for case in cases] == [NORTH, SOUTH]
    assert {case.grounds for case in cases} == {(FIRST, SECOND)}


def test_asking_again_under_the_same_key_gives_the_same_edition() -> None:
    scene = summer()
    first = publish(scene, key="evening")
    head = scene.store.head()
    record(scene, day(8, 5), closed("a"))
    assert publish(scene, key="evening") == first
    assert scene.store.head() == head + 1
    with pytest.raises(Refused, match="edition_already_published"):
        publish(scene)


def honest(scene: Scene, cut_off: int) -> PublishEdition:
    counts = ranking.count(scene.store, TOWNS, JULY, cut_off)
    return PublishEdition(edition=FIRST, board=BOARD, period=JULY, cut_off=cut_off, counts=counts)


def test_a_recount_finds_figures_that_were_made_up() -> None:
    scene = summer()
    command = honest(scene, scene.store.head())
    better = {**command.counts, SOUTH: {**command.counts[SOUTH], Indicator.OVERDUE_OPEN: 0}}
    scene.when(command.model_copy(update={"counts": better}), SUPERVISOR)
    found = ranking.recount(scene.store, FIRST)
    assert found.whole
    assert not found.holds
    assert scores(found.published)["02"] != scores(found.computed)["02"]


def test_a_recount_finds_a_township_that_was_left_out() -> None:
    scene = summer()
    command = honest(scene, scene.store.head())
    counts = {town: counted for town, counted in command.counts.items() if town != SOUTH}
    scene.when(command.model_copy(update={"counts": counts}), SUPERVISOR)
    assert not ranking.recount(scene.store, FIRST).holds


@pytest.mark.parametrize("shift", [-2, +50])
def test_a_recount_finds_a_cut_off_before_the_periods_end_or_past_what_was_known(shift: int) -> None:
    scene = summer()
    scene.when(honest(scene, scene.store.head() + shift), SUPERVISOR)
    found = ranking.recount(scene.store, FIRST)
    assert found.published == found.computed
    assert not found.whole
    assert not found.holds


def test_a_correction_leaves_issues_out_and_both_versions_can_be_counted_again() -> None:
    scene = summer()
    publish(scene)
    scene.at = day(8, 6)
    flood = (Exclusion(issue=IssueId("issue-c"), reason="洪灾"), Exclusion(issue=IssueId("issue-b"), reason="洪灾"))
    act = Act(SUPERVISOR, scene.at)
    outcome = ranking.correct(scene.ledger, FIRST, 1, "洪灾期间不计", act, excluded=flood, key="flood")
    [event] = outcome.facts
    assert isinstance(event, EditionCorrected)
    assert scores(event.standings) == {"02": 10_000, "03": 10_000, "04": 10_000, "01": 3_900}
    record(scene, day(8, 7), closed("a"))
    assert ranking.correct(scene.ledger, FIRST, 1, "洪灾期间不计", act, excluded=flood, key="flood").replayed
    for revision, score in ((0, 3_800), (1, 10_000), (None, 10_000)):
        found = ranking.recount(scene.store, FIRST, revision)
        assert found.holds
        assert scores(found.computed)["02"] == score


def test_a_correction_sees_what_was_learnt_since_and_names_its_own_cut_off() -> None:
    scene = summer()
    first = publish(scene)
    record(scene, day(8, 6), IssueWithdrawn(issue=IssueId("issue-a"), object=None, reason="重复登记"))
    [event] = ranking.correct(scene.ledger, FIRST, 1, "重复登记", Act(SUPERVISOR, scene.at)).facts
    assert isinstance(event, EditionCorrected)
    assert event.cut_off > first.cut_off
    assert scores(event.standings)["01"] == 10_000
    assert ranking.recount(scene.store, FIRST, 0).holds
    assert ranking.recount(scene.store, FIRST).holds


def test_what_was_never_published_cannot_be_counted_again_or_corrected() -> None:
    scene = summer()
    with pytest.raises(Refused, match="unknown_edition"):
        ranking.recount(scene.store, FIRST)
    with pytest.raises(Refused, match="unknown_edition"):
        ranking.correct(scene.ledger, FIRST, 1, "更正", Act(SUPERVISOR, scene.at))
    with pytest.raises(Refused, match="unknown_board"):
        ranking.publish(scene.ledger, FIRST, BoardId("board-none"), JULY, Act(SUPERVISOR, scene.at))
    early = Period(since=date(2015, 7, 1), until=date(2015, 7, 31))
    with pytest.raises(Refused, match="no_rule"):
        ranking.publish(scene.ledger, FIRST, BOARD, early, Act(SUPERVISOR, scene.at))
    publish(scene)
    for revision in (-1, 1):
        with pytest.raises(Refused, match="unknown_revision"):
            ranking.recount(scene.store, FIRST, revision)


happenings = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from(TOWNS), st.integers(0, 40), st.one_of(st.none(), st.integers(0, 45))),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(happenings)
def test_the_same_facts_give_the_same_standings_whoever_publishes_them(
    issues: list[tuple[int, RegionId, int, int | None]],
) -> None:
    def told() -> Scene:
        scene = Scene(*county(), at=day(6, 1))
        facts: list[tuple[int, Event]] = []
        for number, (start, town, length, end) in enumerate(issues):
            facts.append((start, registered(str(number), town, date(2016, 7, 1) + timedelta(days=length))))
            if end is not None and end >= start:
                facts.append((end, closed(str(number))))
        for after, event in sorted(facts, key=lambda fact: fact[0]):
            record(scene, day(7, 1) + timedelta(days=after), event)
        scene.at = day(9, 1)
        return scene

    one, other = told(), told()
    assert publish(one).standings == publish(other).standings
    found = ranking.recount(one.store, FIRST)
    assert found.holds
    assert {standing.subject for standing in found.computed} == set(TOWNS)
