"""封存: appends new facts to the log's tree, signs where it stands, has that witnessed, and publishes it. Where a
place's policy asks for SM3 and SM2 as well, a second log over the same facts is sealed beside the first.

What is on disk comes first, always: tiles, then the log's own signature (`signed`), then what witnesses said
(`checkpoint`). So a crash at any moment leaves a published checkpoint whose tiles are there, and a log that never signs
two histories. What contradicts what was signed stops the sealing until a person has looked: the alarm is a file, and
taking it away is that person's deed.
"""

import fcntl
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from threading import Event, Thread
from typing import Final, NamedTuple, Protocol

import structlog
from eventsourcing.persistence import OperationalError

from adapters.facts import decode
from adapters.postgres.event_store import Stored
from adapters.proofs import files, merkle
from adapters.proofs.asking import Collected, Witnesses
from adapters.proofs.entries import entry_bytes
from adapters.proofs.notes import LOG, SM_LOG, BadNote, Checkpoint, Note, Signer
from adapters.proofs.policy import ALONE, Policy
from adapters.proofs.published import CHECKPOINT, SECOND, PublishedLog
from adapters.proofs.sm2 import SuiteMissing
from adapters.proofs.tiles import WIDTH, Edge, TileMissing
from domain.policy import PolicyAdopted

PAUSE: Final = 1.0
"""Seconds between two checkpoints when facts keep coming."""

_BATCH: Final = 1 << 16
_PATROL: Final = 4
"""Tiles of sealed facts that are compared with the database anew in every round."""

_SIGNED, _KEY, _ALARM, _LOCK, _WITNESSES = "signed", "key", "alarm.json", "lock", "witnesses.txt"

_log = structlog.get_logger(__name__)


class Facts(Protocol):
    """The facts as the store keeps them."""

    def read_recorded(self, *, after: int = 0, until: int | None = None, limit: int | None = None) -> Iterator[Stored]:
        """Those with ``after`` < position <= ``until``, in order."""

    def head(self) -> int:
        """The last position."""

    def wait(self, after: int, timeout: float) -> int:
        """Block until there is one after a position, or for so many seconds."""


def witnesses_of(folder: Path) -> Policy:
    """The witnesses that this log asks, and how many of them it needs: a policy in the log's own folder.

    Without that file nobody is asked. Raises Unproven where it can't be read.
    """
    file = folder / _WITNESSES
    return Policy.parse(file.read_text("utf-8")) if file.exists() else ALONE


class State(StrEnum):
    """封存状态"""

    STANDBY = "standby"
    SEALING = "sealing"
    ALARM = "alarm"


class Alarm(Exception):
    """告警: the sealing has stopped. ``code`` is stable, ``sentence`` for people, ``position`` where it was seen."""

    def __init__(self, code: str, sentence: str, position: int | None = None) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence
        self.position = position


class Status(NamedTuple):
    """封存现状: sizes are numbers of facts; ``unpublished_since`` is when the oldest checkpoint was signed that still
    lacks witnesses; ``witnesses`` says of those who gave no cosignature last time why not; ``second`` is what the
    second log has published, none where no policy asks for one or this machine can't make it."""

    state: State
    signed: int
    published: int
    unpublished_since: datetime | None
    witnesses: dict[str, str]
    alarm: Alarm | None
    second: int | None = None


def log_key(folder: Path, origin: str | None = None) -> Signer:
    """The log's key, made at first: under the given name, or under one that no other log will have."""
    return Signer.kept(folder / _KEY, origin or f"taizhang/{secrets.token_hex(8)}", LOG)


def second_key(folder: Path) -> Signer:
    """The second log's key, made at first, under the first log's name and ``/sm``. Raises SuiteMissing."""
    return Signer.kept(folder / SECOND / _KEY, f"{log_key(folder).verifier.name}/{SECOND}", SM_LOG)


