"""A county in post: a village, its township, county and city, with everybody a chain needs. Names are made up."""

from datetime import date

from domain.fact import Event
from domain.ids import (
    AppointmentId,
    ChainId,
    IssueId,
    PersonId,
    RegionId,
    StepId,
    UnitId,
)
from domain.issues import Deadline
from domain.organisation import PersonRegistered, UnitEstablished
from domain.policy import PolicyAdopted, Severity, packaged
from domain.posts import Appointed, LedgerOpened, Post
from domain.rectification import PlanStep, ReportStep
from domain.regions import RegionEstablished
from domain.registration import AssignIssue, RegisterIssue
from domain.signoff import ApplyForWriteOff, CheckOnSite, PostNotice, SignOff
from tests.scenario import Scene

CITY, COUNTY, TOWN, VILLAGE = (RegionId(f"region-{code}") for code in ("4512", "451226", "451226104", "451226104207"))
OTHER_TOWN, OTHER_VILLAGE = RegionId("region-451226103"), RegionId("region-451226103208")
SINCE = date(2019, 1, 1)
BUREAU = UnitId("unit-roads")


def person(name: str) -> PersonId:
    return PersonId(f"person-{name}")


IN_POST = {
    "organiser": (Post.ORGANISER, COUNTY),
    "headquarters": (Post.HEADQUARTERS, COUNTY),
    "supervisor": (Post.SUPERVISOR, COUNTY),
    "inspector": (Post.INSPECTOR, COUNTY),
    "village-secretary": (Post.VILLAGE_SECRETARY, VILLAGE),
    "village-director": (Post.VILLAGE_DIRECTOR, VILLAGE),
    "first-secretary": (Post.FIRST_SECRETARY, VILLAGE),
    "chief": (Post.VILLAGE_CHIEF, VILLAGE),
    "member": (Post.TEAM_MEMBER, VILLAGE),
    "clerk": (Post.TOWNSHIP_CLERK, TOWN),
    "township-secretary": (Post.TOWNSHIP_SECRETARY, TOWN),
    "township-head": (Post.TOWNSHIP_HEAD, TOWN),
    "county-secretary": (Post.COUNTY_SECRETARY, COUNTY),
    "county-magistrate": (Post.COUNTY_MAGISTRATE, COUNTY),
    "city-secretary": (Post.CITY_SECRETARY, CITY),
    "city-mayor": (Post.CITY_MAYOR, CITY),
    "leader": (Post.UNIT_LEADER, COUNTY),
    "officer": (Post.UNIT_OFFICER, COUNTY),
    "other-secretary": (Post.TOWNSHIP_SECRETARY, OTHER_TOWN),
    "other-clerk": (Post.TOWNSHIP_CLERK, OTHER_TOWN),
}

CHAIN_SIGNERS = (
    "village-secretary",
    "village-director",
    "township-secretary",
    "township-head",
    "county-secretary",
    "county-magistrate",
    "city-secretary",
    "city-mayor",
)
SIGNERS_FOR = {Severity.MINOR: CHAIN_SIGNERS[:4], Severity.SERIOUS: CHAIN_SIGNERS[:6], Severity.MAJOR: CHAIN_SIGNERS}


def appointed(name: str, post: Post, region: RegionId, unit: UnitId | None = None) -> Appointed:
    return Appointed(
        appointment=AppointmentId(f"appointment-{name}"),
        person=person(name),
        post=post,
        region=region,
        unit=unit,
        since=SINCE,
    )


