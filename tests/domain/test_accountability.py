from calendar import monthrange
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.accountability import (
    LADDER,
    OF_VILLAGE_OFFICERS,
    AppealDecided,
    AppealMeasure,
    Binding,
    CaseClosed,
    CaseOpened,
    CloseCase,
    DecideAppeal,
    DecideMeasure,
    Effect,
    LiftMeasure,
    MeasureAppealed,
    MeasureDecided,
    MeasureKind,
    MeasureLifted,
    OpenCase,
    add_months,
    bindings_of,
    fold,
    gravity,
    measures,
    promotable,
)
from domain.appointing import Appoint
from domain.fact import Event
from domain.ids import AppealId, AppointmentId, CaseId, IssueId, MeasureId, PersonId, RegionId, UnitId
from domain.organisation import UnitEstablished
from domain.posts import Post
from domain.regions import RegionEstablished
from tests.luchuan import COUNTY, LONG_AGO, RULES, in_post, well, who
from tests.scenario import Scene

TOWN = RegionId("region-450922101")
OTHER_TOWN = RegionId("region-450922102")
VILLAGE = RegionId("region-450922101201")
BUREAU = UnitId("unit-water")
ISSUE = IssueId("issue-well")
CASE = CaseId("case-one")
SEPTEMBER = datetime(2016, 9, 15, 2, tzinfo=UTC)
TODAY = date(2016, 9, 15)

PEOPLE: dict[str, tuple[Post, RegionId, UnitId | None]] = {
    "supervisor": (Post.SUPERVISOR, COUNTY, None),
    "headquarters": (Post.HEADQUARTERS, COUNTY, None),
    "inspector": (Post.INSPECTOR, COUNTY, None),
    "second-inspector": (Post.INSPECTOR, COUNTY, None),
    "third-inspector": (Post.INSPECTOR, COUNTY, None),
    "organiser": (Post.ORGANISER, COUNTY, None),
    "second-organiser": (Post.ORGANISER, COUNTY, None),
    "secretary": (Post.COUNTY_SECRETARY, COUNTY, None),
    "magistrate": (Post.COUNTY_MAGISTRATE, COUNTY, None),
    "town-secretary": (Post.TOWNSHIP_SECRETARY, TOWN, None),
    "town-head": (Post.TOWNSHIP_HEAD, TOWN, None),
    "other-secretary": (Post.TOWNSHIP_SECRETARY, OTHER_TOWN, None),
    "village-secretary": (Post.VILLAGE_SECRETARY, VILLAGE, None),
    "bureau-leader": (Post.UNIT_LEADER, COUNTY, BUREAU),
    "bureau-officer": (Post.UNIT_OFFICER, COUNTY, BUREAU),
}


def county() -> list[Event]:
    facts: list[Event] = [
        RegionEstablished(region=region, name=name, since=LONG_AGO)
        for region, name in ((COUNTY, "陆川县"), (TOWN, "温泉镇"), (OTHER_TOWN, "米场镇"), (VILLAGE, "某村"))
    ]
    facts += [UnitEstablished(unit=BUREAU, name="县水利局", kind="department", region=COUNTY), RULES]
    for name, (post, region, unit) in PEOPLE.items():
        facts += in_post(name, post, region, unit)
    return [*facts, well(ISSUE, TOWN, date(2016, 8, 1))]


def opened(subject: RegionId | UnitId | PersonId = TOWN, *, automatic: bool = True) -> tuple[PersonId, Event]:
    return who("supervisor"), CaseOpened(
        case=CASE,
        subject=subject,
        region=COUNTY,
        reason="other",
        grounds=(ISSUE,),
        matter="连续两期列入黑榜",
        automatic=automatic,
    )


def case_on(subject: RegionId | UnitId | PersonId = TOWN, *, automatic: bool = True) -> Scene:
    return Scene(*county(), opened(subject, automatic=automatic), at=SEPTEMBER)


def measure(
    kind: MeasureKind, on: RegionId | UnitId | PersonId, name: str = "measure-one", term: int = 0
) -> DecideMeasure:
    return DecideMeasure(
        measure=MeasureId(name),
        case=CASE,
        on=on,
        kind=kind,
        term=term,
        reasons="工作进展较慢",
        decided_on=TODAY,
        binds_from=TODAY,
    )


def appeal(name: str = "appeal-one", on: str = "measure-one") -> AppealMeasure:
    return AppealMeasure(appeal=AppealId(name), measure=MeasureId(on), grounds="情况有出入")


