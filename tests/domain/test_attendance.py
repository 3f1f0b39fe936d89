"""Leave, presence and the day's report: who approves, what overlaps, what contradicts itself and shows."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.attendance import (
    ApproveLeave,
    Day,
    DayReported,
    DenyLeave,
    LeaveApproved,
    LeaveRequested,
    ReportDay,
    RequestLeave,
    ReturnFromLeave,
    WithdrawLeave,
    days_of,
    leaves_in,
    month_of,
)
from domain.fact import Event, Past, Recorded
from domain.households import RankRecorded
from domain.ids import IssueId, LeaveId, PersonId
from domain.policy import PolicyAdopted, Rank, Seat, packaged
from domain.posts import Post
from tests.county import COUNTY, OTHER_VILLAGE, SINCE, TOWN, VILLAGE, applied, founding, person, sign, sign_all
from tests.scenario import FOUNDER, Scene

LEAVE, SECOND = LeaveId("leave-1"), LeaveId("leave-2")
MEMBER = person("member")


def place(pack: str = "county", **ranks: Rank) -> Scene:
    facts: list[Event] = [*founding(), PolicyAdopted(region=COUNTY, policy=packaged(pack), since=SINCE)]
    facts += [RankRecorded(person=person(name), rank=rank, since=SINCE) for name, rank in ranks.items()]
    return Scene(*facts)


def leave(scene: Scene, days: int = 2, number: LeaveId = LEAVE, after: int = 1, **changes: object) -> RequestLeave:
    since = scene.today + timedelta(days=after)
    asked = {
        "leave": number,
        "region": VILLAGE,
        "kind": "personal",
        "since": since,
        "until": since + timedelta(days=days - 1),
        "reason": "家中老人住院",
    }
    return RequestLeave.model_validate({**asked, **changes})


def report(scene: Scene, presence: str = "village", on: date | None = None) -> ReportDay:
    asked = {"region": VILLAGE, "on": on or scene.today, "presence": presence, "work": "走访三户,核对饮水情况"}
    return ReportDay.model_validate(asked)


def days(scene: Scene, who: PersonId = MEMBER) -> dict[date, Day]:
    return dict(days_of(scene.store.facts(), who))


@pytest.mark.parametrize(
    ("length", "approver", "other"), [(3, "township-secretary", "organiser"), (4, "organiser", "township-secretary")]
)
def test_who_approves_a_leave_follows_from_its_length(length: int, approver: str, other: str) -> None:
    scene = place()
    scene.when(leave(scene, length), MEMBER)
    scene.refused(ApproveLeave(leave=LEAVE, opinion="同意"), person(other), "no_authority")
    scene.refused(ApproveLeave(leave=LEAVE, opinion="同意"), MEMBER, "own_request")
    scene.refused(ApproveLeave(leave=LEAVE, opinion="同意"), person("other-secretary"), "no_authority")
    scene.when(ApproveLeave(leave=LEAVE, opinion="同意"), person(approver))
    assert isinstance(scene.last[-1], LeaveApproved)
    scene.refused(DenyLeave(leave=LEAVE, reason="人手不足"), person(approver), "leave_decided")


def test_in_tongyu_a_section_cadre_leaves_only_when_secretary_and_magistrate_have_both_approved() -> None:
    scene = place("tongyu", chief=Rank.SECTION, member=Rank.STAFF)
    scene.when(leave(scene, 1), person("chief"))
    approve = ApproveLeave(leave=LEAVE, opinion="同意")
    scene.refused(approve, person("township-secretary"), "no_authority")
    scene.when(approve, person("county-secretary"))
    assert not [event for event in scene.last if isinstance(event, LeaveApproved)]
    scene.refused(approve, person("county-secretary"), "endorsed_already")
    scene.when(approve, person("county-magistrate"))
    assert isinstance(scene.last[-1], LeaveApproved)
    scene.when(leave(scene, 1, SECOND), MEMBER)
    scene.when(ApproveLeave(leave=SECOND, opinion="同意"), person("township-secretary"))


def test_the_head_of_a_county_asks_the_city_and_whoever_no_rule_fits_is_told_so() -> None:
    scene = place("tongyu")
    scene.when(leave(scene, 2, region=COUNTY), person("county-secretary"))
    scene.refused(ApproveLeave(leave=LEAVE, opinion="同意"), person("county-magistrate"), "no_authority")
    scene.when(ApproveLeave(leave=LEAVE, opinion="同意"), person("city-mayor"))
    scene.refused(leave(scene, 2, SECOND, region=COUNTY), person("supervisor"), "no_leave_rule")


def test_leaves_do_not_overlap_and_what_was_denied_or_withdrawn_is_in_nobodys_way() -> None:
    scene = place()
    scene.when(leave(scene, 3), MEMBER)
    scene.refused(leave(scene, 1, SECOND, after=3), MEMBER, "leave_overlaps")
    scene.refused(leave(scene, 3), MEMBER, "leave_already_requested")
    scene.when(leave(scene, 1, SECOND, after=4), MEMBER)
    scene.when(DenyLeave(leave=LEAVE, reason="人手不足"), person("township-secretary"))
    scene.when(leave(scene, 3, LeaveId("leave-3")), MEMBER)
    scene.refused(WithdrawLeave(leave=SECOND, reason="不去了"), person("chief"), "no_authority")
    scene.when(WithdrawLeave(leave=SECOND, reason="不去了"), MEMBER)
    scene.when(leave(scene, 2, LeaveId("leave-4"), after=4), MEMBER)


def test_a_leave_is_asked_from_ones_own_post_and_in_order() -> None:
    scene = place()
    scene.refused(leave(scene, region=OTHER_VILLAGE), MEMBER, "no_authority")
    backwards = leave(scene).model_copy(update={"until": scene.today})
    scene.refused(backwards, MEMBER, "dates_out_of_order")
    scene.refused(leave(scene, 400), MEMBER, "implausible_date")


def test_whoever_comes_back_early_is_on_leave_no_longer() -> None:
    scene = place()
    scene.when(leave(scene, 3, after=0), MEMBER)
    scene.refused(ReturnFromLeave(leave=LEAVE, on=scene.today), MEMBER, "leave_not_approved")
    scene.when(ApproveLeave(leave=LEAVE, opinion="同意"), person("township-secretary"))
    scene.later(days=1)
    scene.refused(ReturnFromLeave(leave=LEAVE, on=scene.today), person("chief"), "no_authority")
    scene.when(ReturnFromLeave(leave=LEAVE, on=scene.today), MEMBER)
    scene.refused(ReturnFromLeave(leave=LEAVE, on=scene.today), MEMBER, "returned_already")
    scene.when(report(scene), MEMBER)
    known = days(scene)
    assert [day.present for day in known.values()] == [False, True]
    assert known[scene.today].marks == ()
    assert scene.today + timedelta(days=1) not in known
    scene.when(leave(scene, 1, SECOND), MEMBER)


def test_a_day_reported_after_nine_is_late_and_on_another_day_backfilled() -> None:
    scene = place()
    first = scene.today
    scene.later(hours=8, minutes=59)
    scene.when(report(scene), MEMBER)
    assert days(scene)[first].marks == ()
    scene.later(days=1, minutes=2)
    scene.when(report(scene), MEMBER)
    assert days(scene)[scene.today].marks == ("late",)
    scene.later(hours=12)
    yesterday = scene.today - timedelta(days=1)
    scene.when(report(scene, on=scene.today - timedelta(days=30)), MEMBER)
    assert days(scene)[scene.today - timedelta(days=30)].marks == ("backfilled",)
    scene.when(report(scene, "trip", on=yesterday), MEMBER)
    assert days(scene)[yesterday].marks == ("late", "reworded")
    assert days(scene)[yesterday].presence == "trip"
    scene.refused(report(scene, on=scene.today + timedelta(days=1)), MEMBER, "future_date")
    scene.refused(report(scene), person("clerk"), "no_authority")


def test_who_says_present_on_a_day_of_approved_leave_is_recorded_and_does_not_count() -> None:
    scene = place()
    scene.when(leave(scene, 1, after=0), MEMBER)
    scene.when(report(scene), MEMBER)
    assert days(scene)[scene.today].present
    scene.when(ApproveLeave(leave=LEAVE, opinion="同意"), person("township-secretary"))
    day = days(scene)[scene.today]
    assert day.marks == ("present_on_leave",)
    assert not day.present
    scene.later(days=1)
    scene.when(report(scene, "leave"), MEMBER)
    assert days(scene)[scene.today].marks == ("leave_unapproved",)
    assert month_of(days(scene).values(), 20).contradicted == 2


def test_a_signature_given_on_approved_leave_shows() -> None:
    scene = place()
    issue = IssueId("issue-1")
    chain = applied(scene, issue)
    signer = person("township-secretary")
    scene.when(leave(scene, 1, after=0, region=TOWN), signer)
    sign_all(scene, issue, chain)
    assert days(scene, signer)[scene.today].marks == ()
    scene.when(ApproveLeave(leave=LEAVE, opinion="同意"), person("county-magistrate"))
    assert days(scene, signer)[scene.today].signed == (chain,)
    assert days(scene, signer)[scene.today].marks == ("signed_on_leave",)
    assert sign(scene, issue, chain).issue == issue


def test_a_month_counts_trips_as_present_and_says_how_many_days_are_short() -> None:
    scene = place()
    for number in range(21):
        scene.when(report(scene, "trip" if number % 5 == 0 else "village"), MEMBER)
        scene.later(days=1)
    listed = [day for day in days(scene).values() if day.on.month == 9]
    month = month_of(listed, 20)
    assert (month.present, month.village, month.trips, month.short) == (21, 16, 5, 0)
    assert month_of(listed[:19], 20).short == 1
    assert month_of(listed[:19], None).short == 0


AWAY = st.tuples(st.integers(0, 27), st.integers(0, 5), st.booleans())


@given(
    st.lists(AWAY, max_size=8), st.lists(st.tuples(st.integers(0, 27), st.sampled_from(["village", "trip", "leave"])))
)
def test_no_day_is_both_counted_and_on_approved_leave(
    away: list[tuple[int, int, bool]], said: list[tuple[int, str]]
) -> None:
    first, at = date(2019, 9, 1), datetime(2019, 9, 1, 4, tzinfo=UTC)
    events: list[Event] = []
    for number, (start, more, approved) in enumerate(away):
        span = {"since": first + timedelta(days=start), "until": first + timedelta(days=start + more)}
        asked = {"leave": LeaveId(f"leave-{number}"), "person": MEMBER, "region": VILLAGE, "kind": "sick", **span}
        seats = (Seat(posts=(Post.TOWNSHIP_SECRETARY,)),)
        events.append(LeaveRequested.model_validate({**asked, "reason": "看病", "seats": seats}))
        if approved:
            events.append(LeaveApproved.model_validate(asked))
    for start, presence in said:
        day = first + timedelta(days=start)
        told = {"person": MEMBER, "region": VILLAGE, "on": day, "presence": presence, "work": None, "due_at": at}
        events.append(DayReported.model_validate({**told, "evidence": ()}))
    facts = Past(Recorded(n, event, FOUNDER, at, at, "") for n, event in enumerate(events, 1))
    known = days_of(facts, MEMBER)
    leaves = leaves_in(facts).values()
    for on, state in known.items():
        assert state.present <= (not any(one.covers(on) for one in leaves))
        assert state.reports == sum(1 for start, _ in said if first + timedelta(days=start) == on)
    month = month_of(known.values(), 20)
    assert month.present == month.village + month.trips
    assert month.present + month.short >= 20
