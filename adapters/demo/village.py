"""八面村: households and the three books, presence, visits, meetings, pledges, a sweep, exits, monitoring, a draw, a
comparison and a merit, so that there is something true to see of each. Nobody who is kept in the vault exists."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Final

from adapters.bootstrap import Application
from adapters.demo.cast import COUNTY, holder
from adapters.demo.lives import HEADQUARTERS, PAIRS, SUPERVISOR
from adapters.demo.script import Script, on
from adapters.vault import comparing
from adapters.vault.intake import HouseholdIntake, register
from adapters.vault.roster import read_roster
from domain.attendance import ApproveLeave, ReportDay, RequestLeave
from domain.books import PlanHelp, ReportHelp, SurveyHousehold
from domain.command import Act, Command
from domain.commendation import GiveMerit, MeritKind
from domain.comparison import RosterKind
from domain.exiting import AnnounceExit, PostExitNotice, ProposeExit, SignExit, TakeExitStep, VerifyExit
from domain.households import AssignCover, Category, ListVillage, PairHousehold, RecordRank
from domain.ids import (
    ChainId,
    ClueId,
    CoverId,
    DecisionId,
    DrawId,
    HouseholdId,
    IncidenceId,
    IssueId,
    ItemId,
    LeaveId,
    MeritId,
    PairingId,
    PersonId,
    PledgeId,
    RegionId,
    SweepId,
    TaskListId,
    UnitId,
    VisitId,
)
from domain.indicators import AssessIndicators, Assessment
from domain.issues import Deadline
from domain.meetings import MakeDecision, ReportDecision, SettleDecision
from domain.monitoring import IdentifyRisk, PostClueNotice, ReportClue
from domain.organisation import EstablishUnit
from domain.pledges import SignPledge
from domain.policy import AdoptPolicy, ExitStep, Pairing, Policy, Rank, Severity, packaged
from domain.posts import Post
from domain.responsibility import NameResponsible
from domain.reverse_check import Asked, CheckClaim, ClaimsDrawn
from domain.sweeps import Finding, OpenSweep, SweepHousehold
from domain.vault import Particulars, completed
from domain.visits import RecordVisit
from services import draws, incidence, task_lists
from services.exits import show

BAMIAN: Final = RegionId("region-451226104212")
MINGLUN: Final = RegionId("region-451226104")
TEAM: Final = UnitId("unit-451226-bamian-team")
CLERK, FIRST_SECRETARY, MEMBER = (
    holder(Post.TOWNSHIP_CLERK, MINGLUN),
    holder(Post.FIRST_SECRETARY, BAMIAN),
    holder(Post.TEAM_MEMBER, BAMIAN),
)
TOWNSHIP_SECRETARY = holder(Post.TOWNSHIP_SECRETARY, MINGLUN)
COUNTY_SECRETARY, COUNTY_MAGISTRATE = holder(Post.COUNTY_SECRETARY, COUNTY), holder(Post.COUNTY_MAGISTRATE, COUNTY)
ORGANISER = holder(Post.ORGANISER, COUNTY)
HOMES: Final = tuple(HouseholdId(f"household-451226104212-{number:03}") for number in range(11, 19))
"""Among them 017, of which the village found two issues."""
PEOPLE: Final = ("户主甲", "成员乙", "成员丙", "成员丁")
SWEEP: Final = SweepId("sweep-bamian-water")


def rules(first: Policy) -> Policy:
    """The second version of the county's pack in this story: caps, visits and sweeps come to what it had."""
    visits, sweeps = packaged("huaihua").duty, packaged("tongyu").sweeps
    assert visits
    assert first.duty
    return first.model_copy(
        update={
            "version": first.version + 1,
            "source": f"{first.source}演示另加:结对上限、走访任务和大排查。",
            "pairing": Pairing(division=6, section=5, staff=3),
            "sweeps": sweeps,
            "duty": first.duty.model_copy(update={"visits": visits.visits}),
        }
    )


