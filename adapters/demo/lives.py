"""问题的一生: one issue of the story, told forward: planned, reported, applied for, checked, signed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from adapters.demo.cast import CITY, COUNTY, holder
from adapters.demo.papers import Paper, document, photo
from adapters.demo.script import Script, on
from adapters.demo.texts import OPINIONS, WORDING, Wording
from domain.escalation import AnswerEscalation, Escalate
from domain.evidence import Evidence
from domain.ids import ChainId, EscalationId, ExtensionId, IssueId, PersonId, RegionId, StepId, UnitId
from domain.issues import Deadline
from domain.policy import Policy, Severity
from domain.posts import Post
from domain.rectification import DenyExtension, GrantExtension, PlanStep, ReportStep, RequestExtension
from domain.registration import AssignIssue
from domain.signoff import ApplyForWriteOff, CheckOnSite, LookBack, PostNotice

PAIRS: dict[str, tuple[Post, Post]] = {
    "village": (Post.VILLAGE_SECRETARY, Post.VILLAGE_DIRECTOR),
    "township": (Post.TOWNSHIP_SECRETARY, Post.TOWNSHIP_HEAD),
    "county": (Post.COUNTY_SECRETARY, Post.COUNTY_MAGISTRATE),
    "city": (Post.CITY_SECRETARY, Post.CITY_MAYOR),
}
_FIRST_SIGNATURE = {"village": "09:10", "township": "15:20", "county": "16:40", "city": "10:30"}
"""When a level's pair signs: the village and the township on the first day, the county on the next, the city last."""
_DAYS_LATER = {"village": 0, "township": 0, "county": 1, "city": 2}

HEADQUARTERS, SUPERVISOR = holder(Post.HEADQUARTERS, COUNTY), holder(Post.SUPERVISOR, COUNTY)


