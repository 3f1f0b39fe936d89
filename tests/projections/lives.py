"""Made-up but lawful lives of issues, chains, lists and cases, as recorded facts; the same seed gives the same ones."""

from collections.abc import Generator, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import count
from random import Random

from domain.accountability import (
    AppealDecided,
    Binding,
    CaseClosed,
    CaseDropped,
    CaseOpened,
    Effect,
    MeasureAppealed,
    MeasureDecided,
    MeasureKind,
    MeasureLifted,
)
from domain.chains import (
    ChainOpened,
    ChainWithdrawn,
    Checked,
    NoticePosted,
    ObjectionRaised,
    ObjectionSettled,
    SentBack,
    SignatureRefused,
    SignedOff,
)
from domain.evidence import Evidence
from domain.fact import CHINA, Event, Recorded
from domain.ids import (
    AppealId,
    AppointmentId,
    BoardId,
    CaseId,
    ChainId,
    EditionId,
    EscalationId,
    EvidenceId,
    ExtensionId,
    HouseholdId,
    ImportId,
    IssueId,
    MeasureId,
    ObjectionId,
    PersonId,
    RegionId,
    RuleId,
    StepId,
    UnitId,
)
from domain.issues import (
    ClaimedByWorkbook,
    Deadline,
    Escalated,
    EscalationAnswered,
    ExtensionDenied,
    ExtensionGranted,
    ExtensionRequested,
    IssueAssigned,
    IssueClosed,
    IssueRegistered,
    IssueRegraded,
    IssueReopened,
    IssueWithdrawn,
    LookedBack,
    StepPlanned,
    StepReported,
)
from domain.organisation import PersonRegistered, UnitDissolved, UnitEstablished
from domain.policy import Seat, Severity, Stage
from domain.posts import Appointed, LedgerOpened, Post, Relieved
from domain.rankings import (
    EditionCorrected,
    EditionObjected,
    EditionObjectionAnswered,
    EditionPublished,
    Indicator,
    Period,
    ScoredComponent,
    Standing,
)
from domain.regions import RegionAbolished, RegionEstablished, RegionRenamed

COUNTY = RegionId("region-451226")
TOWNS = tuple(RegionId(f"region-4512261{n:02d}") for n in range(4))
VILLAGES = tuple(RegionId(f"{town}2{n:02d}") for town in TOWNS for n in range(5))
PEOPLE = tuple(PersonId(f"person-{n}") for n in range(60))
UNITS = tuple(UnitId(f"unit-{n}") for n in range(12))
STAGES = (
    Stage(level="village", seats=(Seat(posts=(Post.VILLAGE_SECRETARY,)), Seat(posts=(Post.VILLAGE_DIRECTOR,)))),
    Stage(level="township", seats=(Seat(posts=(Post.TOWNSHIP_SECRETARY,)), Seat(posts=(Post.TOWNSHIP_HEAD,)))),
)
START = datetime(2019, 1, 5, 1, tzinfo=UTC)

Life = Iterator[tuple[PersonId, Event]]


class Clock:
    """The day that facts say they happened on, moved by whoever records them."""

    now = START

    @property
    def today(self) -> date:
        return self.now.astimezone(CHINA).date()


def recorded(acts: Iterable[tuple[PersonId, Event]], clock: Clock, random: Random) -> Iterator[Recorded]:
    """These acts as facts in their places, seconds to days apart."""
    for position, (by, event) in enumerate(acts, 1):
        yield Recorded(position, event, by, clock.now, clock.now, sha256(str(position).encode()).hexdigest())
        clock.now += timedelta(seconds=random.choice((0, 5, 5, 60, 3600, 40_000)))


def facts(seed: int, many: int, at_once: int = 30) -> Iterator[Recorded]:
    """So many facts, of lives that go on side by side."""
    random, clock, numbers = Random(seed), Clock(), count(1)

    def acts() -> Life:
        yield from founding(clock)
        living: list[Life] = []
        while True:
            while len(living) < at_once:
                living.append(a_life(random, clock, next(numbers)))
            one = random.choice(living)
            try:
                yield next(one)
            except StopIteration:
                living.remove(one)

    return (fact for fact, _ in zip(recorded(acts(), clock, random), range(many), strict=False))


def founding(clock: Clock) -> Life:
    root = PEOPLE[0]
    yield (
        root,
        LedgerOpened(
            region=COUNTY, organiser=root, appointment=AppointmentId("appointment-founding"), since=clock.today
        ),
    )
    for region in (COUNTY, *TOWNS, *VILLAGES):
        yield root, RegionEstablished(region=region, name=f"明伦镇{region[-3:]}", since=clock.today)
    for n, person in enumerate(PEOPLE[:8]):
        yield root, PersonRegistered(person=person, name=f"韦{chr(0x4E00 + n * 37)}", region=TOWNS[n % 4])
    for n, unit in enumerate(UNITS[:3]):
        yield root, UnitEstablished(unit=unit, name=f"交通局{n}", kind="department", region=COUNTY)


