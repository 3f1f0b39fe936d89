"""退出: households' and villages' ways out, through every step and signature that the pack in force asks for."""

from collections.abc import Generator
from datetime import datetime, timedelta

from adapters.generator.people import City, County, Home, Officer, Village, signers
from adapters.generator.world import Life, World, patiently
from domain.chains import ChainOpened, Subject
from domain.exiting import (
    AnnounceExit,
    ObjectToExit,
    PostExitNotice,
    ProposeExit,
    SendBackExit,
    SettleExitObjection,
    SignExit,
    TakeExitStep,
    VerifyExit,
    VoidExit,
    WithdrawExit,
)
from domain.exits import ExitProposed
from domain.fact import Event
from domain.ids import ChainId, IncidenceId, ObjectionId
from domain.indicators import AssessIndicators, Assessment
from domain.policy import ExitStep, IndicatorRule, ObjectKind, Policy
from services import incidence

_HOUSEHOLDS_BEGIN = {True: (0.76, 0.88), False: (0.3, 0.5)}
"""Between which parts of the days a household's exit begins, in a year and in a month; in villages that exit themselves
earlier by ``_EARLIER``."""
_EARLIER = 0.14
_VILLAGES_BEGIN = (0.84, 0.88)
_PLACE = "村务公开栏"


def assessments(world: World, policy: Policy, kind: ObjectKind, met: float) -> tuple[Assessment, ...]:
    """Every indicator that people assess of such an object; each is met so often."""
    rules = policy.indicators(kind).values()
    return tuple(assessment(world, rule, world.chance(met)) for rule in rules if not rule.computed)


def assessment(world: World, rule: IndicatorRule, met: bool) -> Assessment:
    limit = rule.threshold
    if limit is None:
        return Assessment(indicator=rule.code, met=met)
    step = world.between(1, 5)
    upwards = limit.sense != "below"
    value = limit.figure + step if met == upwards else max(0, limit.figure - step)
    return Assessment(indicator=rule.code, met=limit.met_by(value), value=value)


def household_exits(world: World, city: City, county: County, home: Home, policy: Policy) -> Life:
    """A household's exit: reviewed, verified, agreed to, put on notice, signed for, announced; some go back, and a few
    are found false afterwards."""
    shape, village, subject = county.shape, home.village, home.household
    least, most = _HOUSEHOLDS_BEGIN[shape.whole_year]
    earlier = _EARLIER if village.exiting else 0
    yield world.at(shape.part(world.random.uniform(least, most) - earlier))
    first, clerk = village.team[0].person, village.town.clerk.person
    met = assessments(world, policy, "household", 1.0)
    world.ask(first, AssessIndicators(subject=subject, assessments=met, assessed_on=world.today))
    yield world.after(0, 1)
    chain = world.id(ChainId)
    opened = world.ask(clerk, ProposeExit(chain=chain, subject=subject, statement="各项指标达标,符合退出标准"))
    for step in steps_of(opened):
        yield world.after(0, 1)
        passed = world.chance(0.98)
        if step is ExitStep.VERIFICATION:
            verifier = next(one for one in village.team if home.cadre is None or one.person != home.cadre.person)
            findings = "入户核实,情况属实" if passed else "收入核算有误,暂不符合"
            check = VerifyExit(chain=chain, passed=passed, findings=findings, checked_on=world.today)
            world.ask(verifier.person, check)
        else:
            world.ask(first, taken(world, chain, step, passed))
        if not passed:
            return
    gone = yield from noticed_and_signed(world, city, county, village, subject, opened)
    if gone and world.chance(0.003):
        yield world.after(10, 30)
        void = VoidExit(chain=chain, reason="核查发现收入不实,属错退", found_on=world.today)
        world.ask(world.random.choice(county.supervisors).person, void)