@dataclass
class Life:
    """An issue, those who answer for it, and how often something of a kind has happened to it."""

    script: Script
    policy: Policy
    issue: IssueId
    number: int
    region: RegionId
    category: str
    severity: Severity
    due: date | None
    unit: UnitId
    leader: PersonId
    officer: PersonId
    steps: int = 0
    chains: int = 0
    asked: int = 0

    @property
    def wording(self) -> Wording:
        return WORDING[self.category]

    @property
    def town(self) -> RegionId:
        return self.region.at("township") or self.region

    @property
    def clerk(self) -> PersonId:
        return holder(Post.TOWNSHIP_CLERK, self.town)

    def post(self, post: Post) -> PersonId:
        """Who holds an office where the issue lies."""
        place = {"village": self.region, "township": self.town, "county": COUNTY, "city": CITY}[post.level]
        return holder(post, place)

    def clock(self, hour: int) -> str:
        """A time of day within the hour, another for every issue."""
        return f"{hour:02}:{self.number * 7 % 60:02}"

    def name(self, kind: str, number: int) -> str:
        return f"{self.issue.removeprefix('issue-')}-{kind}{number}"

    # Rectifying

    def assign(self, at: datetime) -> None:
        command = AssignIssue(issue=self.issue, unit=self.unit, leader=self.leader, person=self.officer)
        self.script.ask(at, self.clerk, command)

    def reassign(self, at: datetime, officer: PersonId, reason: str) -> None:
        self.officer = officer
        command = AssignIssue(issue=self.issue, unit=self.unit, leader=self.leader, person=officer, reason=reason)
        self.script.ask(at, self.clerk, command)

    def plan(self, day: date, measure: str | None = None, *, funds: int | None = None) -> StepId:
        self.steps += 1
        step = StepId(f"step-{self.name('', self.steps)}")
        command = PlanStep(
            issue=self.issue,
            step=step,
            measure=measure or self.wording.measure,
            due=self.due if self.due and self.due >= day else None,
            planned_funds=funds,
        )
        self.script.ask(on(day, self.clock(10)), self.officer, command)
        return step

    def report(
        self,
        day: date,
        step: StepId,
        progress: str | None = None,
        *,
        done: bool = False,
        papers: Sequence[Paper] = (),
        funds: int | None = None,
        happened: date | None = None,
    ) -> None:
        """By 21:00 of the day, as the county asks of its work groups."""
        command = ReportStep(
            issue=self.issue,
            step=step,
            progress=progress or (self.wording.done if done else self.wording.progress),
            done=done,
            occurred_on=happened or day,
            spent_funds=funds,
            evidence=tuple(self.hand_in(paper) for paper in papers),
        )
        self.script.ask(on(day, self.clock(20)), self.officer, command)

    def hand_in(self, paper: Paper) -> Evidence:
        self.script.files[paper.evidence.file] = paper.content
        return paper.evidence

    def photo(self, what: str) -> Paper:
        return photo(f"{self.number}号问题{what}照片")

    def document(self, what: str) -> Paper:
        return document(f"{self.number}号问题{what}", f"{self.wording.measure}。{self.wording.done}。")

    def done(self, day: date, step: StepId, *, papers: Sequence[Paper] | None = None) -> None:
        self.report(day, step, done=True, papers=(self.photo("完工"),) if papers is None else papers)

    # Asking for help and for time

    def escalate(self, at: datetime, to: str, matter: str, by: PersonId | None = None) -> EscalationId:
        self.asked += 1
        escalation = EscalationId(f"escalation-{self.name('', self.asked)}")
        person = by or (self.clerk if to == "county" else self.post(Post.VILLAGE_SECRETARY))
        command = Escalate.model_validate({"issue": self.issue, "escalation": escalation, "to": to, "matter": matter})
        self.script.ask(at, person, command)
        return escalation

    def answer(self, at: datetime, escalation: EscalationId, answer: str, by: PersonId = HEADQUARTERS) -> None:
        self.script.ask(at, by, AnswerEscalation(issue=self.issue, escalation=escalation, answer=answer))

    def ask_for_time(self, at: datetime, due: date, reason: str) -> ExtensionId:
        extension = ExtensionId(f"extension-{self.name('', 1)}")
        command = RequestExtension(issue=self.issue, extension=extension, due=due, reason=reason)
        self.script.ask(at, self.officer, command)
        return extension

    def grant(self, at: datetime, extension: ExtensionId, due: date, by: PersonId, opinion: str) -> None:
        self.due = due
        self.script.ask(at, by, GrantExtension(issue=self.issue, extension=extension, opinion=opinion))

    def deny(self, at: datetime, extension: ExtensionId, by: PersonId, reason: str) -> None:
        self.script.ask(at, by, DenyExtension(issue=self.issue, extension=extension, reason=reason))

    # Writing off

    def apply(self, day: date, statement: str | None = None) -> ChainId:
        self.chains += 1
        chain = ChainId(f"chain-{self.name('', self.chains)}")
        command = ApplyForWriteOff(
            issue=self.issue,
            chain=chain,
            statement=statement or f"{self.wording.done}。申请销号。",
            evidence=(self.hand_in(self.document("整改报告")),) if self.severity is not Severity.MINOR else (),
        )
        self.script.ask(on(day, self.clock(11)), self.officer, command)
        return chain

    def check(self, day: date, chain: ChainId, *, passed: bool = True, findings: str | None = None) -> None:
        minor = self.severity is Severity.MINOR
        command = CheckOnSite(
            issue=self.issue,
            chain=chain,
            passed=passed,
            findings=findings or self.wording.findings,
            checked_on=day,
            evidence=() if minor else (self.hand_in(self.photo(f"{day.isoformat()}核查")),),
        )
        self.script.ask(on(day, self.clock(14)), self.clerk if minor else SUPERVISOR, command)

    @property
    def notice_days(self) -> int:
        return self.policy.closure(self.severity).notice_days

    def notice(self, day: date, chain: ChainId) -> date:
        """Posts it, and says on which day it may be signed."""
        place = PostNotice(issue=self.issue, chain=chain, posted_on=day, place="村务公开栏、乡镇政务公开栏")
        self.script.ask(on(day, self.clock(9)), self.clerk, place)
        return day + timedelta(days=self.notice_days + 1)

    def levels(self) -> list[str]:
        return [stage.level for stage in self.policy.closure(self.severity).stages]

    def sign(self, day: date, chain: ChainId, levels: Sequence[str] | None = None) -> date:
        """All of these levels, a pair after the other, and the day of the last signature."""
        last = day
        for level in levels if levels is not None else self.levels():
            last = day + timedelta(days=_DAYS_LATER[level])
            start = on(last, _FIRST_SIGNATURE[level]) + timedelta(minutes=self.number % 37)
            for minutes, post in zip((0, 23), PAIRS[level], strict=True):
                opinion = OPINIONS[(self.number + minutes + len(level)) % len(OPINIONS)]
                self.script.sign(start + timedelta(minutes=minutes), self.post(post), self.issue, chain, opinion)
        return last

    def checked(self, day: date) -> tuple[ChainId, date]:
        """Applied for, checked the next day, on notice the day after where one is asked: the chain, and the day on
        which signing can begin."""
        chain = self.apply(day)
        self.check(day + timedelta(days=1), chain)
        if not self.notice_days:
            return chain, day + timedelta(days=2)
        return chain, self.notice(day + timedelta(days=2), chain)

    def close(self, day: date) -> date:
        """From an application to the last signature, with nothing in the way."""
        chain, start = self.checked(day)
        return self.sign(start, chain)

    def look_back(self, day: date, findings: str, *, relapse_due: date | None = None) -> None:
        deadline = Deadline(due=relapse_due, precision="day", long_term=False) if relapse_due else None
        command = LookBack(
            issue=self.issue,
            holds=relapse_due is None,
            findings=findings,
            looked_on=day,
            evidence=(self.hand_in(self.photo("回头看")),),
            deadline=deadline,
        )
        self.script.ask(on(day, self.clock(15)), SUPERVISOR, command)
        if relapse_due:
            self.due = relapse_due
