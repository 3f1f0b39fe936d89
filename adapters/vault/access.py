"""查看: who may see what of a household, each look kept in the vault and in the audit log; and forgetting."""

from datetime import date
from typing import Final, NamedTuple

from adapters.logging import audit
from adapters.vault.store import Look, Vault
from domain.command import Act, refuse
from domain.ids import HouseholdId, MemberId
from domain.text import ShortText
from domain.vault import (
    PROTECTION,
    Disclosure,
    EraseParticulars,
    Item,
    PersonalDataErased,
    PersonalDataReleased,
    PersonalDataRestricted,
    looking_stands_on,
    may_audit,
    may_look,
    proved_by,
)
from services.ledger import FactStore, Ledger, Outcome

MOST_LOOKS: Final = 500


class Opened(NamedTuple):
    """披露, and the position of the fact which it can be held against."""

    disclosure: Disclosure
    position: int


def masked(store: FactStore, vault: Vault, household: HouseholdId, act: Act) -> dict[MemberId, dict[str, str | None]]:
    """The members of today with every field masked. Raises Refused."""
    state = may_look(store.read(looking_stands_on(household, act)).facts, act, household)
    audit("viewed", viewer=act.by, what="personal_data", subject=household, masked=True)
    kept = vault.masked(household, act.by)
    return {member: kept.get(member, {}) for member in state.members}


def disclose(
    store: FactStore,
    vault: Vault,
    household: HouseholdId,
    member: MemberId,
    item: Item,
    purpose: ShortText,
    act: Act,
) -> Opened:
    """One field whole, proved against the fact before it is handed out. Raises Refused."""
    past = store.read(looking_stands_on(household, act)).facts
    state = may_look(past, act, household, item)
    if member not in state.members:
        refuse("unknown_member", "该户没有这名成员")
    audit(
        "viewed",
        viewer=act.by,
        what="personal_data",
        subject=household,
        member=member,
        field=item.value,
        masked=False,
        purpose=purpose,
    )
    disclosure = vault.disclose(household, member, item, act.by, purpose)
    fact = proved_by(past, disclosure)
    if fact is None:
        refuse("vault_differs", "个人信息库中的内容与登记时的承诺值不符,可能被改动,请报告管理人员")
    return Opened(disclosure, fact.position)


def looks(store: FactStore, vault: Vault, household: HouseholdId, act: Act) -> list[Look]:
    """Who looked at a household's values, latest first. Raises Refused."""
    may_audit(store.read(looking_stands_on(household, act)).facts, act, household)
    audit("viewed", viewer=act.by, what="personal_data_looks", subject=household)
    return vault.looks(household, MOST_LOOKS)


def erase(ledger: Ledger, vault: Vault, household: HouseholdId, act: Act, key: str | None = None) -> Outcome:
    """Records the erasure, then erases. Interrupted between the two, the next erasure of anything finishes it."""
    outcome = ledger.execute(EraseParticulars(household=household), act, key)
    vault.erase()
    return outcome


def due(store: FactStore, today: date) -> list[HouseholdId]:
    """The households that are restricted and whose retention has ended."""
    restricted: dict[HouseholdId, date] = {}
    for fact in store.facts(PROTECTION):
        match fact.event:
            case PersonalDataRestricted(household=household, erase_from=day):
                restricted[household] = day
            case PersonalDataReleased(household=household) | PersonalDataErased(household=household):
                restricted.pop(household, None)
    return [household for household, day in restricted.items() if day <= today]
