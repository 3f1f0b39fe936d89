"""问题: issues from their registration to their look back, and through a second round where they relapse."""

from collections.abc import Generator
from datetime import datetime, timedelta

from adapters.generator import texts
from adapters.generator.people import City, County, Department, Officer, Village, signers
from adapters.generator.world import Life, World, patiently
from domain.chains import ChainOpened
from domain.escalation import AnswerEscalation, Escalate
from domain.ids import ChainId, EscalationId, ExtensionId, HouseholdId, IssueId, StepId
from domain.issues import Deadline, Escalated
from domain.rectification import GrantExtension, PlanStep, ReportStep, RequestExtension
from domain.registration import AssignIssue, RegisterIssue, WithdrawIssue
from domain.signoff import ApplyForWriteOff, CheckOnSite, LookBack, PostNotice, SendBack, SignOff

_A_HOUSEHOLD = {True: 0.3, False: 0.06}
"""Issues for each household, in a year and in a month."""


def issues(world: World, city: City, county: County) -> Life:
    """Found all through the days, wherever people live."""
    shape = county.shape
    many = round(shape.figures.households * _A_HOUSEHOLD[shape.whole_year])
    villages = list(county.villages)
    weights = [len(village.homes) for village in villages]
    for share in sorted(world.random.uniform(0.06, 0.95) for _ in range(many)):
        yield world.at(shape.part(share))
        village = world.random.choices(villages, weights)[0]
        department = world.random.choice(county.departments)
        world.begin(Matter(world, city, county, village, department).life())


