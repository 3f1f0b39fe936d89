"""Monitoring 防返贫监测: a clue, a notice, identification in time as one of three kinds, and release.

The same machine before and after an exit: 脱贫不稳定户, 边缘易致贫户, 突发严重困难户.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from pydantic import Field

from domain.chains import last_notice_day
from domain.command import About, Act, Scope, not_before, not_future, refuse
from domain.evidence import Evidence
from domain.fact import Event, Past
from domain.households import OnHousehold, rules_of
from domain.ids import ClueId, HouseholdId
from domain.policy import Monitoring, in_force
from domain.posts import FIELD, OVERSIGHT, TOWNSHIP, Post, authorise
from domain.text import Prose, ShortText

Kind = Literal["unstable", "marginal", "sudden"]
"""监测对象类别: 脱贫不稳定户 边缘易致贫户 突发严重困难户."""

KINDS = {"unstable": "脱贫不稳定户", "marginal": "边缘易致贫户", "sudden": "突发严重困难户"}
REPORT = (*FIELD, *OVERSIGHT, Post.UNIT_LEADER, Post.UNIT_OFFICER)
IDENTIFY = (*TOWNSHIP, Post.HEADQUARTERS)


class ClueReported(Event, type="clue.reported"):
    """风险线索: identification is due by ``due``."""

    clue: ClueId
    household: HouseholdId
    source: ShortText
    matter: Prose
    found_on: date
    due: date


class ClueNoticePosted(Event, type="clue.notice_posted"):
    """监测公示: says that a household is to be monitored; no number, account or illness."""

    clue: ClueId
    household: HouseholdId
    posted_on: date
    until: date
    place: Prose


class ClueDismissed(Event, type="clue.dismissed"):
    """排除线索"""

    clue: ClueId
    household: HouseholdId
    reason: Prose
    dismissed_on: date


class RiskIdentified(Event, type="clue.identified"):
    """认定监测对象"""

    clue: ClueId
    household: HouseholdId
    kind: Kind
    reason: Prose
    identified_on: date


class RiskReleased(Event, type="clue.released"):
    """风险消除"""

    clue: ClueId
    household: HouseholdId
    findings: Prose
    released_on: date
    evidence: tuple[Evidence, ...]


CLUE = (ClueReported, ClueNoticePosted, ClueDismissed, RiskIdentified, RiskReleased)


@dataclass(frozen=True)
class Clue:
    """风险线索: as far as it has come."""

    clue: ClueId
    household: HouseholdId
    found_on: date
    due: date
    notice_until: date | None = None
    kind: Kind | None = None
    identified_on: date | None = None
    over: bool = False


def clues(past: Past, household: HouseholdId) -> dict[ClueId, Clue]:
    """Every clue about a household."""
    found: dict[ClueId, Clue] = {}
    for event in past.about(household).of(*CLUE).events:
        match event:
            case ClueReported():
                found[event.clue] = Clue(event.clue, event.household, event.found_on, event.due)
            case ClueNoticePosted(clue=clue, until=until):
                found[clue] = replace(found[clue], notice_until=until)
            case RiskIdentified(clue=clue, kind=kind, identified_on=day):
                found[clue] = replace(found[clue], kind=kind, identified_on=day)
            case ClueDismissed(clue=clue) | RiskReleased(clue=clue):
                found[clue] = replace(found[clue], over=True)
    return found


class OnClue(OnHousehold, abstract=True):
    clue: ClueId

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (
            *super().stands_on(past, act),
            About(self.household, CLUE),
            About(self.clue, (ClueReported,)),
            *rules_of(past, self.household),
        )

    def rule(self, past: Past, act: Act) -> Monitoring:
        policy = in_force(past, self.present(past).region, act.today)
        return policy.monitoring or refuse("no_monitoring_rule", "本地政策包没有规定防返贫监测")

    def pending(self, past: Past) -> Clue:
        """The clue, refused when it is unknown or decided."""
        clue = clues(past, self.household).get(self.clue) or refuse("unknown_clue", "该户没有这条风险线索")
        if clue.over or clue.kind:
            refuse("clue_decided", "这条线索已经认定或排除")
        return clue


class ReportClue(OnClue):
    """上报风险线索"""

    source: ShortText
    matter: Prose
    found_on: date

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        household = self.present(past)
        authorise(past, act, household.region, *REPORT)
        if past.about(self.clue).of(ClueReported):
            refuse("clue_already_reported", "该线索已经上报")
        if any(not clue.over for clue in clues(past, self.household).values()):
            refuse("already_monitored", "该户已有线索待认定,或正在监测")
        not_future(self.found_on, act, "发现日期")
        yield ClueReported(
            clue=self.clue,
            household=self.household,
            source=self.source,
            matter=self.matter,
            found_on=self.found_on,
            due=self.found_on + timedelta(days=self.rule(past, act).identify_days),
        )


class PostClueNotice(OnClue):
    """监测公示

    For as many days as the rule asks; the day of posting does not count.
    """

    posted_on: date
    place: Prose

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        household, clue = self.present(past), self.pending(past)
        authorise(past, act, household.region, *FIELD, Post.HEADQUARTERS)
        if clue.notice_until:
            refuse("already_on_notice", "该户已经公示,一次公示即可")
        not_future(self.posted_on, act, "公示日期")
        not_before(self.posted_on, clue.found_on, "公示日期早于线索发现日期")
        until = last_notice_day(self.posted_on, self.rule(past, act).notice_days)
        yield ClueNoticePosted(
            clue=self.clue, household=self.household, posted_on=self.posted_on, until=until, place=self.place
        )


class IdentifyRisk(OnClue):
    """认定监测对象

    What comes later than the rule allows is recorded late, not refused.
    """

    kind: Kind
    reason: Prose
    identified_on: date

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        household, clue = self.present(past), self.pending(past)
        authorise(past, act, household.region, *IDENTIFY)
        not_future(self.identified_on, act, "认定日期")
        if clue.notice_until is None and self.rule(past, act).notice_days:
            refuse("notice_required", "认定前须公示")
        if clue.notice_until and self.identified_on <= clue.notice_until:
            refuse("notice_running", f"公示期到{clue.notice_until}为止,期满后才能认定")
        yield RiskIdentified(
            clue=self.clue,
            household=self.household,
            kind=self.kind,
            reason=self.reason,
            identified_on=self.identified_on,
        )


class DismissClue(OnClue):
    """排除线索"""

    reason: Prose
    dismissed_on: date

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        household, clue = self.present(past), self.pending(past)
        authorise(past, act, household.region, *IDENTIFY)
        not_future(self.dismissed_on, act, "排除日期")
        not_before(self.dismissed_on, clue.found_on, "排除日期早于线索发现日期")
        yield ClueDismissed(
            clue=self.clue, household=self.household, reason=self.reason, dismissed_on=self.dismissed_on
        )


class ReleaseRisk(OnClue):
    """风险消除"""

    findings: Prose
    released_on: date
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=50)

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        household = self.present(past)
        authorise(past, act, household.region, *IDENTIFY)
        clue = clues(past, self.household).get(self.clue)
        if clue is None or clue.identified_on is None or clue.over:
            refuse("not_monitored", "该户没有依这条线索正在监测")
        not_future(self.released_on, act, "风险消除日期")
        not_before(self.released_on, clue.identified_on, "风险消除日期早于认定日期")
        yield RiskReleased(
            clue=self.clue,
            household=self.household,
            findings=self.findings,
            released_on=self.released_on,
            evidence=self.evidence,
        )
