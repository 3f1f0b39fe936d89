"""What a superuser can do to the ledgers, thousands of times, with every trace that they hold of themselves repaired:
``python -m tests.projections.attack --times 2000``.

Whatever is done must be found by ``rebuild --check``, and the ledger and the lines named. Which lines those are is told
by comparing the table before and after: the fold has no say in it.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import psycopg
from psycopg.sql import SQL, Identifier

from adapters.postgres.embedded import SERVICE_ROLE, EmbeddedPostgres
from adapters.postgres.schema import install
from domain.fact import Recorded
from projections import LEDGERS
from projections.ledger import Ledger
from projections.line import Key
from projections.projector import PLACES, Difference, Projector
from projections.table import NOW, Table, comma, fork, raw
from tests.projections.lives import facts

Row = dict[str, Any]
Rows = list[Row]


class Place(NamedTuple):
    """What the table of positions says of a ledger."""

    fingerprint: str
    position: int


class Hand(NamedTuple):
    """A ledger in the attacker's hand: its lines are changed in place, and ``place`` gives where it says it stands."""

    ledger: Ledger[Any]
    rows: Rows
    place: Place
    rng: Random

    def one(self) -> Row:
        """Some version; in an empty ledger an invented one, which is put there."""
        if not self.rows:
            invent_a_line(self)
        return self.rng.choice(self.rows)

    def of_kind(self, *, past: bool) -> Row:
        """A past version, or a present one, if there is any."""
        return self.rng.choice([row for row in self.rows if (row["to_position"] != NOW) is past] or [self.one()])

    def versions(self, row: Row) -> Rows:
        """All versions of a line, in order."""
        mine = [other for other in self.rows if self.key(other) == self.key(row)]
        return sorted(mine, key=lambda version: version["from_position"])

    def key(self, row: Row) -> Key:
        return tuple(row[name] for name in self.ledger.line.key)


Blow = Callable[[Hand], Place | None]


def change_a_cell(hand: Hand) -> None:
    """Any column of any version, the positions it held for and its node among them."""
    row = hand.one()
    name = hand.rng.choice(list(row))
    row[name] = another(hand, name, row[name])


def change_the_past(hand: Hand) -> None:
    row = hand.of_kind(past=True)
    name = hand.rng.choice(hand.ledger.line.names)
    row[name] = another(hand, name, row[name])


def change_every_line(hand: Hand) -> None:
    name = hand.rng.choice(hand.ledger.line.names)
    value = another(hand, name, hand.one()[name])
    for row in hand.rows:
        row[name] = value


def borrow_a_cell(hand: Hand) -> None:
    """What another line says, and so a plausible one."""
    row, other = hand.one(), hand.one()
    name = hand.rng.choice(hand.ledger.line.names)
    row[name] = other[name]


def swap_two_lines(hand: Hand) -> None:
    """Each line says what the other said, under its own key and for its own positions."""
    row, other = hand.one(), hand.one()
    for name in set(hand.ledger.line.names) - set(hand.ledger.line.key):
        row[name], other[name] = other[name], row[name]


def drop_a_version(hand: Hand) -> None:
    hand.rows.remove(hand.one())


def drop_a_line(hand: Hand) -> None:
    for version in hand.versions(hand.one()):
        hand.rows.remove(version)


def empty_the_ledger(hand: Hand) -> None:
    hand.one()
    hand.rows.clear()


def invent_a_line(hand: Hand) -> None:
    """A line that no fact asks for."""
    made = {column.name: invented(column.sql) for column in hand.ledger.line.columns}
    hand.rows.append({**made, "from_position": 1, "to_position": NOW, "fork": 0})


def copy_a_line(hand: Hand) -> None:
    """Under another key."""
    row = dict(hand.one())
    name = hand.rng.choice(hand.ledger.line.key)
    row[name] = another(hand, name, row[name])
    hand.rows.append(row)


def duplicate_a_version(hand: Hand) -> None:
    hand.rows.append(dict(hand.one()))


def hide_the_present(hand: Hand) -> None:
    """A line is made to end where nothing has been recorded yet: it is gone, and as of every position still there."""
    row = hand.of_kind(past=False)
    until = hand.place.position + hand.rng.randrange(1, 100)
    row |= {"to_position": until, "fork": fork(row["from_position"], until)}


def announce_a_line(hand: Hand) -> None:
    """A line that begins where nothing has been recorded yet."""
    row = dict(hand.one())
    name = hand.rng.choice(hand.ledger.line.key)
    row[name] = another(hand, name, row[name])
    since = hand.place.position + hand.rng.randrange(1, 100)
    hand.rows.append(row | {"from_position": since, "to_position": NOW, "fork": 0})


