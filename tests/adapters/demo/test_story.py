"""What the demonstration must hold for every page and every ledger to have something true to show."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import pytest
from starlette.testclient import TestClient

from adapters.bootstrap import Application, open_application
from adapters.demo.loading import load
from adapters.demo.logins import PASSWORD, logins
from adapters.demo.story import ADMONISHED, DAAN, END, FIRST, LONGYAN, SECOND, Story
from adapters.http.api import create_api
from adapters.http.ledgers import SHELVES
from adapters.settings import Settings
from domain.accountability import AppealDecided, CaseOpened, MeasureDecided
from domain.broadcasts import NoticeBroadcast
from domain.chains import (
    Checked,
    ObjectionRaised,
    ObjectionSettled,
    SentBack,
    SignedOff,
)
from domain.command import About, Act, Refused
from domain.comparison import ContradictionFound, RosterCompared
from domain.fact import Event, Past, Recorded
from domain.households import HouseholdRegistered
from domain.ids import HouseholdId, IssueId, PersonId
from domain.issues import (
    Escalated,
    EscalationAnswered,
    ExtensionDenied,
    ExtensionGranted,
    ExtensionRequested,
    IssueAssigned,
    IssueClosed,
    IssueRegistered,
    IssueReopened,
    LookedBack,
    StepReported,
    WorkbookImported,
)
from domain.policy import PolicyAdopted, Severity
from domain.posts import TENURE, Post, held
from domain.rankings import EditionCorrected, EditionPublished
from domain.signoff import shown_of
from projections.evidence_ledger import EvidenceLine
from projections.exit_ledger import ExitLine
from projections.reading import Query, Where, page
from projections.signoff_ledger import SignOffLine, queue
from services import ranking

E = TypeVar("E", bound=Event)

HEADING = re.compile(r'<h2 id="(\w+)">[^<]*<span class="muted number">(\d+)')
SECTIONS = {
    "signing": "chains",
    "answering": "escalations",
    "extensions": "extensions",
    "exits": "exits",
    "leaves": "leaves",
    "decisions": "decisions",
    "settling": "settling",
    "hearings": "hearings",
}
"""The parts of what waits for one, as the interface calls them, and as the page does."""


def every(application: Application, kind: type[E]) -> list[E]:
    return [fact.event for fact in application.facts.facts((kind,)) if isinstance(fact.event, kind)]


def facts(application: Application, *kinds: type[Event]) -> Sequence[Recorded]:
    return list(application.facts.facts(kinds))


@pytest.fixture(scope="module")
def happened(application: Application) -> frozenset[str]:
    """The types of what was recorded."""
    return frozenset(fact.event.type for fact in application.facts.facts())


def test_the_log_is_in_the_order_of_its_own_time_and_ends_before_the_story(application: Application) -> None:
    log = list(application.facts.facts())
    assert all(earlier.recorded_at <= later.recorded_at for earlier, later in pairwise(log))
    assert all(fact.at == fact.recorded_at for fact in log)
    assert log[-1].recorded_at <= END


def test_the_clock_goes_on_from_the_story_s_end(application: Application) -> None:
    assert END < application.now() < END + timedelta(hours=12)


def test_the_issues_are_those_of_the_workbook_and_a_few_found_in_villages(application: Application) -> None:
    [imported] = every(application, WorkbookImported)
    assert imported.rows == 120
    others = [event.source for event in every(application, IssueRegistered)][120:]
    assert sorted(others) == ["以房查水", "反向核查", "大数据比对", *4 * ["自查"]]


def test_the_same_story_twice_is_the_same_to_the_byte(story: Story, application: Application) -> None:
    again = Story(application.divisions)
    assert [(one.at, one.by) for one in again.script.in_order()] == [
        (one.at, one.by) for one in story.script.in_order()
    ]
    assert again.script.files == story.script.files


def told(fact: Recorded) -> object:
    """The fact, to the byte; of a household all but its commitments, whose salts are made anew each time, and what
    covers them."""
    match fact.event:
        case HouseholdRegistered(household=household, members=members):
            return household, [one.member for one in members]
        case SignedOff(subject=HouseholdId()) as signed:
            return signed.model_copy(update={"shown_digest": ""})
    return fact.digest


def test_cut_short_and_told_to_its_end_it_is_the_same_to_the_byte(
    application: Application, database_url: str, tmp_path: Path
) -> None:
    settings = Settings(database_url=database_url, data=tmp_path, log_dir="-")

    def cut(done: int, of: int) -> None:
        if done == of - 300:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(settings, cut)
    load(settings)
    with open_application(settings, project=False) as again:
        assert [told(fact) for fact in again.facts.facts()] == [told(fact) for fact in application.facts.facts()]
        assert len(again.accounts.accounts()) == len(application.accounts.accounts())
    with pytest.raises(Refused, match="ledger_not_empty"):
        load(settings)


def test_chains_are_signed_at_every_level(application: Application) -> None:
    signatures = Counter(event.chain for event in every(application, SignedOff))
    closed = {event.chain for event in every(application, IssueClosed)}
    assert {signatures[chain] for chain in closed} >= {4, 6, 8}
    assert {event.post.level for event in every(application, SignedOff)} == {"village", "township", "county", "city"}


HAPPENED = (
    "chain.refused",
    "chain.withdrawn",
    "chain.notice_posted",
    "issue.regraded",
    "issue.withdrawn",
    "extension.granted",
    "extension.denied",
    "edition.objected",
    "edition.corrected",
    "measure.appealed",
    "appeal.decided",
    "measure.lifted",
    "case.closed",
    "post.relieved",
    "household.registered",
    "household.paired",
    "household.surveyed",
    "help.reported",
    "tasklist.published",
    "indicator.assessed",
    "day.reported",
    "leave.approved",
    "visit.recorded",
    "decision.settled",
    "pledge.signed",
    "sweep.household",
    "exit.decided",
    "exit.announced",
    "incidence.recorded",
    "clue.identified",
    "responsibility.taken",
    "reverse.checked",
    "merit.given",
)


@pytest.mark.parametrize("kind", HAPPENED)
def test_it_happened_at_least_once(happened: frozenset[str], kind: str) -> None:
    assert kind in happened


def test_one_was_sent_back_to_its_check_and_one_to_its_village(application: Application) -> None:
    assert {(event.to, event.stage) for event in every(application, SentBack)} == {("check", None), ("signing", 0)}
    assert any(not event.passed for event in every(application, Checked))


def test_escalations_were_answered_in_time_and_late_and_one_still_waits(application: Application) -> None:
    due = {event.escalation: event.answer_due for event in every(application, Escalated)}
    answered = {
        fact.event.escalation: fact.recorded_at
        for fact in facts(application, EscalationAnswered)
        if isinstance(fact.event, EscalationAnswered)
    }
    kept = [answered[one] <= due[one] for one in answered]
    assert True in kept
    assert False in kept
    [waiting] = due.keys() - answered.keys()
    assert due[waiting] > END


def test_an_extension_still_waits_for_its_decision(application: Application) -> None:
    decided = len(every(application, ExtensionGranted)) + len(every(application, ExtensionDenied))
    assert len(every(application, ExtensionRequested)) == decided + 1


def test_objections_to_notices_were_upheld_and_not(application: Application) -> None:
    assert len(every(application, ObjectionRaised)) == 2
    assert {event.upheld for event in every(application, ObjectionSettled)} == {True, False}


def test_look_backs_held_and_reopened_as_a_second_round(application: Application) -> None:
    assert {event.holds for event in every(application, LookedBack)} == {True, False}
    assert {event.round for event in every(application, IssueReopened)} == {2}
    second = [event for event in every(application, StepReported) if event.round == 2]
    assert second


def test_who_answers_for_an_issue_was_changed_with_a_reason(application: Application) -> None:
    assert [event.reason for event in every(application, IssueAssigned) if event.reason]


def test_one_photo_proves_two_roads_and_the_ledger_marks_it(application: Application) -> None:
    with application.pool.connection() as connection:
        reused = page(connection, EvidenceLine, Query((Where("reused", "eq", True),))).lines
    assert len({line.file for line in reused}) == 1
    assert len(reused) == 2
    assert application.evidence.verify(reused[0].file).media_type == "image/png"


def test_every_file_that_a_fact_names_is_kept_whole(application: Application, story: Story) -> None:
    named = {one.file: one for event in every(application, StepReported) for one in event.evidence}
    named |= {one.file: one for event in every(application, Checked) for one in event.evidence}
    assert len(named) > 100
    for file, evidence in list(named.items())[::9]:
        kept = application.evidence.verify(file)
        assert (kept.size, kept.media_type) == (evidence.size, evidence.media_type)
    assert {evidence.media_type for evidence in named.values()} == {"image/png", "application/pdf"}
    assert set(story.script.files) >= set(named)


def test_something_was_entered_long_after_it_is_said_to_have_happened(application: Application) -> None:
    late = [
        fact.on - fact.event.occurred_on
        for fact in facts(application, StepReported)
        if isinstance(fact.event, StepReported)
    ]
    assert max(late) > timedelta(days=30)


def test_both_editions_can_be_counted_again_to_the_same_figures(application: Application) -> None:
    assert [event.edition for event in every(application, EditionPublished)] == [FIRST, SECOND]
    for edition, revision in ((FIRST, 0), (FIRST, 1), (SECOND, 0)):
        assert ranking.recount(application.facts, edition, revision).holds


def test_the_correction_took_the_one_who_objected_off_the_black_list(application: Application) -> None:
    [first, _] = every(application, EditionPublished)
    [corrected] = every(application, EditionCorrected)
    before, after = (
        {standing.subject for standing in event.standings if standing.listed == "black"} for event in (first, corrected)
    )
    assert DAAN in before
    assert DAAN not in after
    assert len(after) == 3


def test_black_twice_running_led_to_a_measure_an_appeal_and_a_lighter_one(application: Application) -> None:
    automatic = [event for event in every(application, CaseOpened) if event.automatic]
    assert [(event.subject, event.grounds) for event in automatic] == [(LONGYAN, (FIRST, SECOND))]
    [decision] = every(application, AppealDecided)
    assert (decision.measure, decision.outcome) == (ADMONISHED, "lightened")
    assert [event.replaces for event in every(application, MeasureDecided) if event.replaces] == [ADMONISHED]


def test_everybody_can_log_in_and_every_signer_has_something_to_sign(application: Application, story: Story) -> None:
    now = application.now()
    today = Act(PersonId("person-nobody"), now).today
    for login in logins(story):
        signed_in = application.accounts.authenticate(login.login, PASSWORD, now)
        assert signed_in.identity.kind == login.kind
        assert not signed_in.identity.must_change
        if login.person is None or not login.tries.startswith("待签"):
            continue
        mine = held(application.facts.read([About(login.person, TENURE)]).facts, login.person, today)
        with application.pool.connection() as connection:
            assert page(connection, SignOffLine, Query(queue(mine, login.person, today))).lines, login.login


def test_every_ledger_has_lines_and_is_what_the_facts_come_to(application: Application) -> None:
    for name, position in application.projector.positions().items():
        assert position == application.facts.head()
        assert application.projector.check(name) == []


def test_the_gravest_signatures_stood_on_exactly_what_was_there(application: Application) -> None:
    signed = [fact for fact in facts(application, SignedOff) if getattr(fact.event, "post", None) is Post.CITY_MAYOR]
    assert signed
    for fact in signed:
        assert isinstance(fact.event, SignedOff)
        assert isinstance(fact.event.subject, IssueId)
        seen = Past(application.facts.about(fact.event.subject, until=fact.position - 1))
        assert shown_of(seen) == (fact.event.shown, fact.event.shown_digest)


def test_there_are_issues_of_every_gravity(application: Application) -> None:
    assert {event.severity for event in every(application, IssueRegistered)} == set(Severity)


def test_every_household_is_kept_in_the_vault_and_its_issues_are_its_own(application: Application) -> None:
    homes = {event.household for event in every(application, HouseholdRegistered)}
    assert application.vault.status().households == len(homes) == 8
    assert {event.object for event in every(application, IssueRegistered) if event.object} < homes
    assert all("户主" not in fact.event.model_dump_json() for fact in application.facts.facts((HouseholdRegistered,)))


def test_of_three_exits_one_is_through_one_waits_for_the_township_and_one_for_its_notice(
    application: Application,
) -> None:
    with application.pool.connection() as connection:
        exits = page(connection, ExitLine, Query()).lines
    assert sorted((line.standing, len(line.signed)) for line in exits) == [(False, 0), (False, 2), (True, 4)]


def test_the_county_changed_its_pack_once_and_both_versions_are_in_the_facts(application: Application) -> None:
    first, second = (event.policy for event in every(application, PolicyAdopted))
    assert (first.version, second.version) == (1, 2)
    assert not first.pairing
    assert second.pairing
    assert second.minor == first.minor


def test_every_ledger_has_lines_to_show(application: Application) -> None:
    with application.pool.connection() as connection:
        empty = {name for name, shelf in SHELVES.items() if not page(connection, shelf.line, Query(limit=1)).lines}
    assert empty == {"keys"}, "whoever signs by a key of their own has to bring it"


def test_the_television_named_everyone_on_the_second_editions_lists(application: Application) -> None:
    (notice,) = every(application, NoticeBroadcast)
    published = next(event for event in every(application, EditionPublished) if event.edition == SECOND)
    listed = {one.subject: one.listed for one in published.standings if one.listed}
    assert dict.fromkeys(notice.praised, "red") | dict.fromkeys(notice.criticised, "black") == listed
    assert LONGYAN in notice.criticised


def test_a_register_of_cars_contradicted_one_household_and_the_look_is_of_the_storys_time(
    application: Application, settings: Settings
) -> None:
    (compared,) = every(application, RosterCompared)
    (found,) = every(application, ContradictionFound)
    assert (compared.rows, compared.unreadable, compared.households) == (3, 0, 1)
    assert found.opened
    assert len(found.members) == 1
    look = Act(PersonId("person-anybody"), END)
    application.vault.masked(found.household, look.by)
    assert abs(application.vault.looks(found.household, 1)[0].at - application.now()) < timedelta(minutes=5)


def test_what_waits_is_the_same_by_page_and_by_interface(application: Application) -> None:
    with TestClient(create_api(application), base_url="https://ledger.example") as browser:
        seen: Counter[str] = Counter()
        for login in logins(Story(application.divisions)):
            if login.kind != "person":
                continue
            browser.cookies.clear()
            given = {"login": login.login, "password": PASSWORD}
            assert browser.post("/api/v1/session", json=given).status_code in (200, 201)
            queue = browser.get("/api/v1/queue").raise_for_status().json()
            lengths = {part: len(lines) for part, lines in queue.items() if part != "rectifying"}
            shown = browser.get("/queue").raise_for_status().text
            numbers = {
                part: int(n) for part, n in re.findall(r'<h2 id="(\w+)">[^<]*<span class="muted number">(\d+)', shown)
            }
            assert {SECTIONS[part]: n for part, n in lengths.items() if n or SECTIONS[part] in numbers} == {
                part: n for part, n in numbers.items() if part != "overdue"
            }
            seen.update(lengths)
        assert not {part for part in SECTIONS if not seen[part]} - {"exits", "settling"}, "somebody waits for each"
