"""Whole lives of issues, lived by people who try anything: whatever they try, some things are never true."""

from collections.abc import Callable
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain import chains
from domain.chains import Chain, ChainOpened, NoticePosted, Phase, SignedOff
from domain.command import Command, Refused
from domain.fact import Recorded
from domain.ids import ChainId, ExtensionId, HouseholdId, IssueId, PersonId, StepId
from domain.issues import Deadline, Issue, IssueClosed, IssueRegistered, Status, StepReported, evolve
from domain.policy import Severity
from domain.posts import TENURE, tenures
from domain.rectification import GrantExtension, PlanStep, ReportStep, RequestExtension
from domain.registration import AssignIssue, RegradeIssue, WithdrawIssue
from domain.signoff import (
    ApplyForWriteOff,
    CheckOnSite,
    LookBack,
    PostNotice,
    RefuseSignature,
    SendBack,
    WithdrawApplication,
)
from tests.county import BUREAU, IN_POST, county, person, register, sign
from tests.scenario import Scene

ISSUES = (IssueId("issue-a"), IssueId("issue-b"))
HOUSEHOLD = HouseholdId("household-1")
PEOPLE = [person("officer"), *(person(name) for name in IN_POST if name != "officer")]


def last_chain(scene: Scene, issue: IssueId) -> ChainId:
    opened = [fact.event.chain for fact in scene.about(issue).of(ChainOpened)]  # type: ignore[attr-defined]
    return opened[-1] if opened else ChainId("chain-none")


def fresh(scene: Scene, kind: str) -> str:
    return f"{kind}-{scene.store.head()}"


Attempt = Callable[[Scene, IssueId], Command]
ATTEMPTS: dict[str, Attempt] = {
    "register": lambda s, i: register(i, Severity.SERIOUS, object=HOUSEHOLD, found_on=s.today),
    "assign": lambda s, i: AssignIssue(
        issue=i, unit=BUREAU, leader=person("leader"), person=person("officer"), reason="调整"
    ),
    "plan": lambda s, i: PlanStep(issue=i, step=StepId(fresh(s, "step")), measure="修复"),
    "report": lambda s, i: ReportStep(
        issue=i,
        step=([f.event.step for f in s.about(i) if f.event.type == "step.planned"] or [StepId("step-x")])[-1],  # type: ignore[attr-defined]
        progress="完成",
        done=True,
        occurred_on=s.today,
    ),
    "extend": lambda s, i: RequestExtension(
        issue=i, extension=ExtensionId(fresh(s, "extension")), due=s.today + timedelta(days=90), reason="雨季"
    ),
    "grant": lambda s, i: GrantExtension(
        issue=i,
        extension=(
            [f.event.extension for f in s.about(i) if f.event.type == "extension.requested"]  # type: ignore[attr-defined]
            or [ExtensionId("extension-x")]
        )[-1],
        opinion="同意",
    ),
    "apply": lambda s, i: ApplyForWriteOff(issue=i, chain=ChainId(fresh(s, "chain")), statement="已完成"),
    "check": lambda s, i: CheckOnSite(
        issue=i, chain=last_chain(s, i), passed=True, findings="属实", checked_on=s.today
    ),
    "fail": lambda s, i: CheckOnSite(
        issue=i, chain=last_chain(s, i), passed=False, findings="不符", checked_on=s.today
    ),
    "notice": lambda s, i: PostNotice(issue=i, chain=last_chain(s, i), posted_on=s.today, place="公开栏"),
    "sign": lambda s, i: sign(s, i, last_chain(s, i)) if s.about(i) else WithdrawIssue(issue=i, reason="无"),
    "back": lambda s, i: SendBack(issue=i, chain=last_chain(s, i), to="signing", stage=0, reason="重签"),
    "back to check": lambda s, i: SendBack(issue=i, chain=last_chain(s, i), to="check", reason="重查"),
    "refuse": lambda s, i: RefuseSignature(issue=i, chain=last_chain(s, i), reason="不实"),
    "withdraw": lambda s, i: WithdrawApplication(issue=i, chain=last_chain(s, i), reason="补材料"),
    "look back": lambda s, i: LookBack(
        issue=i,
        holds=False,
        findings="反弹",
        looked_on=s.today,
        deadline=Deadline(due=s.today + timedelta(days=30), precision="day", long_term=False),
    ),
    "regrade": lambda s, i: RegradeIssue(issue=i, severity=Severity.MAJOR, reason="加重"),
}
GOOD_PATH = ("register", "assign", "plan", "report", "apply", "check", "notice")