def move_a_change(hand: Hand) -> None:
    """What was changed at one position is said to have been changed at another."""
    versions = hand.versions(hand.of_kind(past=True))
    before = hand.rng.choice(versions)
    after = next((one for one in versions if one["from_position"] == before["to_position"]), None)
    at = hand.rng.randrange(before["from_position"] + 1, max(before["from_position"] + 2, hand.place.position))
    before |= {"to_position": at, "fork": fork(before["from_position"], at)}
    if after is not None and after["to_position"] > at:
        after |= {"from_position": at, "fork": fork(at, after["to_position"])}


def forget_a_change(hand: Hand) -> None:
    """A version is dropped, and the one before it held for all that time as well."""
    versions = hand.versions(hand.of_kind(past=True))
    last = versions[-1]
    before = hand.rng.choice(versions)
    hand.rows[:] = [row for row in hand.rows if row is before or all(row is not one for one in versions)]
    before |= {"to_position": last["to_position"], "fork": fork(before["from_position"], last["to_position"])}


def bring_back_the_past(hand: Hand) -> None:
    """The ledger as it was at some position, said to be the one of now."""
    at = hand.of_kind(past=True)["from_position"]
    hand.rows[:] = [row for row in hand.rows if row["from_position"] <= at]
    for row in hand.rows:
        if row["to_position"] > at:
            row |= {"to_position": NOW, "fork": 0}


def set_the_position_back(hand: Hand) -> Place:
    return hand.place._replace(position=hand.rng.randrange(hand.place.position))


def set_the_position_ahead(hand: Hand) -> Place:
    return hand.place._replace(position=hand.place.position + hand.rng.randrange(1, 100))


def claim_another_fold(hand: Hand) -> Place:
    return hand.place._replace(fingerprint=hand.rng.randbytes(32).hex())


BLOWS: tuple[Blow, ...] = (
    change_a_cell,
    change_the_past,
    change_every_line,
    borrow_a_cell,
    swap_two_lines,
    drop_a_version,
    drop_a_line,
    empty_the_ledger,
    invent_a_line,
    copy_a_line,
    duplicate_a_version,
    hide_the_present,
    announce_a_line,
    move_a_change,
    forget_a_change,
    bring_back_the_past,
    set_the_position_back,
    set_the_position_ahead,
    claim_another_fold,
)


def another(hand: Hand, name: str, value: Any) -> Any:
    """A value that the column can hold; now and then it is what it was."""
    rng = hand.rng
    column = next((column for column in hand.ledger.line.columns if column.name == name), None)
    if column is not None and column.nullable and rng.random() < 0.1:
        return None
    if value is None:
        assert column is not None
        return invented(column.sql)
    match value:
        case bool():
            return not value
        case int():
            return min(NOW, max(0, value + rng.choice([-100, -1, 1, 100, NOW])))
        case datetime():
            return value + timedelta(microseconds=rng.choice([-1, 1, 60_000_000, -86_400_000_000]))
        case date():
            return value + timedelta(days=rng.choice([-365, -1, 1, 365]))
        case list():
            return rng.choice([value[1:], value[::-1], [*value, "forged"], [*value, *value[:1]]])
        case str() if column is not None and column.sql == "jsonb":
            return rng.choice(['"forged"', "{}", "[]", f"[{value}]"])
        case str():
            return rng.choice([f"{value}0", value[:-1], f"{value} ", value.swapcase(), "", "forged"])
    raise TypeError(f"no column holds {value!r}")


def invented(sql: str) -> Any:
    """A value for a column of this type."""
    if "[]" in sql:
        return ["forged"]
    plain = {"boolean": True, "bigint": 1, "date": date(2019, 6, 30), "jsonb": '"forged"'}
    return datetime.fromisoformat("2019-06-30T08:00+08:00") if sql == "timestamptz" else plain.get(sql, "forged")


class Outcome(NamedTuple):
    """What one attack came to: the keys of the lines that are wrong, and what the check said."""

    blow: str
    ledger: str
    place: tuple[Place, Place]
    wrong: set[Key]
    found: list[Difference]

    @property
    def effective(self) -> bool:
        """Whether anything is wrong: a ledger that is at an earlier position, and just what it was there, is not."""
        before, after = self.place
        return bool(self.wrong) or after.fingerprint != before.fingerprint or after.position > before.position

    @property
    def caught(self) -> bool:
        """Whether the ledger was named and each line of it that is wrong, and nothing was said where none is."""
        if any(one.ledger != self.ledger for one in self.found):
            return False
        before, after = self.place
        if after.fingerprint != before.fingerprint:
            return [one.kind for one in self.found] == ["outdated"]
        if after.position > before.position:
            return [one.kind for one in self.found] == ["ahead"]
        return {one.key for one in self.found} == self.wrong


