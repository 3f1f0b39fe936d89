"""长沙 2018: 1,712 team members over 779 villages, at least 20 days a month in the village, and 反向核查.

Whoever was not there shows; what was claimed and not done becomes an issue, and the member is replaced.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from domain.command import Act
from domain.fact import Event
from domain.ids import AppointmentId, PersonId, RegionId
from domain.organisation import PersonRegistered
from domain.posts import Appointed, Post
from domain.regions import RegionEstablished
from tests.scenarios.conftest import Staging
from tests.scenarios.stage import Stage

CITY, COUNTY, TOWN = "4301", "430181", "430181112"
VILLAGE, REMOTE = f"{TOWN}201", f"{TOWN}202"
VILLAGES, MEMBERS = 779, 1712
CAST = {
    "supervisor": (Post.SUPERVISOR, COUNTY),
    "county-organiser": (Post.ORGANISER, COUNTY),
    "clerk": (Post.TOWNSHIP_CLERK, TOWN),
    "township-secretary": (Post.TOWNSHIP_SECRETARY, TOWN),
    "steady": (Post.FIRST_SECRETARY, VILLAGE),
    "from-town": (Post.TEAM_MEMBER, VILLAGE),
    "from-village": (Post.TEAM_MEMBER, VILLAGE),
    "slack": (Post.FIRST_SECRETARY, REMOTE),
}
STATIONED = ("first_secretary", "team_member")


def the_other_teams() -> Iterator[Event]:
    """Everybody else's teams: one or more to a village, all in post since 2017."""
    since = datetime(2017, 1, 1, tzinfo=UTC).date()
    towns = [f"4301{county:02d}{town:03d}" for county in (21, 24) for town in range(100, 120)]
    codes = [f"{town}{village:03d}" for town in towns for village in range(200, 220)]
    villages = [RegionId(f"region-{code}") for code in codes][: VILLAGES - 2]
    for village in villages:
        yield RegionEstablished(region=village, name=f"{village.code[6:]}村", since=since)
    for number in range(MEMBERS - 4):
        person, village = PersonId(f"person-team-{number}"), villages[number % len(villages)]
        yield PersonRegistered(person=person, name=f"队员{number}", region=village)
        yield Appointed(
            appointment=AppointmentId(f"appointment-team-{number}"),
            person=person,
            post=Post.FIRST_SECRETARY if number < len(villages) else Post.TEAM_MEMBER,
            region=village,
            unit=None,
            since=since,
        )


def changsha(staging: Staging) -> Stage:
    stage = staging(CITY, "长沙市", datetime(2018, 1, 1, 1, tzinfo=UTC))
    stage.regions(c430181="浏阳市", c430181112="高坪镇", c430181112201="向阳村", c430181112202="石峰村")
    stage.cast(CAST)
    stage.adopts("changsha")
    stage.application.facts.append(list(the_other_teams()), Act(PersonId("person-organiser"), stage.clock()))
    return stage


def in_post(stage: Stage) -> tuple[int, int]:
    """How many are stationed now, and in how many villages."""
    members, villages, cursor = 0, set(), None
    while True:
        answer = (
            stage["supervisor"]
            .get(
                "/ledgers/posts",
                post=list(STATIONED),
                until="",
                limit=500,
                **({"cursor": cursor} if cursor else {"min_position": stage.application.facts.head()}),
            )
            .json()
        )
        members += len(answer["lines"])
        villages |= {line["region"] for line in answer["lines"]}
        if (cursor := answer["next"]) is None:
            return members, len(villages)


def reports(stage: Stage, name: str, village: str, presence: str = "village") -> None:
    told = {"region": f"region-{village}", "on": stage.today, "presence": presence, "work": "入户走访,核对台账"}
    stage[name].does("/days", **told)


def january(stage: Stage, home: str) -> None:
    """The month as it was lived: one in the village and out for its people, the other for nine days."""
    leave = {"region": f"region-{VILLAGE}", "kind": "family", "since": "2018-01-22", "until": "2018-01-26"}
    for day in range(1, 32):
        if day == 15:
            asked = stage["steady"].does("/leaves", **leave, reason="父亲住院")["ids"]["leave"]
            # Five days are more than a township may grant.
            stage["township-secretary"].refused(f"/leaves/{asked}/approvals", "no_authority", opinion="同意")
            stage["county-organiser"].does(f"/leaves/{asked}/approvals", opinion="同意")
        if day not in (6, 7, *range(22, 27)):
            reports(stage, "steady", VILLAGE, "trip" if day in (10, 17) else "village")
        if day <= 9:
            reports(stage, "slack", REMOTE)
            # In the village, but in the household only where the checkers find it so.
            visited(stage, "slack", REMOTE, home)
        stage.clock.later(days=1)