def founding() -> list[Event]:
    """Everything that stands before the first issue."""
    names = {CITY: "河池市", COUNTY: "环江毛南族自治县", TOWN: "明伦镇", VILLAGE: "百祥村"}
    names |= {OTHER_TOWN: "川山镇", OTHER_VILLAGE: "白丹村"}
    facts: list[Event] = [RegionEstablished(region=r, name=name, since=SINCE) for r, name in names.items()]
    facts.append(UnitEstablished(unit=BUREAU, name="交通运输局", kind="department", region=COUNTY))
    facts.append(
        LedgerOpened(
            region=COUNTY,
            organiser=person("organiser"),
            appointment=AppointmentId("appointment-founding"),
            since=SINCE,
        )
    )
    for name, (post, region) in IN_POST.items():
        facts.append(PersonRegistered(person=person(name), name=name, region=region))
        facts.append(appointed(name, post, region, BUREAU if name in ("leader", "officer") else None))
    facts.append(PolicyAdopted(region=COUNTY, policy=packaged("county"), since=SINCE))
    return facts


def county() -> Scene:
    return Scene(*founding())


DUE = Deadline(due=date(2019, 10, 20), precision="day", long_term=False)


def register(issue: IssueId, severity: Severity = Severity.MINOR, **changes: object) -> RegisterIssue:
    asked: dict[str, object] = {
        "issue": issue,
        "region": VILLAGE,
        "category": "道路",
        "source": "自查",
        "severity": severity,
        "description": "水毁路段未修复,雨天车辆无法通行",
        "found_on": date(2019, 9, 1),
        "deadline": DUE,
    }
    return RegisterIssue.model_validate({**asked, **changes})


def rectified(scene: Scene, issue: IssueId, severity: Severity = Severity.MINOR, **changes: object) -> None:
    """Registered, assigned, one step planned and reported done."""
    step = StepId(f"step-{issue.removeprefix('issue-')}-{scene.store.head()}")
    scene.when(register(issue, severity, **changes), person("clerk"))
    scene.when(
        AssignIssue(issue=issue, unit=BUREAU, leader=person("leader"), person=person("officer")), person("clerk")
    )
    report_done(scene, issue, step)


def report_done(scene: Scene, issue: IssueId, step: StepId) -> None:
    scene.when(PlanStep(issue=issue, step=step, measure="修复路面"), person("officer"))
    scene.when(
        ReportStep(issue=issue, step=step, progress="已修复", done=True, occurred_on=scene.today), person("officer")
    )


def applied(scene: Scene, issue: IssueId, severity: Severity = Severity.MINOR, **changes: object) -> ChainId:
    """Rectified, applied for, checked on site, and through its public notice where the rule asks for one."""
    rectified(scene, issue, severity, **changes)
    return ready_to_sign(scene, issue)


def ready_to_sign(scene: Scene, issue: IssueId) -> ChainId:
    chain = ChainId(f"chain-{issue.removeprefix('issue-')}-{scene.store.head()}")
    scene.when(ApplyForWriteOff(issue=issue, chain=chain, statement="措施已全部完成"), person("officer"))
    check = CheckOnSite(issue=issue, chain=chain, passed=True, findings="已通车", checked_on=scene.today)
    opened = scene.about(chain)[0].event
    scene.when(check, person("supervisor"))
    if days := opened.notice_days:  # type: ignore[attr-defined]
        notice = PostNotice(issue=issue, chain=chain, posted_on=scene.today, place="村务公开栏")
        scene.when(notice, person("village-secretary"))
        scene.later(days=days + 1)
    return chain


def sign(scene: Scene, issue: IssueId, chain: ChainId) -> SignOff:
    """A signature on exactly what stands now."""
    shown = scene.shown(issue)
    return SignOff(issue=issue, chain=chain, opinion="同意", shown=shown.position, shown_digest=shown.digest)


def sign_all(scene: Scene, issue: IssueId, chain: ChainId, severity: Severity = Severity.MINOR) -> None:
    for name in SIGNERS_FOR[severity]:
        scene.when(sign(scene, issue, chain), person(name))


def closed(scene: Scene, issue: IssueId, severity: Severity = Severity.MINOR) -> None:
    sign_all(scene, issue, applied(scene, issue, severity), severity)