class Target:
    """A county's ledgers, and the connection of a superuser to them. Ends with the ledgers as they were."""

    def __init__(self, admin: psycopg.Connection[Any], url: str, history: Sequence[Recorded]) -> None:
        self.admin = admin
        self.history = history
        self.url = url
        self.projector().catch_up()
        self.kept = {ledger.name: self.rows(ledger) for ledger in LEDGERS}
        for ledger in LEDGERS:
            # Whoever may do anything isn't kept from storing a line twice.
            admin.execute(SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(*_named(ledger)))

    def projector(self) -> Projector:
        """One that has never heard of these ledgers, as whoever calls ``rebuild --check`` has it."""
        return Projector(
            lambda: psycopg.connect(self.url), lambda after, most: self.history[after : after + most], LEDGERS
        )

    def rows(self, ledger: Ledger[Any]) -> Rows:
        table = Table(ledger.line)
        names = (*ledger.line.names, "from_position", "to_position", "fork")
        read = SQL("SELECT {}, from_position, to_position, fork FROM {} ORDER BY from_position, {}").format(
            table.cells, table.whole, comma(map(Identifier, ledger.line.key))
        )
        return [dict(zip(names, row, strict=True)) for row in self.admin.execute(read)]

    def place(self, ledger: Ledger[Any]) -> Place:
        read = SQL("SELECT fingerprint, position FROM {} WHERE ledger = %s").format(PLACES)
        (row,) = self.admin.execute(read, (ledger.name,)).fetchall()
        return Place(*row)

    def rewrite(self, ledger: Ledger[Any], rows: Rows, place: Place) -> None:
        table = Table(ledger.line)
        casts = [raw(f"%s::{column.cast}") for column in ledger.line.columns]
        write = SQL("INSERT INTO {} ({}, from_position, to_position, fork) VALUES ({}, %s, %s, %s)").format(
            table.whole, table.columns, comma(casts)
        )
        with self.admin.transaction(), self.admin.cursor() as cursor:
            cursor.execute(SQL("DELETE FROM {}").format(table.whole))
            cursor.executemany(write, [list(row.values()) for row in rows])
            cursor.execute(
                SQL("UPDATE {} SET fingerprint = %s, position = %s WHERE ledger = %s").format(PLACES),
                (*place, ledger.name),
            )

    def attack(self, blow: Blow, ledger: Ledger[Any], rng: Random) -> Outcome:
        before, place = self.kept[ledger.name], self.place(ledger)
        hand = Hand(ledger, [dict(row) for row in before], place, rng)
        moved = blow(hand) or place
        self.rewrite(ledger, hand.rows, moved)
        try:
            wrong = self.wrong(hand, self.rows(ledger), moved.position)
            return Outcome(blow.__name__, ledger.name, (place, moved), wrong, self.projector().check(ledger.name))
        finally:
            self.rewrite(ledger, before, place)

    def wrong(self, hand: Hand, rows: Rows, position: int) -> set[Key]:
        """The keys of the lines that are not what they were, or not what they were at an earlier position."""
        should = [
            row if row["to_position"] <= position else row | {"to_position": NOW, "fork": 0}
            for row in self.kept[hand.ledger.name]
            if row["from_position"] <= position
        ]
        keys = {repr(row): hand.key(row) for row in (*should, *rows)}
        expected, found = Counter(map(repr, should)), Counter(map(repr, rows))
        return {keys[text] for text in (expected - found) + (found - expected)}


def _named(ledger: Ledger[Any]) -> tuple[Identifier, Identifier]:
    return Table(ledger.line).whole, Identifier(f"{ledger.name}_pkey")


def attacks(target: Target, times: int, rng: Random) -> Counter[str]:
    """So many attacks, each blow and each ledger in turn; gives how often each blow had an effect, and what was
    missed."""
    tally: Counter[str] = Counter()
    for number in range(times):
        outcome = target.attack(BLOWS[number % len(BLOWS)], LEDGERS[rng.randrange(len(LEDGERS))], rng)
        tally[outcome.blow if outcome.effective else "without effect"] += 1
        if not outcome.caught:
            tally["missed"] += 1
            print(f"missed: {outcome}")
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.projections.attack", description=__doc__)
    parser.add_argument("--times", type=int, default=2000)
    parser.add_argument("--facts", type=int, default=400)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args()
    print(f"seed {asked.seed}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        server = stack.enter_context(EmbeddedPostgres(folder / "postgres"))
        install(server.admin_url, SERVICE_ROLE)
        with psycopg.connect(server.admin_url, autocommit=True) as admin:
            # Thousands of commits of a test need not outlive it.
            admin.execute("ALTER ROLE ALL SET synchronous_commit = off")
        admin = stack.enter_context(psycopg.connect(server.admin_url, autocommit=True))
        target = Target(admin, server.url, list(facts(asked.seed, asked.facts)))
        tally = attacks(target, asked.times, Random(asked.seed))
    missed = tally.pop("missed", 0)
    versions = sum(map(len, target.kept.values()))
    print(f"{asked.times} attacks on {versions} versions in {len(LEDGERS)} ledgers, {missed} missed")
    for name, count in tally.most_common():
        print(f"{count:6d} {name}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
