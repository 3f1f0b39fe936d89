"""The projector: folds facts into every ledger alike.

A batch of facts is read once for all ledgers; each loads the lines they touch, folds in memory, and stores the new
versions, and the position is committed with them. Whoever folds a ledger holds the row of its position, so two
processes never fold the same fact into it; an advisory lock keeps all but one from trying.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from threading import Condition, Event, Lock, Thread
from typing import Any, NamedTuple

import psycopg
import structlog
from psycopg import Connection
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Identifier, Literal

from domain.fact import Recorded
from projections.folding import Folding, Target, uncollected
from projections.ledger import Ledger
from projections.line import Key, Line
from projections.table import SCHEMA, Table

BESIDE = "__next"
"""The suffix of a table that is being folded anew beside the one that is served."""

PROJECTING, PREPARING = 5271910846, 5271910847
"""Advisory locks."""

NEWS = "ledgers"
"""The channel on which whoever projects tells how far all ledgers are."""

ROUNDS = 100
"""How many batches are folded before the collector may look for cycles: there are next to none, and it would walk over
every line that is kept."""

SERVED, ALONE = 10_000, 40_000
"""How many facts are folded together: where pages are served, memory counts; in a process for nothing else, time does.
The more there are, the fewer versions are stored among the present ones first; each takes about 3 KB meanwhile."""

GLANCE = 0.5
"""Seconds after which who listens looks for itself."""

_log = structlog.get_logger(__name__)


class Difference(NamedTuple):
    """差异: where a ledger's table is not what the facts come to.

    ``kind`` is ``missing`` (the facts ask for it), ``extra`` (no fact asks for it) or ``altered``, with the columns
    that differ as (stored, folded). Of a whole ledger, ``outdated`` means that it was folded by another program,
    ``ahead`` that it claims facts that are not there, ``unreadable`` that its table is not the one we made.
    """

    ledger: str
    kind: str
    key: Key
    since: int
    columns: Mapping[str, tuple[Any, Any]]


class Projector:
    """投影

    ``connect`` gives a new connection to the database; ``facts_after`` the recorded facts after a position, in order,
    so many at most: ``batch`` are folded together. Safe in several threads and processes: one projects, all may wait.
    """

    def __init__(
        self,
        connect: Callable[[], Connection[Any]],
        facts_after: Callable[[int, int], Iterable[Recorded]],
        ledgers: Sequence[Ledger[Any]],
        *,
        batch: int = SERVED,
    ) -> None:
        self._connect = connect
        self._facts_after = facts_after
        self._ledgers = {ledger.name: ledger for ledger in ledgers}
        self._batch = batch
        self._connection: Connection[Any] | None = None
        self._prepared = False
        self._busy = Lock()
        self._reached = -1
        self._folding = Folding()
        self._tables: dict[str, Table[Any]] = {}
        self._progress = Condition()
        self._deaf: Event | None = None

    def prepare(self) -> None:
        """Makes the tables that are missing; a ledger whose fold has changed is begun anew beside the old one.

        Done by itself before anything else.
        """
        self._open().close()

    def catch_up(self) -> int:
        """Folds every fact there is into every ledger, and returns the position that all of them have reached.

        When another process is projecting, the work is left to it.
        """
        self._work()
        return self.position()

    def run(self, stop: Event, wait: Callable[[], object]) -> None:
        """Catches up again and again until told to stop; ``wait`` returns when there may be something new.

        A lost database is waited for; any other failure ends the loop, because a fold that fails will fail again.
        """
        while not stop.is_set():
            try:
                self._work()
            except psycopg.OperationalError as error:
                _log.warning("projector_lost_database", error=str(error))
                self._let_go()
            wait()

    def rebuild(self, name: str) -> None:
        """Folds a ledger anew from the first fact, beside the one that is served, and puts it in its place.

        Raises KeyError for an unknown ledger.
        """
        ledger = self._ledgers[name]
        with self._open() as connection:
            with connection.transaction():
                connection.execute(SQL("SELECT pg_advisory_xact_lock({})").format(Literal(PREPARING)))
                if name + BESIDE not in self._mine(connection):
                    self._begin(connection, name + BESIDE, ledger)
            folding = Folding()
            while (place := self._mine(connection).get(name + BESIDE)) is not None:
                self._advance(connection, folding, {name + BESIDE}, place.position)

    def check(self, name: str, most: int = 1000) -> list[Difference]:
        """Folds a ledger anew in temporary tables and reports where the served one is not the same, version by
        version, at the position it has reached. An empty list says that the table is what the facts come to.

        Raises KeyError for an unknown ledger.
        """
        ledger = self._ledgers[name]
        with self._open() as connection:
            served, again = Table(ledger.line), Table(ledger.line, f"{name}__check", "pg_temp")
            again.create(connection)
            target, folding = Target(ledger, again, 0), Folding()
            position = self._fold_again(connection, target, folding, 0, self._places(connection)[name].position)
            try:
                with connection.transaction():
                    # One snapshot of the position and the lines: nothing can pass for what was folded meanwhile. It
                    # is taken after the lock, or a table that was just rebuilt would look empty in it.
                    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                    connection.execute(SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(served.whole))
                    place = self._places(connection)[name]
                    if place.fingerprint != ledger.fingerprint:
                        return [Difference(name, "outdated", (), 0, {})]
                    if self._fold_again(connection, target, folding, position, place.position) < place.position:
                        return [Difference(name, "ahead", (), place.position, {})]
                    return self._compare(connection, served, again, most)
            except psycopg.ProgrammingError:
                return [Difference(name, "unreadable", (), 0, {})]

    def _fold_again(
        self, connection: Connection[Any], target: Target, folding: Folding, position: int, until: int
    ) -> int:
        """Folds the facts after one position up to another; returns the position of the last there was."""
        while position < until:
            facts = [fact for fact in self._read(position) if fact.position <= until]
            if not facts:
                break
            with uncollected(), connection.transaction():
                folding.fold(connection, {target.ledger.name: target}, facts, position)
            position = facts[-1].position
        return position

    def position(self, name: str | None = None) -> int:
        """The last position that a ledger holds, or that all of them do; 0 before the first.

        Ledgers being folded anew because their fold changed are not counted among all.
        """
        with self._open() as connection:
            if name is not None:
                return self._places(connection)[name].position
            return self._note(self._mine(connection))

    def positions(self) -> dict[str, int]:
        """Where each served ledger is, and under its name and ``__next`` where its successor is."""
        with self._open() as connection:
            return {name: place.position for name, place in self._places(connection).items()}

    def wait_for(self, position: int, timeout: float) -> bool:
        """Waits until every ledger holds this position, so that people see what they have just written.

        Returns whether it came to that within so many seconds, whichever process projects.
        """
        with self._progress:
            if self._reached < position and self._connection is None and self._deaf is None:
                self._deaf = Event()
                Thread(target=self._hear, args=(self._deaf,), name="ledgers-listener", daemon=True).start()
            return self._progress.wait_for(lambda: self._reached >= position, timeout)

    def takes_over(self) -> bool:
        """Whether nobody else projects; if so, from now on this one does."""
        with self._busy:
            return self._hold() is not None

    def close(self) -> None:
        """Lets another process project, and listens to none."""
        self._let_go()
        with self._progress:
            if self._deaf is not None:
                self._deaf.set()
                self._deaf = None

    def _let_go(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
        self._connection = None

    def _hear(self, deaf: Event) -> None:
        """Learns from whoever projects how far it has come. Ends when this process projects itself, or is closed."""
        while not deaf.is_set() and self._connection is None:
            try:
                with self._open() as connection:
                    connection.execute(SQL("LISTEN {}").format(Identifier(NEWS)))
                    self._note(self._mine(connection))
                    for news in connection.notifies(timeout=GLANCE):
                        self._reach(int(news.payload))
            except psycopg.OperationalError:
                deaf.wait(GLANCE)
        with self._progress:
            if self._deaf is deaf:
                self._deaf = None

    def _work(self) -> None:
        with self._busy:
            connection = self._hold()
            while connection is not None and self._rounds(connection):
                pass

    def _open(self) -> Connection[Any]:
        connection = self._connect()
        connection.autocommit = True
        if not self._prepared:
            with connection.transaction():
                self._prepare(connection)
            self._prepared = True
        return connection

    def _prepare(self, connection: Connection[Any]) -> None:
        connection.execute(SQL("SELECT pg_advisory_xact_lock({})").format(Literal(PREPARING)))
        connection.execute(
            SQL(
                'CREATE TABLE IF NOT EXISTS {} (ledger text COLLATE "C" PRIMARY KEY, fingerprint text NOT NULL,'
                " position bigint NOT NULL)"
            ).format(PLACES)
        )
        places = self._places(connection)
        for name, ledger in self._ledgers.items():
            if name not in places:
                self._begin(connection, name, ledger)
            elif places[name].fingerprint != ledger.fingerprint:
                beside = places.get(name + BESIDE)
                if beside is None or beside.fingerprint != ledger.fingerprint:
                    self._begin(connection, name + BESIDE, ledger)

    def _hold(self) -> Connection[Any] | None:
        """The connection that holds the right to project, or none while another process has it."""
        if self._connection is not None and not self._connection.closed:
            return self._connection
        connection = self._open()
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (PROJECTING,)).fetchone()
        if row is not None and row[0]:
            self._connection = connection
            return connection
        connection.close()
        return None

    def _places(self, connection: Connection[Any], lock: Iterable[str] = ()) -> dict[str, "_Place"]:
        """Where each table is; those that are named are locked until the transaction ends."""
        names = sorted(lock)
        statement = SQL("SELECT ledger, fingerprint, position, to_regclass({} || ledger)::oid FROM {}{}").format(
            Literal(f"{SCHEMA}."), PLACES, SQL(" WHERE ledger = ANY(%s) ORDER BY ledger FOR UPDATE" if names else "")
        )
        with connection.cursor(row_factory=tuple_row) as cursor:
            cursor.execute(statement, (names,) if names else None)
            return {name: _Place(*place) for name, *place in cursor}

    def _mine(self, connection: Connection[Any]) -> dict[str, "_Place"]:
        """The tables that this program's folds are for."""
        return {
            name: place
            for name, place in self._places(connection).items()
            if (ledger := self._ledgers.get(name.removesuffix(BESIDE))) and place.fingerprint == ledger.fingerprint
        }

    def _begin(self, connection: Connection[Any], name: str, ledger: Ledger[Any]) -> None:
        table = Table(ledger.line, name)
        table.drop(connection)
        table.create(connection)
        connection.execute(
            SQL(
                "INSERT INTO {} VALUES (%s, %s, 0)"
                " ON CONFLICT (ledger) DO UPDATE SET fingerprint = excluded.fingerprint, position = 0"
            ).format(PLACES),
            (name, ledger.fingerprint),
        )

    def _rounds(self, connection: Connection[Any]) -> bool:
        """A few rounds; what they leave in memory is walked over once, not after each. Returns whether there may be
        more to do."""
        with uncollected():
            return all(self._round(connection) for _ in range(ROUNDS))

    def _round(self, connection: Connection[Any]) -> bool:
        """One batch for the tables at each position, the foremost first, so that a rebuild does not hold up what is
        served. Returns whether there was anything to do."""
        places = self._mine(connection)
        positions = sorted({place.position for place in places.values()}, reverse=True)
        worked = [
            self._advance(
                connection,
                self._folding,
                {name for name, place in places.items() if place.position == position},
                position,
            )
            for position in positions
        ]
        reached = self._note(self._mine(connection) if any(worked) else places)
        if any(worked):
            connection.execute("SELECT pg_notify(%s, %s)", (NEWS, str(reached)))
        return any(worked)

    def _advance(self, connection: Connection[Any], folding: Folding, names: set[str], position: int) -> bool:
        """One batch for the tables that are at this position, and the switch for those that are being rebuilt and
        have come up to the served one."""
        facts = self._read(position)
        beside = {name for name in names if name.endswith(BESIDE)}
        if not facts and not beside:
            return False
        with uncollected(), connection.transaction():
            places = self._places(connection, lock=names | {name.removesuffix(BESIDE) for name in beside})
            names = {name for name in names if name in places and places[name].position == position}
            if facts and names:
                folding.fold(connection, {name: self._target(name, places[name]) for name in names}, facts, position)
                position = facts[-1].position
                connection.execute(
                    SQL("UPDATE {} SET position = %s WHERE ledger = ANY(%s)").format(PLACES), (position, list(names))
                )
            for name in names & beside:
                served = name.removesuffix(BESIDE)
                # A served table that claims facts which are not there would never be come up to.
                if served in names or position >= places[served].position or not (facts or self._read(position)):
                    self._switch(connection, served)
        return True

    def _target(self, name: str, place: "_Place") -> Target:
        ledger = self._ledgers[name.removesuffix(BESIDE)]
        if name not in self._tables:
            self._tables[name] = Table(ledger.line, name)
        return Target(ledger, self._tables[name], place.oid)

    def _switch(self, connection: Connection[Any], name: str) -> None:
        line = self._ledgers[name].line
        successor = Table(line, name + BESIDE)
        successor.compact(connection)
        Table(line).drop(connection)
        successor.rename(connection, name)
        connection.execute(SQL("DELETE FROM {} WHERE ledger = %s").format(PLACES), (name,))
        connection.execute(SQL("UPDATE {} SET ledger = %s WHERE ledger = %s").format(PLACES), (name, name + BESIDE))

    def _read(self, position: int) -> list[Recorded]:
        return list(self._facts_after(position, self._batch))

    def _note(self, places: Mapping[str, "_Place"]) -> int:
        served = [place.position for name, place in places.items() if not name.endswith(BESIDE)]
        reached = min(served, default=0)
        self._reach(reached)
        return reached

    def _reach(self, position: int) -> None:
        with self._progress:
            self._reached = max(self._reached, position)
            self._progress.notify_all()

    def _compare(
        self, connection: Connection[Any], served: Table[Any], again: Table[Any], most: int
    ) -> list[Difference]:
        """The served versions that are not those folded again, and the other way round."""
        # The nodes of ended versions are compared as well: a version under a wrong node could not be found.
        stored, folded = (
            SQL("(SELECT {}, from_position, to_position, fork FROM {})").format(table.columns, table.whole)
            for table in (served, again)
        )
        found: list[dict[tuple[Key, int], tuple[Any, ...]]] = []
        for left, right in ((stored, folded), (folded, stored)):
            with connection.cursor(row_factory=tuple_row) as cursor:
                cursor.execute(SQL("{} EXCEPT ALL {} LIMIT {}").format(left, right, Literal(most)))
                found.append({self._place_of(served.line, row): row for row in cursor})
        return list(_differences(served.line, *found))

    @staticmethod
    def _place_of(line: type[Line], row: tuple[Any, ...]) -> tuple[Key, int]:
        return tuple(row[line.names.index(name)] for name in line.key), row[-3]


class _Place(NamedTuple):
    fingerprint: str
    position: int
    oid: int


PLACES = Identifier(SCHEMA, "projection")


def _differences(
    line: type[Line],
    stored: Mapping[tuple[Key, int], tuple[Any, ...]],
    folded: Mapping[tuple[Key, int], tuple[Any, ...]],
) -> Iterable[Difference]:
    names = (*line.names, "from_position", "to_position", "fork")
    for (key, since), row in stored.items():
        other = folded.get((key, since))
        if other is None:
            yield Difference(line.table, "extra", key, since, {})
        else:
            changed = {name: (mine, its) for name, mine, its in zip(names, row, other, strict=True) if mine != its}
            yield Difference(line.table, "altered", key, since, changed)
    for key, since in folded.keys() - stored.keys():
        yield Difference(line.table, "missing", key, since, {})
