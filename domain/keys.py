"""Keys 密钥: which keys people sign with. Registered by their person, confirmed face to face by the organiser, revoked.

A key counts from its confirmation to its revocation: whoever takes over an account can register a key, but not have
it confirmed. Rotation is a new key registered and confirmed, and the old one revoked. Only public keys are ever here.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from hashlib import sha256
from typing import NamedTuple

from domain.command import About, Act, Command, Proof, Scope, not_future, refuse
from domain.fact import Event, Past, Recorded
from domain.ids import PersonId, SigningKeyId
from domain.organisation import PersonRegistered, person_known
from domain.posts import Post, authorise, authority_of
from domain.statements import Assurance, Base64Url, PersonalSignature, Statement, SuiteName, assurance_of, statement
from domain.text import Prose, ShortText

CONFIRM = (Post.ORGANISER, Post.HEADQUARTERS)


class KeyRegistered(Event, type="key.registered"):
    """登记密钥: its person showed, by signing, that the private key is theirs."""

    key: SigningKeyId
    person: PersonId
    suite: SuiteName
    public_key: Base64Url
    """Ed25519: 32 bytes; SM2: 65 bytes, a point uncompressed; WebAuthn: the COSE key of the credential."""
    credential: Base64Url | None
    label: ShortText
    possession: PersonalSignature


class KeyConfirmed(Event, type="key.confirmed"):
    """确认密钥: face to face, by someone else than its person.

    With a ``signature`` of the confirmer's own it holds against whoever can write to the database as well.
    """

    key: SigningKeyId
    person: PersonId
    manner: ShortText
    signature: PersonalSignature | None = None


class KeyRevoked(Event, type="key.revoked"):
    """吊销密钥: what it signed before stays; from ``since`` on its signatures are in doubt."""

    key: SigningKeyId
    person: PersonId
    reason: Prose
    since: date


KEYS = (KeyRegistered, KeyConfirmed, KeyRevoked)


class Key(NamedTuple):
    """密钥: as it stands after a past."""

    key: SigningKeyId
    person: PersonId
    suite: SuiteName
    public_key: str
    credential: str | None
    label: str
    registered_at: datetime
    confirmed_at: datetime | None = None
    confirmed_by: PersonId | None = None
    confirmed_with: SigningKeyId | None = None
    """The confirmer's key; none where the confirmation rests on their account alone."""
    revoked_at: datetime | None = None
    doubtful_since: date | None = None

    @property
    def in_force(self) -> bool:
        return self.confirmed_at is not None and self.revoked_at is None

    @property
    def assurance(self) -> Assurance:
        return assurance_of(self.suite)


def evolve(key: Key | None, fact: Recorded) -> Key | None:
    """The key after one more fact about it; facts of other kinds leave it as it is."""
    match fact.event:
        case KeyRegistered() as event:
            return Key(
                event.key,
                event.person,
                event.suite,
                event.public_key,
                event.credential,
                event.label,
                fact.recorded_at,
            )
        case KeyConfirmed(signature=signature) if key:
            with_key = signature.key if signature else None
            return key._replace(confirmed_at=fact.recorded_at, confirmed_by=fact.by, confirmed_with=with_key)
        case KeyRevoked(since=since) if key:
            return key._replace(revoked_at=fact.recorded_at, doubtful_since=since)
    return key


def fold(facts: Iterable[Recorded]) -> dict[SigningKeyId, Key]:
    """Every key in these facts, as it stands after them; with those up to a moment, as it stood then."""
    known: dict[SigningKeyId, Key] = {}
    for fact in facts:
        if isinstance(fact.event, KEYS) and (after := evolve(known.get(fact.event.key), fact)):
            known[fact.event.key] = after
    return known


def id_of(public_key: str) -> SigningKeyId:
    """What a key is called. Refused when the text is not its bytes' one way to be written."""
    try:
        data = urlsafe_b64decode(public_key + "=" * (-len(public_key) % 4))
    except ValueError:
        data = b""
    if not data or urlsafe_b64encode(data).rstrip(b"=").decode() != public_key:
        refuse("bad_key", "公钥的写法不对:应为不带等号的 base64url")
    return SigningKeyId(f"signingkey-{sha256(data).hexdigest()}")


def accept(past: Past, act: Act, signature: PersonalSignature, said: Statement) -> Assurance:
    """What a signature by the one who acts assures; refused unless it is over exactly these words, by a key of theirs
    that is in force, and was verified."""
    key = fold(past.about(signature.key)).get(signature.key)
    if key is None or key.person != act.by or not key.in_force:
        refuse("key_not_in_force", "签名所用的密钥不是您的,或没有经过确认,或已吊销")
    verified(act, signature, key.public_key, said)
    return key.assurance