class Matter:
    """问题: one, with those who answer for it and those who see to it that they do."""

    def __init__(self, world: World, city: City, county: County, village: Village, department: Department) -> None:
        self.world = world
        self.county = county
        self.village = village
        self.town = village.town
        self.department = department
        self.officer = world.random.choice(department.officers)
        self.supervisor = world.random.choice(county.supervisors)
        self.signers = signers(city, county, village)
        self.issue = world.id(IssueId)
        self.days = 1 if county.shape.whole_year else 0.3
        self.due = world.today

    def life(self) -> Life:
        world = self.world
        yield world.soon()
        self.register()
        self.town.open[self.issue] = None
        if world.chance(0.01):
            yield world.after(1, 3)
            world.ask(self.supervisor.person, WithdrawIssue(issue=self.issue, reason="与另一问题重复登记"))
            self.town.open.pop(self.issue)
            return
        yield self.later(0, 2)
        self.assign()
        while True:
            yield from self.rectified(steps=world.random.choice((1, 1, 2, 2, 3)))
            if not (yield from self.written_off()):
                return
            self.town.open.pop(self.issue)
            if world.chance(0.4):
                return
            yield self.later(15, 60)
            if self.looked_back():
                return
            self.town.open[self.issue] = None

    def later(self, least: int, most: int) -> datetime:
        """So many days on; in a month's work, so many fewer."""
        return self.world.after(round(least * self.days), round(most * self.days))

    def register(self) -> None:
        world = self.world
        category, description, at_home = world.random.choice(texts.ISSUES)
        object: HouseholdId | None = world.random.choice(self.village.homes).household if at_home else None
        self.due = world.today + timedelta(days=round(world.between(15, 60) * self.days))
        world.ask(
            self.town.clerk.person if world.chance(0.7) else self.village.team[0].person,
            RegisterIssue(
                issue=self.issue,
                region=self.village.region,
                object=object,
                category=category,
                source=world.random.choice(texts.SOURCES),
                severity=world.random.choice(texts.SEVERITIES),
                description=description,
                found_on=world.today - timedelta(days=world.between(0, 4)),
                deadline=self.deadline(),
            ),
        )

    def deadline(self) -> Deadline:
        return Deadline(due=self.due, precision="day", long_term=False)

    def assign(self) -> None:
        leader = self.department.leader.person
        assigned = AssignIssue(issue=self.issue, unit=self.department.unit, leader=leader, person=self.officer.person)
        self.world.ask(self.town.clerk.person, assigned)

    def rectified(self, steps: int) -> Life:
        """Planned, sometimes taken to the next level or put off, and reported until it is done, in some townships
        late more often than in others."""
        world = self.world
        yield self.later(0, 4)
        planned = [world.id(StepId) for _ in range(steps)]
        for step in planned:
            measure = world.random.choice(texts.MEASURES)
            due = self.due if self.due >= world.today else None
            world.ask(self.officer.person, PlanStep(issue=self.issue, step=step, measure=measure, due=due))
        if world.chance(0.08):
            yield from self.escalated("township")
        if world.chance(0.02):
            yield from self.escalated("county")
        if world.chance(0.08):
            yield from self.put_off()
        for step in planned:
            for progress in world.random.sample(texts.PROGRESS, world.between(0, 2)):
                yield self.later(2, 9)
                self.report(step, progress, done=False)
            late = world.chance(self.town.slack)
            last = max((self.due - world.today).days, 1)
            yield world.after(last + 2, last + 15) if late else world.after(0, min(last, 12))
            self.report(step, "已完成整改", done=True)

    def report(self, step: StepId, progress: str, *, done: bool) -> None:
        said = ReportStep(issue=self.issue, step=step, progress=progress, done=done, occurred_on=self.world.today)
        self.world.ask(self.officer.person, said)

    def escalated(self, to: str) -> Life:
        """Answered in time nine times of ten."""
        world, name = self.world, self.world.id(EscalationId)
        asks, answers = (
            (self.village.team[0], self.town.secretary)
            if to == "township"
            else (self.town.clerk, self.county.headquarters[0])
        )
        yield world.soon()
        command = Escalate.model_validate(
            {"issue": self.issue, "escalation": name, "to": to, "matter": "涉及资金和用地,本级难以解决"}
        )
        due = next(event.answer_due for event in world.ask(asks.person, command) if isinstance(event, Escalated))
        hours = world.between(2, 20)
        yield due + timedelta(hours=hours) if world.chance(0.1) else due - timedelta(hours=hours)
        answer = "同意统筹资金解决,由责任单位组织实施"
        world.ask(answers.person, AnswerEscalation(issue=self.issue, escalation=name, answer=answer))

    def put_off(self) -> Life:
        world, name = self.world, self.world.id(ExtensionId)
        until = max(self.due, world.today) + timedelta(days=world.between(7, 25))
        yield world.soon()
        asked = RequestExtension(issue=self.issue, extension=name, due=until, reason="连日降雨,无法施工")
        world.ask(self.officer.person, asked)
        yield self.later(1, 3)
        office = world.random.choice(self.county.headquarters).person
        world.ask(office, GrantExtension(issue=self.issue, extension=name, opinion="情况属实,同意延期"))
        self.due = until

    def written_off(self) -> Generator[datetime, None, bool]:
        """Applied for until a check is passed, then signed for; whether it came to that."""
        world = self.world
        while True:
            yield self.later(0, 3)
            chain = world.id(ChainId)
            applied = ApplyForWriteOff(issue=self.issue, chain=chain, statement="措施已全部完成,申请销号")
            opened = next(event for event in world.ask(self.officer.person, applied) if isinstance(event, ChainOpened))
            yield self.later(1, 6)
            if not self.check(chain, passed=not world.chance(self.town.slack / 2)):
                yield from self.rectified(steps=1)
                continue
            yield from self.notice(opened)
            if world.chance(0.03):
                yield from self.sent_back(opened)
            for post in (seat.posts[0] for stage in opened.stages for seat in stage.seats):
                yield self.later(0, 2)
                if not (yield from self.signed(self.signers[post], chain)):
                    return False
            return True

    def check(self, chain: ChainId, *, passed: bool) -> bool:
        world = self.world
        checker = self.village.team[0] if world.chance(0.6) else self.supervisor
        findings = "现场查看,整改到位" if passed else "现场查看,整改不彻底"
        checked = CheckOnSite(issue=self.issue, chain=chain, passed=passed, findings=findings, checked_on=world.today)
        world.ask(checker.person, checked)
        return passed

    def notice(self, opened: ChainOpened) -> Life:
        world = self.world
        if not opened.notice_days:
            return
        yield self.later(0, 1)
        posted = PostNotice(issue=self.issue, chain=opened.chain, posted_on=world.today, place="村务公开栏")
        world.ask(self.village.secretary.person, posted)
        yield world.at(world.today + timedelta(days=opened.notice_days + 1))

    def sent_back(self, opened: ChainOpened) -> Life:
        """The first to sign wants it checked anew."""
        yield self.later(0, 2)
        first = self.signers[opened.stages[0].seats[0].posts[0]]
        back = SendBack(issue=self.issue, chain=opened.chain, to="check", reason="佐证不足,请再到现场核查")
        self.world.ask(first.person, back)
        yield self.later(1, 4)
        self.check(opened.chain, passed=True)
        yield from self.notice(opened)

    def signed(self, signer: Officer, chain: ChainId) -> Generator[datetime, None, bool]:
        def signature() -> SignOff:
            shown = self.world.shown(self.issue)
            return SignOff(
                issue=self.issue, chain=chain, opinion="同意销号", shown=shown.position, shown_digest=shown.digest
            )

        done = yield from patiently(self.world, signer.person, signature)
        return done

    def looked_back(self) -> bool:
        """Whether it holds: one of twenty does not, and begins a new round."""
        world = self.world
        holds = world.chance(0.95)
        self.due = world.today + timedelta(days=world.between(10, 30))
        world.ask(
            self.supervisor.person,
            LookBack(
                issue=self.issue,
                holds=holds,
                findings="现场回访,没有反弹" if holds else "现场回访,问题反弹",
                looked_on=world.today,
                deadline=None if holds else self.deadline(),
            ),
        )
        return holds
