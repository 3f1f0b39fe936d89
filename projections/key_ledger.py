"""密钥台账: one line per key that anyone registered to sign with."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Literal

from domain import keys
from domain.fact import Recorded
from domain.ids import PersonId, SigningKeyId
from domain.keys import KEYS, Key, KeyConfirmed, KeyRegistered, KeyRevoked
from domain.statements import Assurance, SuiteName
from projections.ledger import Ledger, one_line
from projections.line import Line


class KeyLine(
    Line,
    table="key_ledger",
    key=("signing_key",),
    found_by=(("person",), ("state",)),
):
    """密钥台账

    A key counts from ``confirmed_at`` to ``revoked_at``. What it signed from ``doubtful_since`` on, before it was
    revoked, is in doubt.
    """

    signing_key: SigningKeyId
    person: PersonId
    suite: SuiteName
    assurance: Assurance
    title: str
    public_key: str
    credential: str | None
    registered_at: datetime
    state: Literal["registered", "confirmed", "revoked"] = "registered"
    confirmed_at: datetime | None = None
    confirmed_by: PersonId | None = None
    manner: str | None = None
    revoked_at: datetime | None = None
    revoked_by: PersonId | None = None
    doubtful_since: date | None = None
    reason: str | None = None


def groups(fact: Recorded) -> Iterator[str]:
    yield fact.event.key  # type: ignore[attr-defined]


def evolve(line: KeyLine | None, fact: Recorded) -> KeyLine | None:
    match fact.event:
        case KeyRegistered():
            return registered(keys.evolve(None, fact))
        case KeyConfirmed(manner=manner) if line:
            return line.but(state="confirmed", confirmed_at=fact.recorded_at, confirmed_by=fact.by, manner=manner)
        case KeyRevoked(reason=reason, since=since) if line:
            return line.but(
                state="revoked", revoked_at=fact.recorded_at, revoked_by=fact.by, doubtful_since=since, reason=reason
            )
    return line


def registered(key: Key | None) -> KeyLine | None:
    if key is None:
        return None
    return KeyLine(
        key.key,
        key.person,
        key.suite,
        key.assurance,
        key.label,
        key.public_key,
        key.credential,
        key.registered_at,
    )


LEDGER = Ledger(KeyLine, folds=KEYS, groups=groups, evolve=one_line(evolve), rests_on=(keys,))