def verified(act: Act, signature: PersonalSignature, public_key: str, said: Statement) -> None:
    if signature.statement != said.digest:
        refuse("statement_differs", "签名所签的内容与本次办理的内容不一致,请重新查看后再签")
    if Proof(public_key, said.digest) not in act.proven:
        refuse("signature_invalid", "签名核验不通过")


class RegisterKey(Command):
    """登记密钥

    By its person, for themself. ``possession`` is a signature by this very key over the statement of registration.
    """

    suite: SuiteName
    public_key: Base64Url
    credential: Base64Url | None = None
    label: ShortText
    possession: PersonalSignature

    @property
    def key(self) -> SigningKeyId:
        return id_of(self.public_key)

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (About(act.by, (PersonRegistered,)), About(self.key, KEYS))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        person_known(past, act.by)
        if past.about(self.key).of(KeyRegistered):
            refuse("key_already_registered", "这个密钥已经登记过,不能再次登记")
        if (self.credential is not None) != (self.suite == "webauthn"):
            refuse("credential_incoherent", "通行密钥须写明凭据编号,其他密钥不写")
        if self.possession.key != self.key:
            refuse("signature_invalid", "须用所登记的密钥本身签名")
        said = registration(act.by, self.suite, self.public_key, self.credential, self.label)
        verified(act, self.possession, self.public_key, said)
        yield KeyRegistered(
            key=self.key,
            person=act.by,
            suite=self.suite,
            public_key=self.public_key,
            credential=self.credential,
            label=self.label,
            possession=self.possession,
        )


def registration(person: PersonId, suite: SuiteName, public_key: str, credential: str | None, label: str) -> Statement:
    """What a key signs to be registered: that it is this person's."""
    return statement(
        "taizhang.key.v1",
        person=person,
        suite=suite,
        key=id_of(public_key),
        credential=credential,
        label=label,
    )


def confirmation(key: SigningKeyId, person: PersonId, confirmer: PersonId, manner: str) -> Statement:
    """What a confirmer signs: that this key is that person's."""
    return statement("taizhang.confirmation.v1", key=key, person=person, confirmer=confirmer, manner=manner)


class OnKey(Command, abstract=True):
    """What is done with a key that is registered already."""

    key: SigningKeyId

    def stands_on(self, past: Past, act: Act) -> Scope:
        people = {one.person for one in past.about(self.key).events if isinstance(one, KeyRegistered)}
        whose = tuple(About(person, (PersonRegistered,)) for person in sorted(people))
        return (*authority_of(act), About(self.key, KEYS), *whose)

    def known(self, past: Past) -> Key:
        key = fold(past.about(self.key)).get(self.key)
        if key is None:
            refuse("unknown_key", "没有登记过这个密钥")
        if key.revoked_at:
            refuse("key_revoked", "这个密钥已经吊销")
        return key


class ConfirmKey(OnKey):
    """确认密钥

    Its person must be there, with the fingerprint that their own screen shows. Nobody confirms a key of their own.
    """

    manner: ShortText
    signature: PersonalSignature | None = None

    def stands_on(self, past: Past, act: Act) -> Scope:
        own = (About(act.by, KEYS),) if self.signature else ()
        return (*super().stands_on(past, act), *own)

    def statement(self, past: Past, act: Act) -> Statement:
        """What the one who acts would sign to confirm it with a key of their own."""
        return confirmation(self.key, self.known(past).person, act.by, self.manner)

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        key = self.known(past)
        if key.person == act.by:
            refuse("own_key", "不能确认自己的密钥,请由组织部门或指挥部办公室的他人当面核对")
        authorise(past, act, person_known(past, key.person).region, *CONFIRM)
        if key.confirmed_at:
            refuse("key_already_confirmed", "这个密钥已经确认")
        if self.signature:
            accept(past, act, self.signature, self.statement(past, act))
        yield KeyConfirmed(key=self.key, person=key.person, manner=self.manner, signature=self.signature)


class RevokeKey(OnKey):
    """吊销密钥

    By its person, or by those who confirm. For good: a key is never taken back into use.
    """

    reason: Prose
    since: date

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        key = self.known(past)
        if key.person != act.by:
            authorise(past, act, person_known(past, key.person).region, *CONFIRM)
        not_future(self.since, act, "停用日期")
        yield KeyRevoked(key=self.key, person=key.person, reason=self.reason, since=self.since)