def visited(stage: Stage, name: str, village: str, home: str) -> None:
    told = {
        "region": f"region-{village}",
        "household": home,
        "occurred_on": stage.today,
        "findings": "查看危房改造进度",
    }
    stage[name].does("/visits", **told)


def duty(stage: Stage, name: str, day: str) -> dict[str, Any]:
    found: dict[str, Any] = stage["supervisor"].get(f"/people/person-{name}/duty", day=day).json()["month"]
    return found


def test_twenty_days_a_month_are_a_count_of_days_and_a_false_claim_stays_with_whoever_made_it(
    staging: Staging,
) -> None:
    stage = changsha(staging)
    assert in_post(stage) == (MEMBERS, VILLAGES)
    home = stage.household("clerk", REMOTE, 3)
    january(stage, home)

    steady, slack = duty(stage, "steady", "2018-01-31"), duty(stage, "slack", "2018-01-31")
    assert (steady["present"], steady["trips"], steady["leave"], steady["short"]) == (24, 2, 5, 0)
    assert (slack["present"], slack["needed"], slack["short"]) == (9, 20, 11)
    assert len(stage.lines("days", person="person-slack", present="true")) == 9

    # The inspectors take the household's book: what is drawn, nobody chose, and anyone can draw it again.
    supervisor = stage["supervisor"]
    scope = {"region": f"region-{COUNTY}", "subject": home, "since": "2018-01-01", "until": "2018-01-31", "many": 4}
    draw = supervisor.does("/reverse-checks", **scope)["ids"]["draw"]
    stage["clerk"].refused("/reverse-checks", "no_authority", **scope)
    drawn = stage.lines("reverse_checks", draw=draw)
    assert len(drawn) == 4
    assert {line["claimant"] for line in drawn} == {"person-slack"}
    assert supervisor.get(f"/reverse-checks/{draw}/redrawing").json()["holds"]

    issues = checked(stage, draw, drawn)
    assert len(issues) >= 3
    untrue = stage.lines("reverse_checks", claimant="person-slack", holds="false")
    assert {line["issue"] for line in untrue} == set(issues)
    for issue in issues:
        (line,) = stage.lines("issues", issue=issue)
        assert (line["source"], line["status"], line["object"]) == ("反向核查", "not_started", home)
    told = supervisor.get("/timeline/person-slack", limit=200).json()["facts"]
    assert sum(fact["type"] == "reverse.checked" and not fact["body"]["holds"] for fact in told) == len(issues)

    # Whoever falls short is replaced, and what they said stays.
    replaced(stage)
    assert in_post(stage) == (MEMBERS, VILLAGES)
    assert stage.lines("reverse_checks", claimant="person-slack", holds="false") == untrue


def checked(stage: Stage, draw: str, drawn: list[dict[str, Any]]) -> list[str]:
    """Goes to the household with what was drawn: only on the ninth was anybody there."""
    issues = []
    deadline = {"due": "2018-02-28", "precision": "day", "long_term": False}
    for number, line in enumerate(drawn):
        told: dict[str, Any] = {"position": line["position"], "checked_on": stage.today}
        if line["claimed_on"] == "2018-01-09":
            told |= {"holds": True, "findings": "户主和邻居都说当日来过"}
        else:
            issues.append(f"issue-untrue-{number}")
            told |= {"holds": False, "findings": "户主称当日无人来访,台账系补写"}
            told |= {"issue": issues[-1], "severity": "serious", "deadline": deadline}
        stage["supervisor"].does(f"/reverse-checks/{draw}/findings", **told)
        stage["supervisor"].refused(f"/reverse-checks/{draw}/findings", "already_checked", **told)
    return issues


def replaced(stage: Stage) -> None:
    (post,) = stage.lines("posts", person="person-slack")
    relief = {"on": stage.today, "reason": "每月驻村不足20天,台账不实,予以撤换"}
    stage["organiser"].does(f"/appointments/{post['appointment']}/relief", **relief)
    stage["organiser"].does("/people", person="person-next", name="接任队员", region=f"region-{REMOTE}")
    stage["organiser"].does(
        "/appointments", person="person-next", post="first_secretary", region=f"region-{REMOTE}", since=stage.today
    )
    stage["slack"].refused(
        "/days", "no_authority", region=f"region-{REMOTE}", on=stage.today, presence="village", work="在村"
    )