def answer(
    outcome: str,
    kind: MeasureKind | None = None,
    *,
    name: str = "appeal-one",
    replacement: str | None = None,
    term: int = 0,
) -> DecideAppeal:
    return DecideAppeal(
        measure=MeasureId("measure-one"),
        appeal=AppealId(name),
        outcome=outcome,
        kind=kind,
        term=term,
        replacement=MeasureId(replacement) if replacement else None,
        reasons="经复审",
    )


def term_of(kind: MeasureKind) -> int:
    return LADDER[kind].term[0]


HOLDERS = {post: name for name, (post, _, _) in reversed(PEOPLE.items())}
IN_COUNTY = [post for post in HOLDERS if PEOPLE[HOLDERS[post]][1] == COUNTY]


def decider(kind: MeasureKind) -> PersonId:
    return who(HOLDERS[LADDER[kind].posts[0]])


# The ladder


def test_a_graver_rung_never_binds_for_less() -> None:
    last = [max(LADDER[kind].months.values(), default=0) for kind in LADDER]
    assert last == sorted(last)
    assert list(LADDER) == list(MeasureKind)


@pytest.mark.parametrize(
    ("kind", "until"),
    [
        (MeasureKind.TALK, None),
        (MeasureKind.STATEMENT, None),
        (MeasureKind.CRITICISM, None),
        (MeasureKind.ADMONITION, date(2017, 3, 15)),
        (MeasureKind.WARNING, date(2017, 3, 15)),
        (MeasureKind.PARTY_WARNING, date(2017, 9, 15)),
        (MeasureKind.DEMERIT, date(2017, 9, 15)),
        (MeasureKind.MAJOR_DEMERIT, date(2018, 3, 15)),
        (MeasureKind.SERIOUS_PARTY_WARNING, date(2018, 3, 15)),
        (MeasureKind.REMOVAL, date(2018, 9, 15)),
        (MeasureKind.DEMOTION, date(2018, 9, 15)),
        (MeasureKind.DISMISSAL, date(2018, 9, 15)),
        (MeasureKind.PARTY_POSTS_REVOKED, date(2018, 9, 15)),
        (MeasureKind.EXPULSION, date(2021, 9, 15)),
    ],
)
def test_each_measure_bars_promotion_for_its_own_time(kind: MeasureKind, until: date | None) -> None:
    barred = {binding.effect: binding.until for binding in bindings_of(kind, TODAY)}
    assert barred.get(Effect.NO_PROMOTION) == until


def test_probation_bars_promotion_for_its_term_and_two_years_more() -> None:
    assert bindings_of(MeasureKind.PROBATION, TODAY, 18) == (
        Binding(effect=Effect.NO_PROMOTION, until=date(2020, 3, 15)),
    )


def test_removal_keeps_from_leading_posts_for_one_year_and_from_promotion_for_two() -> None:
    assert {(b.effect, b.until.year) for b in bindings_of(MeasureKind.REMOVAL, TODAY)} == {
        (Effect.NO_LEADING_POST, 2017),
        (Effect.NO_PROMOTION, 2018),
    }


