"""陆川 in 2016, for the decisions about lists and consequences: its rules, people in post, and a well without a lid."""

from collections.abc import Iterator
from datetime import date

from domain.fact import Event
from domain.ids import AppointmentId, IssueId, PersonId, RegionId, UnitId
from domain.issues import Deadline, IssueRegistered
from domain.organisation import PersonRegistered
from domain.policy import PolicyAdopted, Severity, packaged
from domain.posts import Appointed, Post

COUNTY = RegionId("region-450922")
LONG_AGO = date(2016, 1, 1)
RULES = PolicyAdopted(region=COUNTY, policy=packaged("county"), since=LONG_AGO)


def who(name: str) -> PersonId:
    return PersonId(f"person-{name}")


def in_post(name: str, post: Post, region: RegionId, unit: UnitId | None = None) -> Iterator[Event]:
    yield PersonRegistered(person=who(name), name="某人", region=region)
    yield Appointed(
        appointment=AppointmentId(f"appointment-{name}"),
        person=who(name),
        post=post,
        region=region,
        unit=unit,
        since=LONG_AGO,
    )


def deadline(due: date | None) -> Deadline:
    return Deadline(due=due, precision="day" if due else "unstated", long_term=False)


def well(issue: IssueId, region: RegionId, due: date | None) -> IssueRegistered:
    return IssueRegistered(
        issue=issue,
        region=region,
        place=None,
        object=None,
        category="饮水",
        source="自查",
        severity=Severity.MINOR,
        description="水井无盖",
        found_on=None,
        deadline=deadline(due),
        planned_funds=None,
    )