def a_life(random: Random, clock: Clock, number: int) -> Life:
    if number % 10 == 3:
        return an_edition(random, clock, number)
    if number % 10 == 7:
        return a_career(random, clock, number)
    return an_issue(random, clock, number)


def a_career(random: Random, clock: Clock, number: int) -> Life:
    who, appointment = random.choice(PEOPLE), AppointmentId(f"appointment-{number}")
    village = random.choice(VILLAGES)
    yield (
        PEOPLE[0],
        Appointed(
            appointment=appointment,
            person=who,
            post=Post.FIRST_SECRETARY,
            region=village,
            unit=random.choice((None, *UNITS)),
            since=clock.today,
        ),
    )
    if random.random() < 0.5:
        yield PEOPLE[0], Relieved(appointment=appointment, person=who, on=clock.today, reason="轮换")
    if random.random() < 0.2:
        yield PEOPLE[0], RegionRenamed(region=village, name=f"百祥村{number}", since=clock.today)
    if random.random() < 0.1:
        yield PEOPLE[0], RegionAbolished(region=village, on=clock.today)
        yield PEOPLE[0], RegionEstablished(region=village, name="百祥村", since=clock.today)
    if random.random() < 0.1:
        yield PEOPLE[0], UnitDissolved(unit=UNITS[0], on=clock.today)


def an_edition(random: Random, clock: Clock, number: int) -> Life:
    edition, board = EditionId(f"edition-{number}"), BoardId("board-towns")
    who = random.choice(PEOPLE)

    def standings() -> tuple[Standing, ...]:
        order = random.sample(TOWNS, len(TOWNS))
        counted = (ScoredComponent(indicator=Indicator.CLOSED_ON_TIME, count=number, points=number * 10),)
        return tuple(
            Standing(
                subject=town,
                rank=rank,
                score=10_000 - rank * 100,
                components=counted,
                listed="red" if rank == 1 else "black" if rank == 4 else None,
                by_last_word=False,
            )
            for rank, town in enumerate(order, 1)
        )

    yield (
        who,
        EditionPublished(
            edition=edition,
            board=board,
            region=COUNTY,
            number=number,
            rule=RuleId("rule-1"),
            rule_version=1,
            period=Period(since=date(2019, 1, 1), until=date(2019, 1, 31)),
            cut_off=number,
            standings=standings(),
        ),
    )
    if random.random() < 0.5:
        objection, town = ObjectionId(f"objection-e{number}"), random.choice(TOWNS)
        yield (
            who,
            EditionObjected(
                objection=objection, edition=edition, board=board, subject=town, revision=0, matter="漏计一件"
            ),
        )
        upheld = random.random() < 0.5
        yield (
            who,
            EditionObjectionAnswered(
                objection=objection, edition=edition, board=board, subject=town, upheld=upheld, answer="已复核"
            ),
        )
        if upheld:
            yield (
                who,
                EditionCorrected(
                    edition=edition,
                    board=board,
                    region=COUNTY,
                    revision=1,
                    cut_off=number + 1,
                    objection=objection,
                    excluded=(),
                    reason="更正",
                    standings=standings(),
                ),
            )
    yield from a_case(random, clock, number, edition)


def a_case(random: Random, clock: Clock, number: int, edition: EditionId) -> Life:
    case, measure = CaseId(f"case-{number}"), MeasureId(f"measure-{number}")
    who, on = random.choice(PEOPLE), random.choice((*TOWNS, *UNITS, *PEOPLE))
    yield (
        who,
        CaseOpened(
            case=case,
            subject=on,
            region=COUNTY,
            reason="black_running",
            grounds=(edition,),
            matter="连续两期列入黑榜",
            automatic=True,
        ),
    )
    yield (
        who,
        MeasureDecided(
            measure=measure,
            case=case,
            on=on,
            region=COUNTY,
            kind=MeasureKind.ADMONITION,
            post=Post.INSPECTOR,
            reasons="整改不力",
            decided_on=clock.today,
            binds_from=clock.today,
            binds_until=clock.today + timedelta(days=180),
            bindings=(Binding(effect=Effect.NO_PROMOTION, until=clock.today + timedelta(days=180)),),
            replaces=None,
        ),
    )
    if random.random() < 0.6:
        appeal = AppealId(f"appeal-{number}")
        yield (
            who,
            MeasureAppealed(appeal=appeal, measure=measure, case=case, on=on, instance=1, grounds="事实不清"),
        )
        yield (
            who,
            AppealDecided(
                appeal=appeal,
                measure=measure,
                case=case,
                on=on,
                outcome="rejected",
                post=Post.INSPECTOR,
                reasons="撤销",
            ),
        )
        yield (
            who,
            MeasureLifted(measure=measure, case=case, on=on, cause="appeal", reason="申诉成立", lifted_on=clock.today),
        )
    if random.random() < 0.3:
        yield who, CaseDropped(case=case, subject=on, region=COUNTY, edition=edition, matter="更正后不再连续")
    else:
        yield who, CaseClosed(case=case, subject=on, region=COUNTY, measures=(measure,), reason=None)


