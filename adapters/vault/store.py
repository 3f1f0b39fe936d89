"""库: the functions of the schema ``vault``, as Python calls them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from secrets import token_bytes
from typing import Any, Final, LiteralString, NamedTuple

import psycopg
from psycopg import Connection
from psycopg_pool import ConnectionPool

from domain.command import refuse
from domain.comparison import Born, Contradiction
from domain.households import Member
from domain.ids import HouseholdId, MemberId, PersonId, RegionId
from domain.text import ShortText
from domain.vault import SALT_BYTES, Disclosure, Item, Particulars, commitment_of, commitment_over

ORPHAN_AGE: Final = timedelta(hours=1)
"""How long values wait for their fact: far longer than any request lasts."""

_KEPT_DIFFERENTLY: Final = "VK001"


class Sealed(NamedTuple):
    """加盐: one field of one person, ready to be kept."""

    member: MemberId
    item: Item
    salt: bytes
    value: str
    commitment: str


class Look(NamedTuple):
    """查看记录: ``what`` is ``masked`` or ``disclosed``; ``member`` and ``field`` where it was one field."""

    at: datetime
    viewer: PersonId
    what: str
    member: MemberId | None
    field: str | None
    purpose: str


class VaultStatus(NamedTuple):
    """库存: people who are kept, orphans (which wait for their fact or for the sweep), people erased, people whose
    erasure is a fact and not done yet, and how often somebody looked."""

    households: int
    people: int
    orphans: int
    erased: int
    unfinished: int
    looks: int


class Vault:
    """个人信息库, behind a pool of connections in autocommit. ``clock`` stamps looks in place of the database's: a
    demonstration's."""

    def __init__(self, pool: ConnectionPool[Connection[Any]], *, clock: Callable[[], datetime] | None = None) -> None:
        self._pool = pool
        self._clock = clock

    def keep(
        self, household: HouseholdId, region: RegionId, people: Mapping[MemberId, Particulars]
    ) -> tuple[Member, ...]:
        """Keeps what is known of these people, and gives the commitments for the fact, in their order.

        Asked again with the same values it gives the same commitments. Raises Refused ``kept_differently`` when other
        values are kept of one of them.
        """
        fields = [sealed for member, particulars in people.items() for sealed in seal(member, particulars)]
        totals = {
            member: commitment_over(member, {one.item: one.commitment for one in fields if one.member == member})
            for member in people
        }
        columns = zip(*fields, strict=True)
        owners, items, salts, values, commitments = (list(column) for column in columns)
        try:
            rows = self._rows(
                "SELECT member, commitment FROM vault.keep(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                (
                    str(household),
                    str(region),
                    _texts(totals),
                    list(totals.values()),
                    _texts(owners),
                    _texts(items),
                    salts,
                    values,
                    commitments,
                ),
            )
        except psycopg.Error as error:
            if error.sqlstate != _KEPT_DIFFERENTLY:
                raise
            refuse("kept_differently", "该成员的个人信息先前已按另外的内容保存")
        kept = dict(rows)
        return tuple(Member(member=member, commitment=kept[member]) for member in people)

    def sweep(self, age: timedelta = ORPHAN_AGE) -> int:
        """Notes which values have their fact, and forgets those which have waited for one so long; how many."""
        return int(self._rows("SELECT vault.sweep(%s)", (age,))[0][0])

    def masked(self, household: HouseholdId, viewer: PersonId) -> dict[MemberId, dict[str, str | None]]:
        """Every person's fields, masked; None where nothing was given. Leaves a look."""
        shown: dict[MemberId, dict[str, str | None]] = {}
        for member, field, value in self._rows(
            "SELECT * FROM vault.masked(%s, %s, %s)", (str(household), str(viewer), self._told())
        ):
            shown.setdefault(MemberId(member), {})[field] = value
        return shown

    def disclose(
        self, household: HouseholdId, member: MemberId, item: Item, viewer: PersonId, purpose: ShortText
    ) -> Disclosure:
        """One field whole, with what proves it. Leaves a look, whether or not there is such a person.

        Raises Refused ``not_kept`` where nothing is kept of that person in that household.
        """
        rows = self._rows(
            "SELECT * FROM vault.disclose(%s, %s, %s, %s, %s, %s)",
            (str(household), str(member), item.value, str(viewer), purpose, self._told()),
        )
        opened = next(((salt, value) for name, _, salt, value in rows if name == item.value), None)
        if opened is None:
            refuse("not_kept", "个人信息库中没有该成员的这项内容")
        salt, value = opened
        return Disclosure(
            member=member,
            field=item.value,
            value=value,
            salt=salt.hex(),
            others={name: commitment for name, commitment, _, _ in rows if name != item.value},
        )

    def contradictions(
        self,
        numbers: Iterable[str],
        region: RegionId,
        *,
        absent: bool,
        born: Born | None,
        viewer: PersonId,
        purpose: ShortText,
    ) -> tuple[Contradiction, ...]:
        """The households of a place with people among these identity numbers; with ``absent``, with people of the
        range who are not. Leaves a look."""
        earliest, latest = born or (None, None)
        found: dict[HouseholdId, list[MemberId]] = {}
        for household, member in self._rows(
            "SELECT * FROM vault.contradictions(%s::text[], %s, %s, %s, %s, %s, %s, %s)",
            (list(numbers), str(region), absent, earliest, latest, str(viewer), purpose, self._told()),
        ):
            found.setdefault(HouseholdId(household), []).append(MemberId(member))
        return tuple(Contradiction(household=home, members=tuple(who)) for home, who in found.items())

    def erase(self) -> int:
        """Destroys what the facts say is erased, and is still here; of how many people."""
        return int(self._rows("SELECT vault.erase()")[0][0])

    def status(self) -> VaultStatus:
        return VaultStatus(*self._rows("SELECT * FROM vault.status()")[0])

    def looks(self, household: HouseholdId, most: int) -> list[Look]:
        """Who looked at a household, latest first."""
        return [
            Look(at, PersonId(viewer), what, MemberId(member) if member else None, field, purpose)
            for at, viewer, what, member, field, purpose in self._rows(
                "SELECT at, viewer, what, member, field, purpose FROM vault.looks(%s, %s)", (str(household), most)
            )
        ]

    def _told(self) -> datetime | None:
        return self._clock() if self._clock else None

    def _rows(self, statement: LiteralString, given: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._pool.connection() as connection:
            return connection.execute(statement, given).fetchall()


def seal(member: MemberId, particulars: Particulars) -> list[Sealed]:
    """Every field with a salt of its own and its commitment."""
    sealed = []
    for item, value in particulars.values.items():
        salt = token_bytes(SALT_BYTES)
        sealed.append(Sealed(member, item, salt, value, commitment_of(item, salt, value)))
    return sealed


def _texts(values: Iterable[str]) -> list[str]:
    return [str.__str__(value) for value in values]
