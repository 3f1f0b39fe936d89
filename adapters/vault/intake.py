"""登记: values go into the vault, then the fact with their commitments into the record."""

from datetime import date

from pydantic import ConfigDict, Field

from adapters.vault.store import Vault
from domain.command import About, Act
from domain.fact import Value
from domain.households import REGISTER, AddMember, Category, RegisterHousehold
from domain.ids import HouseholdId, MemberId, RegionId
from domain.posts import authorise, authority_of
from domain.regions import LIFE, standing
from domain.text import ShortText
from domain.vault import Particulars, in_use, looking_stands_on
from services.ledger import Ledger, Outcome


class HouseholdIntake(Value):
    """登记农户和家庭成员

    Values go into the vault; the fact holds the household's number and its members' commitments. The members are
    numbered here.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    household: HouseholdId
    region: RegionId
    hamlet: ShortText | None = None
    category: Category
    members: tuple[Particulars, ...] = Field(min_length=1, max_length=40)
    identified_on: date


class MemberIntake(Value):
    """登记新增家庭成员

    Values go into the vault; the fact holds the member's number and commitment.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    household: HouseholdId
    member: MemberId
    particulars: Particulars
    since: date
    reason: ShortText


def register(ledger: Ledger, vault: Vault, asked: HouseholdIntake, act: Act, key: str | None = None) -> Outcome:
    """Raises Refused, and Conflict, as the ledger does; values without their fact are swept."""
    # Before anything is kept, not after: the vault takes nothing from whoever may not register.
    past = ledger.store.read((*authority_of(act), About(asked.region, LIFE))).facts
    standing(past, asked.region)
    authorise(past, act, asked.region, *REGISTER)
    people = {MemberId.derived(asked.household, n): one for n, one in enumerate(asked.members)}
    command = RegisterHousehold(
        household=asked.household,
        region=asked.region,
        hamlet=asked.hamlet,
        category=asked.category,
        members=vault.keep(asked.household, asked.region, people),
        identified_on=asked.identified_on,
    )
    outcome = ledger.execute(command, act, key)
    vault.sweep()
    return outcome


def add_member(ledger: Ledger, vault: Vault, asked: MemberIntake, act: Act, key: str | None = None) -> Outcome:
    """Raises Refused, and Conflict, as the ledger does; values without their fact are swept."""
    past = ledger.store.read(looking_stands_on(asked.household, act)).facts
    household = in_use(past, asked.household)
    authorise(past, act, household.region, *REGISTER)
    (member,) = vault.keep(asked.household, household.region, {asked.member: asked.particulars})
    command = AddMember(household=asked.household, member=member, since=asked.since, reason=asked.reason)
    outcome = ledger.execute(command, act, key)
    vault.sweep()
    return outcome