def photo(random: Random) -> EvidenceId:
    """Mostly a new one, and now and then one that many have used."""
    number = random.randrange(20) if random.random() < 0.05 else random.getrandbits(60)
    return EvidenceId(f"evidence-{number:064x}")


def evidence(random: Random) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(file=photo(random), size=1000, media_type="image/jpeg", title="现场照片")
        for _ in range(random.choice((0, 0, 1, 2)))
    )


def an_issue(random: Random, clock: Clock, number: int) -> Life:
    issue, village = IssueId(f"issue-{number:08d}"), random.choice(VILLAGES)
    clerk = random.choice(PEOPLE)
    one = random.choice((None, HouseholdId(f"household-{random.randrange(20)}")))
    due = clock.today + timedelta(days=random.choice((5, 30, 90)))
    yield (
        clerk,
        IssueRegistered(
            issue=issue,
            region=village,
            place=random.choice((None, "上屯")),
            object=one,
            category=random.choice(("教育", "医疗", "住房", "饮水")),
            source="自查",
            severity=random.choice(tuple(Severity)),
            description="水毁路段未修复,雨天车辆无法通行,影响三十户出行",
            found_on=random.choice((None, clock.today - timedelta(days=3))),
            deadline=Deadline(due=random.choice((due, due, None)), precision="day", long_term=False),
            planned_funds=random.choice((None, 150_000_00)),
        ),
    )
    if random.random() < 0.3:
        yield clerk, claim(issue, number, clock)
    if random.random() < 0.05:
        yield clerk, IssueWithdrawn(issue=issue, object=one, reason="重复登记")
        return
    yield random.choice(PEOPLE), assignment(random, issue)
    if random.random() < 0.1:
        yield random.choice(PEOPLE), assignment(random, issue, "变更第一责任人")
    if random.random() < 0.1:
        yield clerk, IssueRegraded(issue=issue, object=one, severity=Severity.MAJOR, reason="影响扩大")
    for round in (1, 2):
        yield from rectifying(random, clock, issue, village, number, round)
        closed = yield from signing(random, clock, issue, village, number, round)
        if not closed:
            return
        yield (
            PEOPLE[1],
            IssueClosed(issue=issue, object=one, chain=ChainId(f"chain-{number}-{round}"), round=round),
        )
        holds = random.random() < 0.6
        yield (
            PEOPLE[1],
            LookedBack(
                issue=issue,
                round=round,
                holds=holds,
                findings="已查看",
                looked_on=clock.today,
                evidence=evidence(random),
            ),
        )
        if holds or round == 2:
            return
        again = Deadline(due=clock.today + timedelta(days=30), precision="day", long_term=False)
        yield (
            PEOPLE[1],
            IssueReopened(issue=issue, object=one, round=2, reason="路面再次塌陷", deadline=again),
        )


def claim(issue: IssueId, number: int, clock: Clock) -> ClaimedByWorkbook:
    return ClaimedByWorkbook(
        issue=issue,
        workbook=ImportId(f"import-{'0' * 64}"),
        sheet="问题清单",
        row=number,
        unit="交通局",
        leader="韦某",
        person=None,
        measure="修复",
        status="已销号",
        done_on=clock.today - timedelta(days=number % 9),
        closed=True,
    )


def assignment(random: Random, issue: IssueId, reason: str | None = None) -> IssueAssigned:
    return IssueAssigned(
        issue=issue,
        unit=random.choice(UNITS),
        leader=random.choice(PEOPLE),
        person=random.choice(PEOPLE),
        reason=reason,
    )


def rectifying(random: Random, clock: Clock, issue: IssueId, village: RegionId, number: int, round: int) -> Life:
    steps = [StepId(f"step-{number}-{round}-{n}") for n in range(random.choice((1, 1, 2, 3)))]
    who = random.choice(PEOPLE)
    for step in steps:
        yield (
            who,
            StepPlanned(issue=issue, step=step, round=round, measure="修复路面", due=None, planned_funds=None),
        )
    if random.random() < 0.2:
        yield from extending(random, clock, issue, f"{number}-{round}")
    if random.random() < 0.2:
        escalation = EscalationId(f"escalation-{number}-{round}")
        region = village.at("township") or village
        yield (
            who,
            Escalated(
                issue=issue,
                escalation=escalation,
                region=region,
                to="township",
                matter="缺资金",
                answer_due=clock.now + timedelta(hours=10),
            ),
        )
        if random.random() < 0.8:
            yield (
                random.choice(PEOPLE),
                EscalationAnswered(issue=issue, escalation=escalation, region=region, answer="已安排"),
            )
    for step in steps:
        for done in (*([False] * random.choice((0, 1, 2))), True):
            yield (
                who,
                StepReported(
                    issue=issue,
                    step=step,
                    round=round,
                    progress="已修复" if done else "正在修",
                    done=done,
                    occurred_on=clock.today - timedelta(days=random.choice((0, 0, 0, 2))),
                    spent_funds=random.choice((None, 1000)),
                    evidence=evidence(random),
                ),
            )


