"""比对: from a roster's bytes to issues, with the identity numbers going into the vault and nothing but households' and
members' numbers coming out."""

from datetime import date, timedelta
from typing import Final, NamedTuple

from adapters.logging import audit
from adapters.vault.roster import Roster
from adapters.vault.store import Vault
from domain.command import About, Act, not_future, refuse
from domain.comparison import MOST, CompareRoster, RosterKind, expected, may_compare
from domain.ids import RegionId
from domain.issues import Deadline
from domain.policy import Severity
from domain.posts import authority_of
from domain.regions import LIFE, standing
from services.ledger import Ledger, Outcome

ORDINARY: Final = timedelta(days=15)
"""一般督查事项: how long people have where nothing else is said."""

_NAMED: Final = 10
"""Unreadable rows that a refusal names."""


class Comparison(NamedTuple):
    """比对要求: which place, by what kind of roster of which day; how grave what is found is, and how urgent."""

    kind: RosterKind
    region: RegionId
    roster_on: date
    severity: Severity
    deadline: Deadline


def asked(
    kind: RosterKind,
    region: RegionId,
    act: Act,
    *,
    roster_on: date | None = None,
    severity: Severity | None = None,
    days: int | None = None,
) -> Comparison:
    """What is asked, with what people leave out: a roster of today, a serious matter, an ordinary term."""
    term = ORDINARY if days is None else timedelta(days=days)
    deadline = Deadline(due=act.today + term, precision="day", long_term=False)
    return Comparison(kind, region, roster_on or act.today, severity or Severity.SERIOUS, deadline)


def compare(
    ledger: Ledger, vault: Vault, roster: Roster, wanted: Comparison, act: Act, key: str | None = None
) -> Outcome:
    """Raises Refused, and Conflict, as the ledger does."""
    # Before the vault is asked, not after: only those who compare may put a question to it.
    past = ledger.store.read((*authority_of(act), About(wanted.region, LIFE))).facts
    standing(past, wanted.region)
    may_compare(past, act, wanted.region)
    not_future(wanted.roster_on, act, "名册日期")
    if wanted.kind.absence and roster.unreadable:
        where = "、".join(roster.unreadable[:_NAMED])
        refuse(
            "roster_unreadable",
            f"有{len(roster.unreadable)}行没有可读的身份证号({where}),这类名册须完整,否则会误判为不在册",
        )
    audit("viewed", viewer=act.by, what="comparison", subject=roster.roster, kind=wanted.kind, region=wanted.region)
    found = vault.contradictions(
        roster.numbers,
        wanted.region,
        absent=wanted.kind.absence,
        born=expected(wanted.kind, wanted.roster_on),
        viewer=act.by,
        purpose=f"{wanted.kind.label},摘要{roster.roster.removeprefix('import-')}",
    )
    if len(found) > MOST:
        refuse("too_many_contradictions", f"有{len(found)}户与名册不一致,超过{MOST}户,请先核对名册是否完整、是否选对")
    command = CompareRoster(
        roster=roster.roster,
        kind=wanted.kind,
        region=wanted.region,
        roster_on=wanted.roster_on,
        rows=roster.rows,
        unreadable=len(roster.unreadable),
        contradictions=found,
        severity=wanted.severity,
        deadline=wanted.deadline,
    )
    return ledger.execute(command, act, key)