def village_exits(world: World, city: City, county: County, village: Village, policy: Policy) -> Life:
    """A village's exit: its incidence counted and its indicators assessed first. It withdraws what can't be signed."""
    least, most = _VILLAGES_BEGIN
    yield world.at(county.shape.part(world.random.uniform(least, most)))
    office, subject = county.headquarters[0], village.region
    # Of a village's people, about one in eight lives in a household on the register.
    population = 8 * sum(home.people for home in village.homes)
    incidence.record(world.ledger, world.id(IncidenceId), subject, population, world.act(office.person))
    if met := assessments(world, policy, "village", 1.0):
        world.ask(office.person, AssessIndicators(subject=subject, assessments=met, assessed_on=world.today))
    yield world.after(0, 1)
    clerk, chain = village.town.clerk.person, world.id(ChainId)
    opened = world.ask(clerk, ProposeExit(chain=chain, subject=subject, statement="各项指标达标,符合退出标准"))
    for step in steps_of(opened):
        yield world.after(1, 2)
        if step is ExitStep.VERIFICATION:
            check = VerifyExit(chain=chain, passed=True, findings="现场核查,情况属实", checked_on=world.today)
            world.ask(world.random.choice(county.supervisors).person, check)
        else:
            world.ask(office.person, taken(world, chain, step, passed=True))
    yield from noticed_and_signed(world, city, county, village, subject, opened)


def steps_of(opened: tuple[Event, ...]) -> tuple[ExitStep, ...]:
    return next(event.steps for event in opened if isinstance(event, ExitProposed))


def taken(world: World, chain: ChainId, step: ExitStep, passed: bool) -> TakeExitStep:
    votes: dict[str, int] = {}
    if step is ExitStep.DEMOCRATIC_REVIEW:
        present = world.between(20, 60)
        half = present // 2
        votes = {"present": present, "in_favour": world.between(half + 1, present) if passed else half}
    findings = f"{step.label}{'通过' if passed else '未通过'}"
    return TakeExitStep(chain=chain, step=step, passed=passed, findings=findings, taken_on=world.today, **votes)


def noticed_and_signed(
    world: World, city: City, county: County, village: Village, subject: Subject, opened: tuple[Event, ...]
) -> Generator[datetime, None, bool]:
    """From the notice to the announcement; whether the subject has exited in the end."""
    application = next(event for event in opened if isinstance(event, ChainOpened))
    chain, clerk = application.chain, village.town.clerk.person
    yield world.after(0, 1)
    world.ask(village.secretary.person, PostExitNotice(chain=chain, posted_on=world.today, place=_PLACE))
    over = world.today + timedelta(days=application.notice_days + 1)
    if world.chance(0.015):
        yield world.after(1, application.notice_days - 1)
        objection, upheld = world.id(ObjectionId), world.chance(0.3)
        raised = ObjectToExit(chain=chain, objection=objection, matter="有群众反映该对象未达标", raised_on=world.today)
        world.ask(village.team[0].person, raised)
        yield world.after(1, 2)
        answer = "反映属实,终止退出" if upheld else "经核实,反映与实际不符"
        settled = SettleExitObjection(chain=chain, objection=objection, upheld=upheld, answer=answer)
        world.ask(village.town.head.person, settled)
        if upheld:
            return False
    yield world.at(over)
    seats = [seat.posts[0] for stage in application.stages for seat in stage.seats]
    by_post = signers(city, county, village)
    if len(application.stages) > 1 and world.chance(0.01):
        last = len(application.stages[-1].seats)
        for post in seats[:-last]:
            yield world.after(0, 1)
            yield from signed(world, by_post[post], chain, subject)
        yield world.after(0, 1)
        back = SendBackExit(chain=chain, to="signing", stage=0, reason="签字意见不明确,请重新签署")
        world.ask(by_post[seats[-last]].person, back)
    for post in seats:
        yield world.after(0, 1)
        if not (yield from signed(world, by_post[post], chain, subject)):
            world.ask(clerk, WithdrawExit(chain=chain, reason="尚有问题未销号,暂缓退出"))
            return False
    yield world.after(0, 2)
    world.ask(clerk, AnnounceExit(chain=chain, announced_on=world.today, place=_PLACE))
    return True


def signed(world: World, signer: Officer, chain: ChainId, subject: Subject) -> Generator[datetime, None, bool]:
    """A signature on exactly what stands at that moment; whether it was possible in the end."""

    def signature() -> SignExit:
        shown = world.shown(subject)
        return SignExit(chain=chain, opinion="同意退出", shown=shown.position, shown_digest=shown.digest)

    done = yield from patiently(world, signer.person, signature)
    return done