def everyone_tries(scene: Scene, attempt: str, issue: IssueId) -> None:
    """Each in turn, until one may; a signature is wanted of all who may."""
    for someone in PEOPLE:
        if tries(scene, attempt, issue, someone) and attempt != "sign":
            return


def tries(scene: Scene, attempt: str, issue: IssueId, someone: PersonId) -> bool:
    try:
        scene.when(ATTEMPTS[attempt](scene, issue), someone)
    except Refused:
        return False
    return True


moves = st.one_of(
    st.tuples(st.sampled_from(sorted(ATTEMPTS)), st.sampled_from(ISSUES), st.sampled_from(PEOPLE)),
    st.tuples(st.sampled_from(sorted(ATTEMPTS)), st.sampled_from(ISSUES), st.none()),
    st.integers(1, 8),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, len(GOOD_PATH)), st.lists(moves, max_size=30))
def test_whatever_people_try_the_record_stays_true(prepared: int, story: list[object]) -> None:
    scene = county()
    for attempt in GOOD_PATH[:prepared]:
        everyone_tries(scene, attempt, ISSUES[0])
    for move in story:
        match move:
            case int(days):
                scene.later(days=days)
            case (str(attempt), IssueId() as issue, None):
                everyone_tries(scene, attempt, issue)
            case (str(attempt), IssueId() as issue, PersonId() as someone):
                tries(scene, attempt, issue, someone)
    facts = list(scene.store.facts())
    for issue in ISSUES:
        life_is_true([fact for fact in facts if issue in fact.event.tags])
    signatures_are_by_those_in_post(facts)
    no_graver_issue_stood_open(facts)


def life_is_true(facts: list[Recorded]) -> None:
    issue: Issue | None = None
    chain: Chain | None = None
    reporters: set[PersonId] = set()
    for fact in facts:
        before = issue
        if isinstance(fact.event, ChainOpened):
            assert before is not None
            assert before.chain is None, "two applications at once"
            assert before.status is Status.DONE
        if isinstance(fact.event, SignedOff):
            assert chain is not None
            assert chain.phase is Phase.SIGNING
            assert fact.by not in chain.signed.values(), "signed twice"
            assert fact.by not in reporters, "signed their own rectification"
            assert fact.event.stage == chain.stage, "signed before the stage before was whole"
            assert not chain.notice_days or any(
                isinstance(f.event, NoticePosted) and fact.on > f.event.until for f in facts
            )
        if isinstance(fact.event, IssueClosed):
            assert chain is not None
            assert chain.stage is None, "closed with a seat unsigned"
            assert len(set(chain.signed.values())) == len(chain.signed) == sum(len(s.seats) for s in chain.stages)
        if isinstance(fact.event, StepReported):
            reporters.add(fact.by)
        issue = evolve(issue, fact)
        chain = chains.evolve(chain, fact)
        if issue and before and issue.round > before.round:
            assert issue.round == before.round + 1
            assert before.closed_on
            reporters.clear()
        if before and before.unit:
            assert issue is not None
            assert issue.unit, "a moment with nobody responsible"


def signatures_are_by_those_in_post(facts: list[Recorded]) -> None:
    held = tenures(fact.event for fact in facts if isinstance(fact.event, TENURE)).values()
    for fact in facts:
        match fact.event:
            case SignedOff(post=post, region=region):
                assert any((t.person, t.post, t.region) == (fact.by, post, region) for t in held)


def no_graver_issue_stood_open(facts: list[Recorded]) -> None:
    open_now: dict[IssueId, Issue] = {}
    for fact in facts:
        if isinstance(fact.event, SignedOff):
            signed = open_now[IssueId(fact.event.subject)]
            others = [one for one in open_now.values() if one.issue != signed.issue and one.status.open]
            assert not any(one.severity.weight > signed.severity.weight for one in others)
        for issue in ISSUES:
            if issue in fact.event.tags:
                state = evolve(open_now.get(issue), fact)
                if state and (issue in open_now or isinstance(fact.event, IssueRegistered)):
                    open_now[issue] = state


def test_the_lives_tried_do_reach_the_end() -> None:
    scene = county()
    for attempt in GOOD_PATH:
        everyone_tries(scene, attempt, ISSUES[0])
    scene.later(days=6)
    for _ in range(3):
        everyone_tries(scene, "sign", ISSUES[0])
    assert scene.events(IssueClosed)
    everyone_tries(scene, "look back", ISSUES[0])
    life_is_true(list(scene.about(ISSUES[0])))
