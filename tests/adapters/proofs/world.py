"""A county's facts as a store keeps them, in memory, and a log over them whose witnesses are at hand."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from adapters.facts import decode
from adapters.postgres.event_store import Stored
from adapters.proofs.entries import Entry
from adapters.proofs.notes import LOG, WITNESS, Signer
from adapters.proofs.policy import Policy
from adapters.proofs.sealer import Sealer
from domain.ids import IssueId
from domain.policy import Severity
from tests.county import closed, county
from tests.scenario import Scene

NOON = datetime(2019, 11, 21, 4, tzinfo=UTC)
ISSUE = IssueId("issue-road")


class Memory:
    """Facts in a list. What a test does to the list, a superuser does to the table."""

    def __init__(self, facts: list[Stored] | None = None) -> None:
        self.facts = facts or []

    @classmethod
    def of(cls, scene: Scene) -> "Memory":
        found = scene.store.recorder.read()
        return cls(
            [
                Stored(one.position, one.event.type, one.event.tags, one.event.data, decode(one.event.data).at)
                for one in found
            ]
        )

    def grow(self, count: int) -> None:
        for _ in range(count):
            at = len(self.facts) + 1
            self.facts.append(Stored(at, "made.up", [], b'{"number":%d}' % at, NOON))

    def change(self, position: int, **fields: object) -> None:
        self.facts[position - 1] = self.facts[position - 1]._replace(**fields)  # type: ignore[arg-type]

    def read_recorded(self, *, after: int = 0, until: int | None = None, limit: int | None = None) -> Iterator[Stored]:
        wanted = [fact for fact in self.facts if after < fact.position and (until is None or fact.position <= until)]
        return iter(wanted[:limit])

    def head(self) -> int:
        return self.facts[-1].position if self.facts else 0

    def wait(self, after: int, timeout: float) -> int:
        return self.head()

    def entries(self) -> list[Entry]:
        return [Entry(fact.position, fact.recorded_at, fact.data) for fact in self.facts]


def settled(severity: Severity = Severity.MINOR) -> Memory:
    """A county with one issue that was closed by every signature it needed."""
    scene = county()
    closed(scene, ISSUE, severity)
    return Memory.of(scene)


def witnesses(count: int) -> list[Signer]:
    return [Signer.new(f"witness.example/{number}", WITNESS) for number in range(1, count + 1)]


def policy_of(*logs: Signer, asked: list[Signer] | None = None, urls: list[str] | None = None, needed: int = 0) -> str:
    """The text of a policy that trusts these logs, and wants so many of these witnesses."""
    lines = [f"log {log.verifier}" for log in logs]
    names = []
    for number, witness in enumerate(asked or [], 1):
        names.append(f"w{number}")
        lines.append(f"witness w{number} {witness.verifier} {urls[number - 1] if urls else ''}")
    if needed:
        lines.append(f"group enough {needed} {' '.join(names)}")
    lines.append(f"quorum {'enough' if needed else 'none'}")
    return "\n".join(lines) + "\n"


def sealed(folder: Path, facts: Memory, origin: str = "ledger.example/county") -> Sealer:
    """A log over all these facts, sealed and published without witnesses."""
    sealer = Sealer(folder, facts, origin=origin)
    with sealer.alone() as mine:
        assert mine
        sealer.seal()
    return sealer


def key_of(folder: Path) -> Signer:
    return Signer.kept(folder / "key", "", LOG)


def trusting(folder: Path) -> Policy:
    """The policy of someone who trusts the log in this folder, and asks for no witness."""
    return Policy.parse(policy_of(key_of(folder)))