class Village:
    """村: what its people did, beside its issues."""

    def __init__(self, script: Script, policy: Policy, chief: PersonId, unit: UnitId) -> None:
        self.script, self.policy, self.chief, self.unit = script, policy, chief, unit
        self.numbers = count(1)
        self.found()
        self.books()
        self.duty()
        self.meetings()
        self.pledges()
        self.sweep()
        self.exits()
        self.watch()
        self.check()
        self.compare()
        self.merit()

    def ask(self, day: date, clock: str, by: PersonId, command: Command) -> None:
        self.script.ask(on(day, clock), by, command)

    def found(self) -> None:
        """A poor village on the list, covered, with somebody who answers for it, and eight households."""
        day = date(2019, 9, 24)
        self.ask(day, "09:00", HEADQUARTERS, ListVillage(region=BAMIAN, since=date(2016, 1, 1)))
        team = EstablishUnit(unit=TEAM, name="八面村驻村工作队", kind="team", region=COUNTY)
        self.ask(day, "09:10", ORGANISER, team)
        for kind, covering in (
            ("team", {"unit": TEAM}),
            ("leader", {"person": COUNTY_MAGISTRATE}),
            ("department", {"unit": self.unit}),
        ):
            told = {"cover": CoverId(f"cover-bamian-{kind}"), "region": BAMIAN, "kind": kind, "since": day, **covering}
            self.ask(day, "09:20", HEADQUARTERS, AssignCover.model_validate(told))
        answers = holder(Post.TOWNSHIP_FIRST_SECRETARY, MINGLUN)
        self.ask(
            day, "09:40", COUNTY_SECRETARY, NameResponsible(region=BAMIAN, person=answers, reason="党委第一书记包村")
        )
        change = NameResponsible(region=BAMIAN, person=self.chief, before=answers, reason="大村长脱产驻村,由其负总责")
        self.ask(date(2019, 11, 20), "16:00", COUNTY_SECRETARY, change)
        for number, home in enumerate(HOMES):
            self.script.have(on(day, "10:00"), CLERK, self.taking_in(home, number))
        for person, rank in ((self.chief, Rank.SECTION), (FIRST_SECRETARY, Rank.STAFF), (MEMBER, Rank.STAFF)):
            self.ask(day, "11:00", ORGANISER, RecordRank(person=person, rank=rank, since=date(2019, 1, 1)))
        self.ask(
            date(2019, 11, 25),
            "09:00",
            HEADQUARTERS,
            AdoptPolicy(region=COUNTY, policy=rules(self.policy), since=date(2019, 11, 25)),
        )

    def taking_in(self, home: HouseholdId, number: int) -> Callable[[Application, Act], object]:
        asked = HouseholdIntake(
            household=home,
            region=BAMIAN,
            hamlet=("甲屯", "乙屯")[number % 2],
            category=Category.REGISTERED if number < 6 else Category.MARGINAL,
            members=tuple(
                Particulars(name=name, id_number=nobody(number) if name == PEOPLE[0] else None)
                for name in PEOPLE[: 2 + number % 3]
            ),
            identified_on=date(2016, 1, 10),
        )
        return lambda house, act: register(house.ledger, house.vault, asked, act)

    # The three books

    def books(self) -> None:
        """Surveyed, each with somebody who helps but the last, planned for and reported on; then the month's list."""
        cadres = (self.chief, self.chief, self.chief, FIRST_SECRETARY, FIRST_SECRETARY, MEMBER, self.chief)
        for number, (home, cadre) in enumerate(zip(HOMES, cadres, strict=False)):
            day = date(2019, 10, 8) + timedelta(days=number)
            pairing = PairingId(f"pairing-bamian-{number}")
            self.ask(day, "09:00", CLERK, PairHousehold(household=home, pairing=pairing, person=cadre, since=day))
            causes = (("缺技术",), ("缺资金", "缺技术"), ("因病",))[number % 3]
            survey = SurveyHousehold(household=home, causes=causes, findings="有劳动力在家,愿意养殖", surveyed_on=day)
            self.ask(day, "15:00", FIRST_SECRETARY, survey)
            item = ItemId(f"item-bamian-{number}")
            plan = PlanHelp(
                household=home, item=item, category="产业", measure="发放鸭苗30羽,统一回收", due=date(2020, 1, 31)
            )
            self.ask(day, "16:00", cadre, plan)
            for later, done in ((30, False), (70, number % 2 == 0)):
                when = day + timedelta(days=later)
                progress = "已出栏,收入到户" if done else "鸭苗已发放,长势良好"
                report = ReportHelp(household=home, item=item, progress=progress, done=done, occurred_on=when)
                self.ask(when, "19:00", cadre, report)
        for month in (date(2019, 12, 1), date(2020, 1, 1)):
            tasklist = TaskListId(f"tasklist-bamian-{month:%Y-%m}")
            self.script.have(on(month, "10:00"), HEADQUARTERS, self.listing(tasklist, month))

    def listing(self, tasklist: TaskListId, month: date) -> Callable[[Application, Act], object]:
        return lambda house, act: task_lists.publish(house.ledger, tasklist, TEAM, month, act)

    # Duty

    def duty(self) -> None:
        """A month and a half of days in the village, a leave of three of them, and visits."""
        for day in workdays(date(2019, 12, 2), date(2020, 1, 10)):
            for person, clock in ((self.chief, "20:10"), (FIRST_SECRETARY, "20:30"), (MEMBER, "20:50")):
                late = person == MEMBER and day.day % 9 == 0
                told = ReportDay(region=BAMIAN, on=day, presence="village", work="入户走访,督促整改")
                self.ask(day, "21:40" if late else clock, person, told)
        leave = LeaveId("leave-bamian-1")
        span = {"since": date(2019, 12, 25), "until": date(2019, 12, 27)}
        asked = RequestLeave(leave=leave, region=BAMIAN, kind="family", reason="回家照料老人", **span)
        self.ask(date(2019, 12, 23), "10:00", MEMBER, asked)
        self.ask(date(2019, 12, 23), "15:00", TOWNSHIP_SECRETARY, ApproveLeave(leave=leave, opinion="同意"))
        waiting = {"since": date(2020, 1, 15), "until": date(2020, 1, 16)}
        soon = RequestLeave(
            leave=LeaveId("leave-bamian-2"), region=BAMIAN, kind="personal", reason="办理家事", **waiting
        )
        self.ask(date(2020, 1, 12), "11:00", FIRST_SECRETARY, soon)
        for number, home in enumerate(HOMES[:5]):
            day = date(2020, 1, 2) + timedelta(days=number)
            self.visit(day, (self.chief, FIRST_SECRETARY)[number > 2], home)
        self.visit(date(2019, 12, 11), COUNTY_SECRETARY)
        self.visit(date(2020, 1, 8), COUNTY_MAGISTRATE)

    def visit(self, day: date, by: PersonId, home: HouseholdId | None = None) -> None:
        findings = "鸭苗成活率高,饮水已到户" if home else "与村干部座谈,察看管网"
        visit = VisitId(f"visit-bamian-{next(self.numbers)}")
        told = RecordVisit(visit=visit, region=BAMIAN, household=home, occurred_on=day, findings=findings)
        self.ask(day, "17:30", by, told)

    def meetings(self) -> None:
        """What Sunday meetings decided: one settled, one overdue, one still to come."""
        for number, (held, due, matter) in enumerate(
            (
                (date(2019, 12, 8), date(2019, 12, 15), "三日内落实管网入户资金"),
                (date(2019, 12, 22), date(2020, 1, 5), "逐户核对屋顶漏雨情况"),
                (date(2020, 1, 12), date(2020, 1, 20), "春节前完成农贸市场摊位分配"),
            )
        ):
            decision = DecisionId(f"decision-bamian-{number}")
            made = MakeDecision(
                decision=decision,
                region=COUNTY,
                meeting="weekly",
                held_on=held,
                matter=matter,
                responsible=self.chief,
                due=due,
            )
            self.ask(held, "18:00", HEADQUARTERS, made)
            if number == 0:
                done = date(2019, 12, 13)
                report = ReportDecision(decision=decision, progress="资金已到位", done=True, occurred_on=done)
                self.ask(done, "17:00", self.chief, report)
                settled = SettleDecision(decision=decision, done=True, findings="已查凭证")
                self.ask(date(2019, 12, 16), "09:00", SUPERVISOR, settled)

    def pledges(self) -> None:
        """The two heads of each level, but the village's director, who has yet to sign."""
        text = "如期高质量完成脱贫攻坚任务,不落一户一人。"
        places = {"county": COUNTY, "township": MINGLUN, "village": BAMIAN}
        for level, place in places.items():
            for post in PAIRS[level]:
                pledge = SignPledge(
                    pledge=PledgeId(f"pledge-{place.code}-{post.value.replace('_', '-')}"),
                    region=place,
                    title="2020年脱贫攻坚承诺书",
                    promise=text,
                    text_digest=sha256(text.encode()).hexdigest(),
                    due=date(2020, 12, 31),
                )
                if post is not Post.VILLAGE_DIRECTOR:
                    self.ask(date(2020, 1, 2), "16:00", holder(post, place), pledge)

    def sweep(self) -> None:
        """From door to door for water: two doors are left, and one household's was found bad."""
        day = date(2019, 12, 10)
        self.ask(day, "09:00", CLERK, OpenSweep(sweep=SWEEP, region=BAMIAN, rule="water", opened_on=day))
        for number, home in enumerate(HOMES[:-2]):
            found = Finding(
                issue=IssueId.derived("bamian", "water"), severity=Severity.MINOR, deadline=by_day(date(2020, 1, 30))
            )
            swept = SweepHousehold(
                sweep=SWEEP,
                household=home,
                findings="水质检测不合格" if number == 5 else "水质合格,水量充足",
                swept_on=day + timedelta(days=1 + number // 2),
                found=found if number == 5 else None,
            )
            self.ask(day + timedelta(days=1 + number // 2), "15:30", MEMBER, swept)

    # Leaving poverty, and watching over those who might fall back

    def exits(self) -> None:
        """One household exited, one that waits for the township's pair, one on notice, and what share is left."""
        codes = tuple(self.policy.indicators("household"))
        for number, home in enumerate(HOMES[:3]):
            day = date(2019, 12, 3) + timedelta(days=(0, 12, 34)[number])
            met = tuple(Assessment(indicator=code, met=True) for code in codes)
            self.ask(day, "09:00", FIRST_SECRETARY, AssessIndicators(subject=home, assessments=met, assessed_on=day))
            chain = ChainId(f"chain-exit-bamian-{number}")
            self.ask(day, "10:00", CLERK, ProposeExit(chain=chain, subject=home, statement="两不愁三保障已实现"))
            review = TakeExitStep(
                chain=chain,
                step=ExitStep.DEMOCRATIC_REVIEW,
                passed=True,
                present=31,
                in_favour=30,
                findings="村民代表会议通过",
                taken_on=day,
            )
            self.ask(day, "15:00", FIRST_SECRETARY, review)
            check = VerifyExit(chain=chain, passed=True, findings="入户核实,情况属实", checked_on=day)
            self.ask(day, "16:00", MEMBER, check)
            consent = TakeExitStep(chain=chain, step=ExitStep.CONSENT, passed=True, findings="户主认可", taken_on=day)
            self.ask(day, "17:00", FIRST_SECRETARY, consent)
            notice = PostExitNotice(chain=chain, posted_on=day, place="村务公开栏")
            self.ask(day, "18:00", FIRST_SECRETARY, notice)
            levels = ("village", "township")[: 2 - number]
            signing = day + timedelta(days=8)
            for clock, (place, post) in zip(("09:10", "09:40", "15:00", "15:20"), signers(levels), strict=False):
                self.sign(on(signing, clock), holder(post, place), chain)
            if number == 0:
                told = AnnounceExit(chain=chain, announced_on=signing, place="村务公开栏")
                self.ask(signing, "17:00", FIRST_SECRETARY, told)
        number_of = IncidenceId("incidence-bamian-2019")
        self.script.have(on(date(2020, 1, 6), "10:00"), HEADQUARTERS, counting(number_of))

    def sign(self, at: datetime, by: PersonId, chain: ChainId) -> None:
        """On exactly what stands at that moment."""

        def signs(house: Application, act: Act) -> object:
            shown = show(house.facts, chain, act).shown
            command = SignExit(chain=chain, opinion="同意退出", shown=shown.position, shown_digest=shown.digest)
            return house.ledger.execute(command, act)

        self.script.have(at, by, signs)

    def watch(self) -> None:
        """防返贫监测: a clue, its notice, and what it was identified as."""
        home, clue = HOMES[-1], ClueId("clue-bamian-1")
        day = date(2019, 12, 16)
        matter = "主要劳动力住院,自付费用较高"
        self.ask(
            day, "11:00", MEMBER, ReportClue(household=home, clue=clue, source="入户排查", matter=matter, found_on=day)
        )
        posted = PostClueNotice(household=home, clue=clue, posted_on=date(2019, 12, 18), place="村务公开栏")
        self.ask(date(2019, 12, 18), "09:00", CLERK, posted)
        known = date(2019, 12, 27)
        self.ask(
            known,
            "10:00",
            CLERK,
            IdentifyRisk(household=home, clue=clue, kind="sudden", reason="因病支出骤增", identified_on=known),
        )

    # Checked from outside, and thanked

    def check(self) -> None:
        """反向核查: three of the chief's claims of December are drawn; one holds, one does not, one is unchecked."""
        draw = DrawId("draw-bamian-1")
        asked = Asked(BAMIAN, self.chief, date(2019, 12, 1), date(2019, 12, 31), 3)
        day = date(2020, 1, 7)
        self.script.have(on(day, "09:00"), SUPERVISOR, lambda house, act: draws.draw(house.ledger, draw, asked, act))
        self.script.have(on(day, "15:00"), SUPERVISOR, checking(draw, 0, "村民证实当日在村", None))
        issue = IssueId.derived("bamian", "contradicted")
        self.script.have(on(day, "15:30"), SUPERVISOR, checking(draw, 1, "当日所报与村民所述不符", issue))

    def compare(self) -> None:
        """大数据比对: a register of cars has somebody of one household in it, which becomes an issue to look into."""
        roster = read_roster("\n".join(("身份证号", *map(nobody, (6, 501, 502)))).encode())

        def compares(house: Application, act: Act) -> object:
            wanted = comparing.asked(RosterKind.CARS, BAMIAN, act, roster_on=date(2019, 12, 31))
            return comparing.compare(house.ledger, house.vault, roster, wanted, act)

        self.script.have(on(date(2020, 1, 8), "10:30"), SUPERVISOR, compares)

    def merit(self) -> None:
        given = GiveMerit(
            merit=MeritId("merit-bamian-1"),
            on=FIRST_SECRETARY,
            region=COUNTY,
            kind=MeritKind.PRAISE,
            reasons="管网入户和摸排工作扎实",
            decided_on=date(2020, 1, 9),
        )
        self.ask(date(2020, 1, 9), "10:00", COUNTY_SECRETARY, given)


def nobody(number: int) -> str:
    """An identity number that nobody has: of a division that there is not."""
    return completed(f"999999600101{number:03}")


def workdays(since: date, until: date) -> Iterator[date]:
    days = (since + timedelta(days=number) for number in range((until - since).days + 1))
    return (day for day in days if day.isoweekday() < 7)


def by_day(due: date) -> Deadline:
    return Deadline(due=due, precision="day", long_term=False)


def signers(levels: tuple[str, ...]) -> Iterator[tuple[RegionId, Post]]:
    for level in levels:
        for post in PAIRS[level]:
            yield {"village": BAMIAN, "township": MINGLUN}[level], post


def counting(number: IncidenceId) -> Callable[[Application, Act], object]:
    return lambda house, act: incidence.record(house.ledger, number, BAMIAN, 1_200, act)


def checking(draw: DrawId, which: int, findings: str, issue: IssueId | None) -> Callable[[Application, Act], object]:
    """What was found of the so-manyeth claim that was drawn; an issue where it does not hold."""

    def checks(house: Application, act: Act) -> object:
        drawn = next(fact.event for fact in house.facts.about(draw) if isinstance(fact.event, ClaimsDrawn))
        wrong = {"issue": issue, "severity": Severity.MINOR, "deadline": by_day(date(2020, 1, 25))} if issue else {}
        command = CheckClaim(
            draw=draw,
            position=drawn.claims[which].position,
            holds=issue is None,
            findings=findings,
            checked_on=act.today,
            **wrong,
        )
        return house.ledger.execute(command, act)

    return checks
