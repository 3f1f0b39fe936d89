"""收集: which facts belong into the bundle of an issue, a chain, an exit, an edition, or of any other id."""

from collections.abc import Callable
from typing import Final, Literal

from adapters.facts import query, recorded
from adapters.postgres.event_store import PostgresRecorder, Stored
from adapters.proofs.bundle import pack
from adapters.proofs.entries import Entry
from adapters.proofs.published import PublishedLog
from adapters.proofs.verdict import Unproven
from domain.chains import ChainOpened
from domain.command import About, Scope
from domain.exits import scope_of
from domain.fact import Past
from domain.ids import ActorId, ChainId, EditionId, Id, PersonId, RegionId, SigningKeyId, UnitId
from domain.issues import IssueRegistered
from domain.keys import KEYS, KeyConfirmed
from domain.organisation import PersonRegistered, UnitEstablished
from domain.policy import policies_of
from domain.posts import TENURE
from domain.rankings import EditionPublished, ScoringRuleAdopted
from domain.regions import RegionEstablished, RegionRenamed

Read = Callable[[Scope], list[Stored]]
_NAMED: Final = (UnitEstablished, RegionEstablished, RegionRenamed)


def bundle_of(
    subject: Id, recorder: PostgresRecorder, log: PublishedLog, by: Literal["first", "second"] | None = None
) -> bytes:
    """The bundle of what is sealed about a subject, proven by both logs where there are two, or by one of them alone.
    Raises Unproven: ``not_sealed_yet`` while nothing is, and ``unknown_subject`` where there are no facts about it."""
    logs = {None: log.both, "first": (log,), "second": (log.second,)}[by]
    published = [checkpoint for one in logs if (checkpoint := one.checkpoint())]
    if not published:
        raise Unproven("not_sealed_yet", "日志还没有公布检查点,请稍候再试")
    # What the second log lags behind would have no proof by it.
    size = min(checkpoint.size for checkpoint, _ in published)

    def read(scope: Scope) -> list[Stored]:
        return list(recorder.read_recorded(query(scope), until=size))

    scope = _core(subject, read)
    core = read(scope)
    if not core:
        raise Unproven("unknown_subject", f"已封存的事实中没有关于 {subject} 的记录")
    keys, confirmers = _keys(_past(core), read)
    around = [*_around(_past(core)), *(About(one, (PersonRegistered, *TENURE)) for one in sorted(confirmers))]
    found = sorted({fact.position: fact for fact in (*read([*scope, *around]), *keys)}.values(), key=_position)
    entries = [Entry(fact.position, fact.recorded_at, fact.data) for fact in found]
    positions = [entry.position for entry in entries]
    proofs, *second = [one.proofs(positions) or [] for one in logs]
    return pack(subject, entries, proofs, *second)


def _core(subject: Id, read: Read) -> Scope:
    """A chain is understood from what it is about, an edition from its rule."""
    match subject:
        case ChainId():
            opened = next((one for one in _past(read([About(subject)])).events if isinstance(one, ChainOpened)), None)
            return _subject_of(opened, read) if opened else []
        case EditionId():
            boards = {one.board for one in _past(read([About(subject)])).events if isinstance(one, EditionPublished)}
            return [About(subject), *(About(board, (ScoringRuleAdopted,)) for board in sorted(boards))]
        case PersonId():
            return [About(subject), About(ActorId.of(subject))]
        case _:
            return [About(subject)]


def _subject_of(opened: ChainOpened, read: Read) -> Scope:
    """All about an issue or a household; of a village or county what its exit stands on, and nothing of who lives
    there."""
    if not isinstance(opened.subject, RegionId):
        return [About(opened.subject)]
    own = _past(read(scope_of(Past(), opened.subject)))
    return scope_of(own, opened.subject)


def _around(past: Past) -> list[About]:
    """What the facts can't be judged or read without: who acted and in which posts, the rules, and what things are
    called."""
    people: set[PersonId] = {fact.by for fact in past}
    placed = (one for one in past.events if isinstance(one, IssueRegistered | ChainOpened))
    rules = [about for one in placed for about in policies_of(one.region)]
    tags = {tag for one in past.events for tag in one.tags}
    named = {tag for tag in tags if isinstance(tag, UnitId | RegionId)}
    mentioned = {tag for tag in tags if isinstance(tag, PersonId)} - people
    return [
        *(About(person, (PersonRegistered, *TENURE)) for person in sorted(people)),
        *(About(person, (PersonRegistered,)) for person in sorted(mentioned)),
        *(About(tag, _NAMED) for tag in sorted(named)),
        *dict.fromkeys(rules),
    ]


def _keys(past: Past, read: Read) -> tuple[list[Stored], set[PersonId]]:
    """What is recorded of each key that was signed with, of its confirmer's key, and so on; and who confirmed."""
    found: list[Stored] = []
    confirmers: set[PersonId] = set()
    known = {tag for event in past.events for tag in event.tags if isinstance(tag, SigningKeyId)}
    waiting = sorted(known)
    while waiting:
        key = waiting.pop()
        for stored in read([About(key, KEYS)]):
            (fact,) = _past([stored])
            # The confirmations made with a key carry its tag as well.
            if not isinstance(fact.event, KEYS) or fact.event.key != key:
                continue
            found.append(stored)
            if isinstance(fact.event, KeyConfirmed):
                confirmers.add(fact.by)
                further = {tag for tag in fact.event.tags if isinstance(tag, SigningKeyId)} - known
                known |= further
                waiting += sorted(further)
    return found, confirmers


def _position(stored: Stored) -> int:
    return stored.position


def _past(stored: list[Stored]) -> Past:
    return Past(recorded(fact.position, fact.data, fact.recorded_at) for fact in stored)