class _Growing:
    """A tree in the sealer's hands: what is appended to it is on disk before it is signed."""

    def __init__(self, log: PublishedLog, key: Signer, witnesses: Witnesses) -> None:
        """Take up what was signed last, once it has been found whole. Raises Alarm."""
        self.log = log
        self.key = key
        self.witnesses = witnesses
        signed, published = _signed(log.folder), log.checkpoint()
        self.signed = signed.size if signed else 0
        self.published = published[0].size if published else 0
        if self.published > self.signed:
            raise Alarm("log_rolled_back", "已公布的检查点比日志自己签过的还新:日志文件夹被恢复成了旧的")
        self.edge = Edge(log.tiles, self.signed)
        if signed and self.checkpoint != signed:
            raise Alarm("tiles_damaged", "日志的分片文件与自己签过的检查点不符")
        self.last: Stored | None = None
        self.heard = not self.signed
        """Whether enough witnesses know what was signed before this process began; until then nothing new is."""
        self.second: _Growing | None = None

    @property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint(self.key.verifier.name, self.edge.size, self.edge.root())

    @property
    def waits(self) -> bool:
        """Whether something that was signed is still to be published."""
        return self.published < self.signed or not self.heard

    def add(self, content: bytes) -> None:
        """Append an entry's content."""
        self.edge.append(merkle.leaf_hash(content, self.log.tiles.algorithm))

    def sign(self) -> None:
        """Sign for what has been appended, once it is on disk."""
        self.edge.settle()
        checkpoint = self.checkpoint
        note = Note(checkpoint.text, (self.key.sign(checkpoint.text),))
        files.write(self.log.folder / _SIGNED, str(note).encode())
        self.signed = checkpoint.size

    def publish(self) -> Collected:
        """Have what was signed witnessed, and publish it if enough of them did. Raises Alarm."""
        note = Note.parse((self.log.folder / _SIGNED).read_bytes())
        checkpoint = Checkpoint.parse(note.text)
        nodes, algorithm = self.log.tree(checkpoint.size).nodes, self.log.tiles.algorithm
        collected = self.witnesses.collect(
            note, checkpoint, lambda old, new: merkle.consistency_proof(nodes, old, new, algorithm)
        )
        _heed(collected, checkpoint.size)
        policy = self.witnesses.policy
        if policy.satisfied(policy.witnessed(collected.note)):
            files.write(self.log.folder / CHECKPOINT, str(collected.note).encode())
            self.published = checkpoint.size
            self.heard = True
            self.edge.tidy()
        return collected

    def append(self, fact: Stored) -> None:
        """Raises Alarm for a fact that can't follow the one before."""
        if fact.position != self.edge.size + 1:
            missing = self.edge.size + 1
            raise Alarm("position_missing", f"数据库中缺少第{missing}号事实", missing)
        if self.last is not None and fact.recorded_at < self.last.recorded_at:
            raise Alarm("time_ran_back", f"第{fact.position}号事实的记录时间早于前一号", fact.position)
        content = entry_bytes(fact.recorded_at, fact.data)
        self.add(content)
        if self.second and self.second.heard and self.second.edge.size == fact.position - 1:
            self.second.add(content)
        self.last = fact


