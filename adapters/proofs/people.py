"""个人签名: whether a signature that someone sent was made with the key they say. What was verified goes along with the
act; whether it is enough, the decision says."""

from adapters.proofs.suites import SuiteMissing, suite, to_bytes
from domain.command import About, Proof
from domain.fact import Value
from domain.keys import KeyRegistered, RegisterKey
from domain.signoff import Signing
from domain.statements import PersonalSignature, SuiteName
from services.ledger import FactStore


def holds(name: SuiteName, public_key: str, signature: PersonalSignature, origin: str | None = None) -> bool:
    """Whether this key signed the statement that the signature names. ``origin`` is where a passkey must have been
    used, anywhere if none is given. Raises SuiteMissing."""
    return suite(name, origin).verify(to_bytes(public_key), bytes.fromhex(signature.statement), signature)


def proven(asked: Value, store: FactStore, origin: str) -> frozenset[Proof]:
    """What of the signatures that a command carries was verified: by the key it registers, or by one registered."""
    match asked:
        case RegisterKey(suite=name, public_key=public_key, possession=signature):
            pass
        case Signing(signature=PersonalSignature() as signature):
            registered = store.read((About(signature.key, (KeyRegistered,)),)).facts.events
            if not registered or not isinstance(event := registered[0], KeyRegistered):
                return frozenset()
            name, public_key = event.suite, event.public_key
        case _:
            return frozenset()
    try:
        verified = holds(name, public_key, signature, origin)
    except (SuiteMissing, ValueError):
        verified = False
    return frozenset({Proof(public_key, signature.statement)} if verified else ())