def test_an_admonition_costs_the_merit_of_its_own_year() -> None:
    assert Binding(effect=Effect.MERIT_LOST, until=date(2017, 1, 1)) in bindings_of(MeasureKind.ADMONITION, TODAY)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2016, 1, 31), 1, date(2016, 2, 29)),
        (date(2017, 1, 31), 1, date(2017, 2, 28)),
        (date(2016, 8, 31), 6, date(2017, 2, 28)),
        (date(2016, 12, 15), 12, date(2017, 12, 15)),
        (date(2016, 2, 29), 12, date(2017, 2, 28)),
        (date(2016, 11, 30), 1, date(2016, 12, 30)),
    ],
)
def test_months_are_calendar_months(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


@given(st.dates(date(2000, 1, 1), date(2090, 12, 31)), st.integers(0, 100))
def test_so_many_months_on_is_that_month_and_the_same_day_or_its_last(day: date, months: int) -> None:
    then = add_months(day, months)
    assert (then.year * 12 + then.month) - (day.year * 12 + day.month) == months
    assert then.day == min(day.day, monthrange(then.year, then.month)[1])


# Opening a case by hand


def open_case(**changes: object) -> OpenCase:
    asked: dict[str, object] = {
        "case": CASE,
        "subject": TOWN,
        "region": COUNTY,
        "reason": "missed_deadline",
        "grounds": (ISSUE,),
        "matter": "逾期未整改",
    }
    return OpenCase.model_validate(asked | changes)


def test_a_supervisor_opens_a_case_on_recorded_grounds() -> None:
    scene = Scene(*county(), at=SEPTEMBER)
    scene.when(open_case(), who("supervisor"))
    [event] = scene.events(CaseOpened)
    assert isinstance(event, CaseOpened)
    assert not event.automatic
    assert (event.subject, event.grounds) == (TOWN, (ISSUE,))


@pytest.mark.parametrize(
    ("changes", "by", "code"),
    [
        ({}, "town-head", "no_authority"),
        ({"grounds": (IssueId("issue-nowhere"),)}, "supervisor", "unknown_ground"),
        ({"subject": PersonId("person-stranger")}, "supervisor", "unknown_person"),
        ({"subject": UnitId("unit-stranger")}, "supervisor", "unknown_unit"),
        ({"subject": RegionId("region-450922999")}, "supervisor", "unknown_region"),
        ({"subject": PersonId("person-supervisor")}, "supervisor", "own_case"),
        ({"region": RegionId("region-45"), "subject": TOWN}, "supervisor", "no_authority"),
        ({"region": OTHER_TOWN, "subject": TOWN}, "supervisor", "not_of_this_region"),
    ],
)
def test_a_case_without_authority_grounds_or_a_known_subject_is_refused(
    changes: dict[str, object], by: str, code: str
) -> None:
    Scene(*county(), at=SEPTEMBER).refused(open_case(**changes), who(by), code)


def test_a_case_is_opened_once() -> None:
    case_on().refused(open_case(), who("supervisor"), "case_already_open")


# Deciding


@pytest.mark.parametrize("kind", list(LADDER))
@pytest.mark.parametrize("post", IN_COUNTY)
def test_only_the_posts_that_the_ladder_names_decide(kind: MeasureKind, post: Post) -> None:
    scene = case_on()
    command = measure(kind, who("town-head"), term=term_of(kind))
    if post in LADDER[kind].posts:
        scene.when(command, who(HOLDERS[post]))
        [event] = scene.events(MeasureDecided)
        assert isinstance(event, MeasureDecided)
        assert (event.post, event.kind) == (post, kind)
        assert event.bindings == bindings_of(kind, TODAY, term_of(kind))
        assert event.binds_until == max((b.until for b in event.bindings), default=None)
    else:
        scene.refused(command, who(HOLDERS[post]), "no_authority")


def test_a_township_and_several_of_its_people_can_answer_for_one_case() -> None:
    scene = case_on()
    scene.when(measure(MeasureKind.STATEMENT, TOWN), who("supervisor"))
    scene.when(measure(MeasureKind.ADMONITION, who("town-head"), "measure-two"), who("inspector"))
    scene.when(measure(MeasureKind.WARNING, who("village-secretary"), "measure-three"), who("inspector"))
    case = fold(scene.about(CASE), CASE)
    assert case is not None
    assert [one.on for one in case.measures] == [TOWN, who("town-head"), who("village-secretary")]


@pytest.mark.parametrize(
    ("subject", "on", "code"),
    [
        (TOWN, who("other-secretary"), "not_answerable"),
        (TOWN, OTHER_TOWN, "not_answerable"),
        (TOWN, BUREAU, "not_answerable"),
        (TOWN, who("nobody"), "unknown_person"),
        (BUREAU, who("town-head"), "not_answerable"),
        (who("town-head"), who("town-secretary"), "not_answerable"),
        (who("town-head"), TOWN, "not_answerable"),
    ],
)
def test_nobody_outside_the_subject_answers_for_it(
    subject: RegionId | UnitId | PersonId, on: RegionId | UnitId | PersonId, code: str
) -> None:
    case_on(subject).refused(measure(MeasureKind.TALK, on), who("supervisor"), code)


def test_a_units_own_people_answer_for_it() -> None:
    scene = case_on(BUREAU)
    scene.when(measure(MeasureKind.TALK, BUREAU), who("supervisor"))
    scene.when(measure(MeasureKind.TALK, who("bureau-officer"), "measure-two"), who("supervisor"))
    assert len(scene.events(MeasureDecided)) == 2


def test_nobody_decides_on_themselves() -> None:
    case_on(who("inspector")).refused(measure(MeasureKind.ADMONITION, who("inspector")), who("inspector"), "own_case")


@pytest.mark.parametrize("kind", [kind for kind in LADDER if LADDER[kind].persons_only])
def test_what_binds_a_career_is_for_persons_only(kind: MeasureKind) -> None:
    case_on().refused(measure(kind, TOWN, term=term_of(kind)), decider(kind), "persons_only")


@pytest.mark.parametrize("kind", [kind for kind in LADDER if LADDER[kind].nature == "administrative"])
def test_village_officers_know_only_the_first_three_sanctions(kind: MeasureKind) -> None:
    scene, command = case_on(), measure(kind, who("village-secretary"))
    if kind in OF_VILLAGE_OFFICERS:
        scene.when(command, decider(kind))
    else:
        scene.refused(command, decider(kind), "not_for_village_officers")


@pytest.mark.parametrize("term", [0, 11, 25])
def test_probation_lasts_one_to_two_years(term: int) -> None:
    case_on().refused(
        measure(MeasureKind.PROBATION, who("town-head"), term=term), who("inspector"), "term_out_of_range"
    )


def test_only_probation_has_a_term() -> None:
    case_on().refused(measure(MeasureKind.TALK, TOWN, term=6), who("supervisor"), "term_out_of_range")


@pytest.mark.parametrize(
    ("dates", "code"),
    [
        ({"decided_on": TODAY + timedelta(days=1)}, "future_date"),
        ({"decided_on": TODAY - timedelta(days=1)}, "dates_out_of_order"),
        ({"binds_from": TODAY - timedelta(days=1)}, "dates_out_of_order"),
        ({"binds_from": TODAY + timedelta(days=400)}, "implausible_date"),
    ],
)
def test_dates_that_contradict_each_other_are_refused(dates: dict[str, date], code: str) -> None:
    case_on().refused(measure(MeasureKind.TALK, TOWN).model_copy(update=dates), who("supervisor"), code)


def test_a_measure_is_decided_once_and_only_on_an_open_case() -> None:
    scene = case_on()
    scene.when(measure(MeasureKind.TALK, TOWN), who("supervisor"))
    scene.refused(measure(MeasureKind.STATEMENT, TOWN), who("supervisor"), "measure_already_decided")
    scene.when(CloseCase(case=CASE), who("supervisor"))
    scene.refused(measure(MeasureKind.TALK, TOWN, "measure-two"), who("supervisor"), "case_closed")
    Scene(*county(), at=SEPTEMBER).refused(measure(MeasureKind.TALK, TOWN), who("supervisor"), "unknown_case")


# Binding


def admonished() -> Scene:
    scene = case_on()
    scene.when(measure(MeasureKind.ADMONITION, who("town-head")), who("inspector"))
    return scene


def test_a_measure_binds_from_its_first_day_until_it_runs_out() -> None:
    scene = admonished()
    facts = scene.about(who("town-head"))
    days = {day: promotable(facts, who("town-head"), day) for day in (date(2016, 9, 14), TODAY, date(2017, 3, 14))}
    assert list(days.values()) == [True, False, False]
    assert promotable(facts, who("town-head"), date(2017, 3, 15))
    assert promotable(facts, who("town-secretary"), TODAY)
    assert measures(facts)[MeasureId("measure-one")].binds_on(date(2016, 12, 31), Effect.MERIT_LOST)


def test_a_measure_is_lifted_when_served_or_before_with_a_reason() -> None:
    for days, cause in ((30, "early"), (181, "served")):
        scene = admonished().later(days=days)
        scene.when(LiftMeasure(measure=MeasureId("measure-one"), reason="表现良好"), who("organiser"))
        [event] = scene.events(MeasureLifted)
        assert isinstance(event, MeasureLifted)
        assert event.cause == cause
        assert promotable(scene.about(who("town-head")), who("town-head"), event.lifted_on)
        assert not promotable(scene.about(who("town-head")), who("town-head"), TODAY)
        scene.refused(
            LiftMeasure(measure=MeasureId("measure-one"), reason="再解除"), who("organiser"), "already_lifted"
        )


def test_lifting_asks_for_the_authority_that_deciding_does() -> None:
    lift = LiftMeasure(measure=MeasureId("measure-one"), reason="表现良好")
    admonished().refused(lift, who("supervisor"), "no_authority")
    scene = case_on()
    scene.refused(lift, who("organiser"), "unknown_measure")
    scene.when(measure(MeasureKind.TALK, TOWN), who("supervisor"))
    scene.refused(lift, who("supervisor"), "nothing_to_lift")


# Appeals


def test_an_appeal_never_suspends() -> None:
    scene = admonished()
    scene.when(appeal(), who("town-head"))
    assert not promotable(scene.about(who("town-head")), who("town-head"), TODAY)


@pytest.mark.parametrize(
    ("on", "by", "concerned"),
    [
        (TOWN, "town-secretary", True),
        (TOWN, "town-head", True),
        (TOWN, "village-secretary", False),
        (TOWN, "other-secretary", False),
        (BUREAU, "bureau-leader", True),
        (BUREAU, "bureau-officer", False),
        (who("town-head"), "town-head", True),
        (who("town-head"), "town-secretary", False),
    ],
)
def test_those_concerned_appeal_and_nobody_else(on: RegionId | UnitId | PersonId, by: str, concerned: bool) -> None:
    scene = case_on(on)
    scene.when(measure(MeasureKind.TALK, on), who("supervisor"))
    if concerned:
        scene.when(appeal(), who(by))
        [event] = scene.events(MeasureAppealed)
        assert isinstance(event, MeasureAppealed)
        assert (event.on, event.instance) == (on, 1)
    else:
        scene.refused(appeal(), who(by), "not_concerned")


def test_the_time_to_appeal_is_the_places_rule() -> None:
    admonished().later(days=30).when(appeal(), who("town-head"))
    admonished().later(days=31).refused(appeal(), who("town-head"), "appeal_too_late")


def test_an_answer_can_be_appealed_once_more_and_then_no_more() -> None:
    scene = admonished()
    scene.when(appeal(), who("town-head"))
    scene.refused(appeal("appeal-two"), who("town-head"), "appeal_pending")
    scene.later(days=20).when(answer("rejected"), who("second-inspector"))
    scene.later(days=29).when(appeal("appeal-two"), who("town-head"))
    scene.refused(answer("rejected", name="appeal-two"), who("second-inspector"), "took_part")
    scene.when(answer("rejected", name="appeal-two"), who("third-inspector"))
    scene.refused(appeal("appeal-three"), who("town-head"), "appeals_exhausted")
    assert [event.instance for event in scene.events(MeasureAppealed) if isinstance(event, MeasureAppealed)] == [1, 2]


def test_who_took_part_does_not_decide_the_appeal() -> None:
    scene = admonished()
    scene.when(appeal(), who("town-head"))
    scene.refused(answer("rejected"), who("inspector"), "took_part")
    scene.refused(answer("rejected"), who("supervisor"), "no_authority")
    scene.refused(answer("rejected", name="appeal-none"), who("second-inspector"), "unknown_appeal")
    scene.when(answer("rejected"), who("secretary"))
    assert not promotable(scene.about(who("town-head")), who("town-head"), TODAY)


def test_who_opened_the_case_by_hand_does_not_decide_the_appeal_but_a_lists_publisher_may() -> None:
    for automatic in (False, True):
        scene = case_on(automatic=automatic)
        scene.when(measure(MeasureKind.TALK, TOWN), who("headquarters"))
        scene.when(appeal(), who("town-head"))
        if automatic:
            scene.when(answer("rejected"), who("supervisor"))
        else:
            scene.refused(answer("rejected"), who("supervisor"), "took_part")


def test_an_appeal_upheld_undoes_the_measure_and_the_record_keeps_both() -> None:
    scene = admonished()
    scene.when(appeal(), who("town-head"))
    scene.when(answer("upheld"), who("second-inspector"))
    assert [type(event) for event in scene.last] == [AppealDecided, MeasureLifted]
    facts = scene.about(who("town-head"))
    assert promotable(facts, who("town-head"), TODAY)
    [kept] = measures(facts).values()
    assert kept.void
    scene.refused(appeal("appeal-two"), who("town-head"), "measure_void")


@given(st.sampled_from(list(LADDER)), st.sampled_from(list(LADDER)))
def test_an_appeal_never_ends_in_a_heavier_measure(was: MeasureKind, becomes: MeasureKind) -> None:
    scene = case_on()
    scene.when(measure(was, who("town-head"), term=LADDER[was].term[1]), decider(was))
    scene.later(days=10).when(appeal(), who("town-head"))
    judge = who(
        {"organiser": "second-organiser", "inspector": "second-inspector"}.get(
            HOLDERS[LADDER[was].posts[0]], "secretary"
        )
    )
    command = answer("lightened", becomes, replacement="measure-two", term=LADDER[becomes].term[1])
    if gravity(becomes) >= gravity(was):
        scene.refused(command, judge, "not_lighter")
        return
    scene.when(command, judge)
    after = measures(scene.about(who("town-head")))
    old, new = after[MeasureId("measure-one")], after[MeasureId("measure-two")]
    assert old.void
    assert new.replaces == old.measure
    assert new.binds_from == old.binds_from
    assert (new.binds_until or date.min) <= (old.binds_until or date.min)


def test_a_replacement_is_named_exactly_when_it_is_lighter() -> None:
    scene = admonished()
    scene.when(appeal(), who("town-head"))
    scene.refused(answer("lightened"), who("second-inspector"), "replacement_incoherent")
    scene.refused(answer("rejected", MeasureKind.TALK), who("second-inspector"), "replacement_incoherent")
    scene.refused(
        answer("lightened", MeasureKind.TALK, replacement="measure-one"),
        who("second-inspector"),
        "measure_already_decided",
    )


# Closing


def test_a_case_is_closed_with_its_measures() -> None:
    scene = admonished()
    scene.when(CloseCase(case=CASE), who("inspector"))
    [event] = scene.events(CaseClosed)
    assert isinstance(event, CaseClosed)
    assert event.measures == (MeasureId("measure-one"),)
    scene.refused(CloseCase(case=CASE), who("inspector"), "case_closed")
    scene.when(appeal(), who("town-head"))


def test_a_case_without_a_measure_is_closed_with_a_reason_only() -> None:
    scene = case_on()
    scene.refused(CloseCase(case=CASE), who("inspector"), "reason_required")
    scene.refused(CloseCase(case=CASE, reason="不予问责"), who("town-head"), "no_authority")
    scene.when(CloseCase(case=CASE, reason="因灾延误,不予问责"), who("inspector"))
    assert len(scene.events(CaseClosed)) == 1


def test_a_case_is_not_closed_over_a_pending_appeal() -> None:
    scene = admonished()
    scene.when(appeal(), who("town-head"))
    scene.refused(CloseCase(case=CASE), who("inspector"), "appeal_pending")


# What follows for posts


def appointed(name: str, post: Post, region: RegionId, since: date = TODAY) -> Appoint:
    return Appoint(
        appointment=AppointmentId(f"appointment-{name}-{post}"),
        person=who(name),
        post=post,
        region=region,
        since=since,
    )


def test_nobody_is_promoted_while_a_measure_binds_and_the_refusal_says_until_when() -> None:
    scene = admonished()
    higher = appointed("town-head", Post.LEADER, COUNTY)
    refusal = scene.refused(higher, who("organiser"), "promotion_barred")
    assert "2017-03-15" in refusal.sentence
    backdated = appointed("town-head", Post.LEADER, COUNTY, date(2016, 1, 1))
    scene.refused(backdated, who("organiser"), "promotion_barred")
    # Beside or below what they hold is no promotion; nor is being sent to a village.
    scene.when(appointed("town-head", Post.TOWNSHIP_SECRETARY, OTHER_TOWN), who("organiser"))
    scene.when(appointed("town-head", Post.FIRST_SECRETARY, VILLAGE), who("organiser"))
    scene.when(appointed("town-head", Post.LEADER, COUNTY, date(2017, 3, 15)), who("organiser"))


def test_who_was_removed_gets_no_leading_post_for_a_year_and_no_higher_one_for_two() -> None:
    scene = case_on()
    scene.when(measure(MeasureKind.REMOVAL, who("town-head")), who("organiser"))
    lateral = appointed("town-head", Post.UNIT_LEADER, COUNTY)
    assert "2017-09-15" in scene.refused(lateral, who("organiser"), "leading_post_barred").sentence
    scene.when(appointed("town-head", Post.UNIT_OFFICER, COUNTY), who("organiser"))
    scene.later(days=365)
    scene.when(appointed("town-head", Post.UNIT_LEADER, COUNTY, date(2017, 9, 15)), who("organiser"))
    higher = appointed("town-head", Post.LEADER, COUNTY, date(2017, 9, 15))
    assert "2018-09-15" in scene.refused(higher, who("organiser"), "promotion_barred").sentence


def test_a_measure_that_was_lifted_bars_nobody() -> None:
    scene = admonished()
    scene.when(LiftMeasure(measure=MeasureId("measure-one"), reason="表现突出"), who("inspector"))
    scene.when(appointed("town-head", Post.LEADER, COUNTY), who("organiser"))