class Sealer:
    """One log's sealer. ``seal`` is one round of the work; ``run`` does it again and again until told to stop.

    Only the process that holds the lock of the folder seals; another one stands by and takes over.
    """

    def __init__(
        self,
        folder: Path,
        facts: Facts,
        *,
        origin: str | None = None,
        policy: Policy = ALONE,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        pause: float = PAUSE,
    ) -> None:
        self.folder = folder
        self.log = PublishedLog(folder)
        self._facts = facts
        self._origin = origin
        self._policy = policy
        self._now = now
        self._pause = pause
        self._growing: _Growing | None = None
        self._patrolled = 0
        self._status = Status(State.STANDBY, 0, 0, None, {}, None)

    def status(self) -> Status:
        return self._status

    def run(self, stop: Event) -> None:
        """Seal until told to stop. An unreachable database is waited for; an alarm ends it."""
        while not stop.is_set():
            with self.alone() as mine:
                if mine:
                    self._rounds(stop)
                    return
            stop.wait(self._pause)

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Whether this process may seal for as long as it lasts."""
        files.make(self.folder)
        with open(self.folder / _LOCK, "ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def _rounds(self, stop: Event) -> None:
        while not stop.is_set():
            began = time.monotonic()
            try:
                self._facts.wait(self.seal(), self._pause)
            except Alarm as alarm:
                _log.critical("sealing_stopped", code=alarm.code, position=alarm.position)
                return
            except OperationalError:
                _log.warning("sealing_waits_for_the_database")
            stop.wait(max(0.0, self._pause - (time.monotonic() - began)))

    def seal(self) -> int:
        """One round: seal what is new, sign, ask the witnesses, publish. Returns how many facts are signed for.

        Call it only while ``alone``. Raises Alarm, and ever again until a person has taken its file away.
        """
        try:
            growing = self._growing or self._resume()
            # Whatever fails from here on may leave more appended than was signed: then the tree is taken up anew.
            self._growing = None
            self._compare_last(growing)
            if growing.waits:
                self._publish(growing)
            self._follow(growing)
            while growing.heard and self._append(growing):
                self._sign(growing)
                self._publish(growing)
                self._follow(growing)
            self._patrol(growing.edge.size)
            self._growing = growing
        except TileMissing as error:
            raise self._stop(Alarm("tiles_damaged", f"日志的分片文件缺失或损坏:{error}")) from None
        except Alarm as alarm:
            raise self._stop(alarm) from None
        return self._status.signed

    def _resume(self) -> _Growing:
        """Take up what was signed last, once it has been found whole."""
        self._recall_alarm()
        growing = _Growing(self.log, log_key(self.folder, self._origin), Witnesses(self._policy))
        self._status = Status(State.SEALING, growing.signed, growing.published, None, {}, None)
        if self.log.second.folder.is_dir():
            self._begin_second(growing)
        return growing

    def _begin_second(self, growing: _Growing) -> None:
        """Take up the second log, if this machine can; it is brought up to the first afterwards. Its folder, once
        there, is what says that it was asked for."""
        files.make(self.log.second.folder)
        try:
            growing.second = _Growing(self.log.second, second_key(self.folder), Witnesses(self._policy))
        except SuiteMissing:
            _log.critical("second_log_not_sealed", reason="this machine's OpenSSL has no SM2 and SM3")
            return
        if growing.second.signed > growing.signed:
            raise Alarm("log_rolled_back", "国密日志签到了第一日志还没有签的地方:日志文件夹被恢复成了旧的")
        self._status = self._status._replace(second=growing.second.published)

    def _follow(self, growing: _Growing) -> None:
        """Sign and publish the second log as far as the first is signed, and bring it up where it is not in step: at
        its beginning, and after a crash."""
        second = growing.second
        if second is None:
            return
        if second.waits:
            second.publish()
        while second.heard and second.signed < growing.signed:
            if second.edge.size < growing.signed:
                self._catch_up(second, growing.signed)
            second.sign()
            second.publish()
        self._status = self._status._replace(second=second.published)

    def _catch_up(self, second: _Growing, size: int) -> None:
        """Append to the second log what the first has sealed already, and nothing else."""
        tree, here = self.log.tree(size), second.edge.size
        for fact in self._facts.read_recorded(after=here, until=size, limit=_BATCH):
            here += 1
            if fact.position != here or _leaf(fact) != tree.leaf(here - 1):
                raise Alarm("sealed_fact_changed", f"第{here}号事实与封存时不同", here)
            second.append(fact)
        if here == second.signed:
            raise Alarm("position_missing", f"数据库中缺少第{here + 1}号事实", here + 1)

    def _compare_last(self, growing: _Growing) -> None:
        """The database must still hold what was sealed last, at the same place."""
        size = growing.edge.size
        if not size:
            return
        growing.last = next(self._facts.read_recorded(after=size - 1, until=size), None)
        if growing.last is None:
            head = self._facts.head()
            if head < size:
                sentence = f"数据库只到第{head}号,而日志已封存到第{size}号:数据库被回退或截断"
                raise Alarm("database_behind_log", sentence, head + 1)
            raise Alarm("position_missing", f"数据库中缺少第{size}号事实", size)
        if _leaf(growing.last) != self.log.tree(size).leaf(size - 1):
            raise Alarm("sealed_fact_changed", f"第{size}号事实与封存时不同", size)

    def _append(self, growing: _Growing) -> bool:
        """Append a batch of new facts to the tiles; whether there were any."""
        before = growing.edge.size
        for fact in self._facts.read_recorded(after=before, limit=_BATCH):
            growing.append(fact)
            if growing.second is None and _asks_for_second(fact):
                self._begin_second(growing)
        return growing.edge.size > before

    def _sign(self, growing: _Growing) -> None:
        growing.sign()
        since = self._status.unpublished_since or self._now()
        self._status = self._status._replace(signed=growing.signed, unpublished_since=since)

    def _publish(self, growing: _Growing) -> None:
        collected = growing.publish()
        silent = {name: str(refusal) for name, refusal in collected.refusals.items()} | collected.unreachable
        self._status = self._status._replace(witnesses=silent, published=growing.published)
        if not growing.waits:
            self._status = self._status._replace(unpublished_since=None)

    def _patrol(self, size: int) -> None:
        """Compare some full tiles of sealed facts with the database, others every time."""
        full = size // WIDTH
        tree = self.log.tree(size)
        for _ in range(min(_PATROL, full)):
            tile = self._patrolled % full
            first = tile * WIDTH + 1
            facts = self._facts.read_recorded(after=first - 1, until=first + WIDTH - 1)
            for position in range(first, first + WIDTH):
                fact = next(facts, None)
                if fact is None or fact.position != position or _leaf(fact) != tree.leaf(position - 1):
                    raise Alarm("sealed_fact_changed", f"第{position}号事实与封存时不同", position)
            self._patrolled = tile + 1

    def _recall_alarm(self) -> None:
        file = self.folder / _ALARM
        if file.exists():
            told = json.loads(file.read_text("utf-8"))
            raise Alarm(told["code"], told["sentence"], told["position"])

    def _stop(self, alarm: Alarm) -> Alarm:
        self._status = self._status._replace(state=State.ALARM, alarm=alarm)
        file = self.folder / _ALARM
        if not file.exists():
            told = {"code": alarm.code, "sentence": alarm.sentence, "position": alarm.position}
            told["seen_at"] = self._now().isoformat(timespec="seconds")
            files.write(file, json.dumps(told, ensure_ascii=False).encode())
        return alarm


@contextmanager
def sealing(sealer: Sealer) -> Iterator[Sealer]:
    """Seals beside the writers for as long as it lasts."""
    stop = Event()
    thread = Thread(target=sealer.run, args=(stop,), name="sealer", daemon=True)
    thread.start()
    try:
        yield sealer
    finally:
        stop.set()
        thread.join()


def _signed(folder: Path) -> Checkpoint | None:
    try:
        return Checkpoint.parse(Note.parse((folder / _SIGNED).read_bytes()).text)
    except FileNotFoundError:
        return None
    except BadNote:
        raise Alarm("tiles_damaged", "日志自己签过的检查点文件已损坏") from None


def _heed(collected: Collected, size: int) -> None:
    """A witness that knows better than we do is the reason why there are witnesses."""
    for name, refusal in collected.refusals.items():
        if refusal.status == 409 and refusal.size is not None and refusal.size > size:
            sentence = f"见证人 {name} 已见证到第{refusal.size}号,而本日志只到第{size}号:日志被恢复成了旧的"
            raise Alarm("witness_ahead", sentence, size + 1)
        if refusal.status == 422:
            raise Alarm("witness_disagrees", f"见证人 {name} 认为本日志与它见证过的不一致")


def _asks_for_second(fact: Stored) -> bool:
    """Whether by this fact a place adopts a policy that asks for SM3 and SM2."""
    if fact.type != PolicyAdopted.type:
        return False
    event = decode(fact.data).event
    return isinstance(event, PolicyAdopted) and SECOND in event.policy.seals


def _leaf(fact: Stored) -> bytes:
    return merkle.leaf_hash(entry_bytes(fact.recorded_at, fact.data))