def extending(random: Random, clock: Clock, issue: IssueId, name: str) -> Life:
    extension, due = ExtensionId(f"extension-{name}"), clock.today + timedelta(days=60)
    yield random.choice(PEOPLE), ExtensionRequested(issue=issue, extension=extension, due=due, reason="雨季")
    if random.random() < 0.6:
        yield random.choice(PEOPLE), ExtensionGranted(issue=issue, extension=extension, due=due, opinion="同意")
    else:
        yield random.choice(PEOPLE), ExtensionDenied(issue=issue, extension=extension, reason="理由不足")


def signing(
    random: Random, clock: Clock, issue: IssueId, village: RegionId, number: int, round: int
) -> Generator[tuple[PersonId, Event], None, bool]:
    """One application; returns whether it came to its end with every signature."""
    chain, who = ChainId(f"chain-{number}-{round}"), random.choice(PEOPLE)
    notice = random.choice((0, 5))
    yield (
        who,
        ChainOpened(
            chain=chain,
            subject=issue,
            purpose="write_off",
            region=village,
            round=round,
            statement="措施已全部完成",
            evidence=evidence(random),
            stages=STAGES,
            notice_days=notice,
        ),
    )
    if random.random() < 0.05:
        yield who, ChainWithdrawn(chain=chain, subject=issue, reason="材料不全")
        return False
    passed = random.random() < 0.9
    yield who, checked(random, clock, chain, issue, passed)
    if not passed:
        return False
    if notice:
        posted = NoticePosted(
            chain=chain,
            subject=issue,
            posted_on=clock.today,
            until=clock.today + timedelta(days=notice),
            place="村务公开栏",
        )
        yield who, posted
        if random.random() < 0.2:
            objection, upheld = ObjectionId(f"objection-{number}-{round}"), random.random() < 0.3
            yield (
                who,
                ObjectionRaised(
                    chain=chain, subject=issue, objection=objection, matter="未修好", raised_on=clock.today
                ),
            )
            yield (
                who,
                ObjectionSettled(chain=chain, subject=issue, objection=objection, upheld=upheld, answer="已查看"),
            )
            if upheld:
                return False
    signers = random.sample(PEOPLE, 4)
    yield from signatures(chain, issue, village, signers[:3], 0)
    fate = random.random()
    if fate < 0.05:
        yield (
            signers[3],
            SignatureRefused(chain=chain, subject=issue, stage=1, post=Post.TOWNSHIP_HEAD, reason="不实"),
        )
        return False
    if fate < 0.1:
        yield signers[3], SentBack(chain=chain, subject=issue, to="rectification", stage=None, reason="未完成")
        return False
    if fate < 0.2:
        yield signers[3], SentBack(chain=chain, subject=issue, to="signing", stage=1, reason="请重签")
        yield from signatures(chain, issue, village, signers[2:3], 2)
    elif fate < 0.3:
        yield signers[3], SentBack(chain=chain, subject=issue, to="check", stage=None, reason="重新核查")
        yield who, checked(random, clock, chain, issue, True)
        if notice:
            yield who, posted
        yield from signatures(chain, issue, village, signers[:3], 0)
    yield from signatures(chain, issue, village, signers[3:], 3)
    return True


def checked(random: Random, clock: Clock, chain: ChainId, issue: IssueId, passed: bool) -> Checked:
    return Checked(
        chain=chain,
        subject=issue,
        passed=passed,
        findings="已到现场",
        evidence=evidence(random),
        checked_on=clock.today,
    )


def signatures(chain: ChainId, issue: IssueId, village: RegionId, signers: Iterable[PersonId], first: int) -> Life:
    for place, signer in enumerate(signers, first):
        stage, seat = divmod(place, 2)
        post = STAGES[stage].seats[seat].posts[0]
        yield (
            signer,
            SignedOff(
                chain=chain,
                subject=issue,
                stage=stage,
                seat=seat,
                post=post,
                region=village.at(STAGES[stage].level) or village,
                opinion="同意",
                shown=1,
                shown_digest="0" * 64,
            ),
        )
