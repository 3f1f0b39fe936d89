"""个人签名: whether a signature that someone sent was made with the key they say. What was verified goes along with the
act; whether it is enough, the decision says."""

from typing import NoReturn

from adapters.proofs.sm2 import SuiteMissing
from adapters.proofs.suites import suite, to_bytes
from adapters.proofs.verdict import Unproven
from domain.chains import Chain, Given, statement_of
from domain.command import About, Act, Proof
from domain.fact import Past, Recorded, Value
from domain.keys import (
    CONFIRM,
    ConfirmKey,
    Key,
    KeyConfirmed,
    KeyRegistered,
    RegisterKey,
    confirmation,
    fold,
    id_of,
    registration,
)
from domain.organisation import PersonRegistered
from domain.posts import held
from domain.signoff import Giving
from domain.statements import PersonalSignature, Statement, SuiteName
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
        case (
            Giving(signature=PersonalSignature() as signature) | ConfirmKey(signature=PersonalSignature() as signature)
        ):
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


# Years later, with nothing but facts


def check(facts: Past, before: Past, fact: Recorded, chain: Chain) -> None:
    """That a recorded sign-off, refusal or send-back was signed as the stage demanded whose turn it was, and with a key
    that was its signer's and in force.

    ``facts`` are those recorded until then, ``before`` those of them about the subject, ``chain`` as it stood. Raises
    Unproven.
    """
    signed = fact.event
    assert isinstance(signed, Given)
    if signed.assurance.weight < chain.demanded.weight:
        _refuse(fact, "assurance_too_low", f"该环节须用{chain.demanded.label}签名")
    if signed.signature is None:
        if signed.assurance.weight:
            _refuse(fact, "signature_missing", f"写作用{signed.assurance.label}签名,却没有签名")
        return
    key = _check_key(facts, fact, signed.signature, statement_of(signed, fact.by, chain, before))
    if signed.assurance is not key.assurance:
        _refuse(fact, "assurance_differs", f"这个密钥的签名是{key.assurance.label}签名")


def _check_key(facts: Past, fact: Recorded, signature: PersonalSignature, said: Statement) -> Key:
    """The key a fact was signed with, found to be its author's and in force then, and confirmed by a key that was, and
    so on to one that was confirmed by an account alone."""
    key = fold(facts).get(signature.key)
    if key is None or key.person != fact.by or not key.in_force:
        _refuse(fact, "key_not_in_force", "签名所用的密钥不是签名人的,或当时没有经过确认,或已吊销,或没有收入")
    _check_confirmed(facts, key)
    _check_signature(fact, key.suite, key.public_key, signature, said)
    return key


def _check_confirmed(facts: Past, key: Key) -> None:
    """That its person held the key when it was registered, and someone else with the say over them confirmed it."""
    for registered in facts.about(key.key).of(KeyRegistered):
        one = registered.event
        assert isinstance(one, KeyRegistered)
        if id_of(one.public_key) != one.key:
            _refuse(registered, "key_differs", "密钥编号与公钥不符")
        said = registration(one.person, one.suite, one.public_key, one.credential, one.label)
        _check_signature(registered, one.suite, one.public_key, one.possession, said)
    homes = [home.region for home in facts.events if isinstance(home, PersonRegistered) and home.person == key.person]
    for confirmed in facts.about(key.key).of(KeyConfirmed):
        event = confirmed.event
        if not isinstance(event, KeyConfirmed) or event.key != key.key:
            # One that was confirmed with this key.
            continue
        earlier = Past(fact for fact in facts if fact.position < confirmed.position)
        posts = held(earlier, confirmed.by, Act(confirmed.by, confirmed.at).today)
        over = [post for post in posts if post.post in CONFIRM and any(post.region.holds(home) for home in homes)]
        if confirmed.by == key.person or not over:
            _refuse(confirmed, "key_not_confirmed", "密钥不是由有权的他人确认的,或确认人的任职没有收入")
        if event.signature:
            said = confirmation(event.key, event.person, confirmed.by, event.manner)
            _check_key(earlier, confirmed, event.signature, said)


def _check_signature(
    fact: Recorded, name: SuiteName, public_key: str, signature: PersonalSignature, said: Statement
) -> None:
    if signature.statement != said.digest:
        _refuse(fact, "statement_differs", "签名所签的不是这条事实所记的内容")
    try:
        verified = holds(name, public_key, signature)
    except SuiteMissing:
        _refuse(fact, "suite_missing", "本机的 OpenSSL 不支持 SM2,无法核验国密签名")
    if not verified:
        _refuse(fact, "signature_invalid", "个人签名核验不通过")


def _refuse(fact: Recorded, code: str, sentence: str) -> NoReturn:
    raise Unproven(code, f"第{fact.position}号事实:{sentence}", fact.position)
