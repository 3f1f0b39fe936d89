"""Keys that people hold, in tests: a key file, and a passkey in software that says what a real device would say."""

import json
from dataclasses import dataclass, field
from hashlib import sha256
from os import urandom
from typing import Protocol

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from adapters.proofs.suites import to_text
from domain.command import Act, Command, Proof
from domain.ids import PersonId, SigningKeyId
from domain.keys import ConfirmKey, RegisterKey, id_of, registration
from domain.statements import PersonalSignature, Statement, SuiteName
from tests.scenario import Scene

ORIGIN = "http://localhost:8000"


class Signer(Protocol):
    """Whatever signs the digest of a statement."""

    suite: SuiteName

    @property
    def public_key(self) -> str: ...

    @property
    def credential(self) -> str | None: ...

    def sign(self, digest: str) -> PersonalSignature: ...


@dataclass
class KeyFile:
    """An Ed25519 key."""

    suite: SuiteName = "ed25519"
    credential: str | None = None
    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def public_key(self) -> str:
        return to_text(self.private.public_key().public_bytes_raw())

    def sign(self, digest: str) -> PersonalSignature:
        value = to_text(self.private.sign(bytes.fromhex(digest)))
        return PersonalSignature(key=id_of(self.public_key), statement=digest, value=value)


@dataclass
class Passkey:
    """An ES256 credential; ``verifies`` tells whether the device verifies who holds it."""

    origin: str = ORIGIN
    verifies: bool = True
    suite: SuiteName = "webauthn"
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    raw_id: bytes = field(default_factory=lambda: urandom(32))

    @property
    def public_key(self) -> str:
        point = self.private.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        return to_text(cbor2.dumps(cose))

    @property
    def credential(self) -> str | None:
        return to_text(self.raw_id)

    def sign(self, digest: str) -> PersonalSignature:
        challenge = to_text(bytes.fromhex(digest))
        client = json.dumps({"type": "webauthn.get", "challenge": challenge, "origin": self.origin}).encode()
        host = self.origin.partition("://")[2].partition(":")[0]
        flags = 0b101 if self.verifies else 0b001
        authenticator = sha256(host.encode()).digest() + bytes([flags]) + bytes(4)
        value = self.private.sign(authenticator + sha256(client).digest(), ec.ECDSA(SHA256()))
        return PersonalSignature(
            key=id_of(self.public_key),
            statement=digest,
            value=to_text(value),
            authenticator_data=to_text(authenticator),
            client_data=to_text(client),
        )


def registering(signer: Signer, person: PersonId, label: str = "办公电脑") -> RegisterKey:
    """The command by which the person registers this key, signed by it."""
    said = registration(person, signer.suite, signer.public_key, signer.credential, label)
    return RegisterKey(
        suite=signer.suite,
        public_key=signer.public_key,
        credential=signer.credential,
        label=label,
        possession=signer.sign(said.digest),
    )


def proof(signer: Signer, said: Statement) -> Proof:
    """What an adapter says when it has verified this key's signature."""
    return Proof(signer.public_key, said.digest)


def perform(scene: Scene, command: Command, by: PersonId, *proofs: Proof) -> None:
    """Asks with these signatures verified."""
    scene.last = scene.ledger.execute(command, Act(by, scene.at, frozenset(proofs))).facts


def register(scene: Scene, signer: Signer, person: PersonId) -> SigningKeyId:
    command = registering(signer, person)
    said = registration(person, signer.suite, signer.public_key, signer.credential, command.label)
    perform(scene, command, person, proof(signer, said))
    return command.key


def confirmed(scene: Scene, signer: Signer, person: PersonId, by: PersonId) -> SigningKeyId:
    """Registered, and confirmed face to face."""
    key = register(scene, signer, person)
    scene.when(ConfirmKey(key=key, manner="本人到场核对指纹"), by)
    return key
