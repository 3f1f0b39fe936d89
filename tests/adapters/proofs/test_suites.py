"""Every suite agrees with implementations that are not ours, and takes nothing that is not a signature."""

from hashlib import sha256
from typing import Any

import gmalg  # type: ignore[import-untyped]
import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from gmssl import sm2 as gmssl_sm2  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.proofs.people import holds
from adapters.proofs.sm2 import SM2_ID, SuiteMissing
from adapters.proofs.suites import suite, to_bytes, to_text
from domain.ids import SigningKeyId
from domain.statements import PersonalSignature, SuiteName
from tests.signing import ORIGIN, KeyFile, Passkey

DIGEST = sha256(b"statement").hexdigest()
MESSAGE = bytes.fromhex(DIGEST)

# GB/T 32918.5-2017, appendix A
SECRET = bytes.fromhex("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8")
POINT = bytes.fromhex(
    "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
R = 0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
S = 0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA


def made(value: bytes, **more: Any) -> PersonalSignature:
    return PersonalSignature(key=SigningKeyId(f"signingkey-{'0' * 64}"), statement=DIGEST, value=to_text(value), **more)


def der(r: int | bytes, s: int | bytes) -> bytes:
    whole = [int.from_bytes(part, "big") if isinstance(part, bytes) else part for part in (r, s)]
    return encode_dss_signature(*whole)


@pytest.fixture(scope="module")
def openssl() -> Any:
    try:
        return suite("sm2")
    except SuiteMissing:
        pytest.skip("this machine's libcrypto was built without SM2")


# Ed25519


def test_ed25519_agrees_with_rfc_8032() -> None:
    public = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    value = bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    assert suite("ed25519").verify(public, b"\x72", made(value))
    assert not suite("ed25519").verify(public, b"\x73", made(value))


# SM2


def test_sm2_agrees_with_the_example_of_the_standard(openssl: Any) -> None:
    assert openssl.verify(POINT, b"message digest", made(der(R, S)))
    assert not openssl.verify(POINT, b"message digesu", made(der(R, S)))
    assert not openssl.verify(POINT, b"message digest", made(der(R, S + 1)))


def test_sm2_takes_what_two_other_implementations_sign(openssl: Any) -> None:
    assert openssl.verify(POINT, MESSAGE, made(der(*gmalg.SM2(SECRET, SM2_ID, POINT).sign(MESSAGE))))
    other = gmssl_sm2.CryptSM2(private_key=SECRET.hex(), public_key=POINT[1:].hex())
    value = bytes.fromhex(other.sign_with_sm3(MESSAGE))
    assert openssl.verify(POINT, MESSAGE, made(der(value[:32], value[32:])))
    assert not openssl.verify(POINT, MESSAGE[::-1], made(der(value[:32], value[32:])))


def test_sm2_takes_no_signature_under_another_id(openssl: Any) -> None:
    value = der(*gmalg.SM2(SECRET, b"ALICE123@YAHOO.COM", POINT).sign(MESSAGE))
    assert not openssl.verify(POINT, MESSAGE, made(value))


@pytest.mark.parametrize("point", [b"", POINT[1:], POINT[:-1] + b"\0", b"\2" + POINT[1:33], b"\4" + bytes(64)])
def test_sm2_takes_no_point_off_the_curve(openssl: Any, point: bytes) -> None:
    assert not openssl.verify(point, b"message digest", made(der(R, S)))


# Passkeys


def verified(passkey: Passkey, signature: PersonalSignature, origin: str | None = ORIGIN) -> bool:
    return holds("webauthn", passkey.public_key, signature, origin)


def test_a_passkey_signs_one_statement_at_one_origin_with_its_person_verified() -> None:
    passkey = Passkey()
    signature = passkey.sign(DIGEST)
    assert verified(passkey, signature)
    assert verified(passkey, signature, None)
    assert not verified(passkey, signature, "https://localhost:8000")
    assert not verified(Passkey(), signature)
    assert not verified(passkey, signature.model_copy(update={"statement": sha256(b"other").hexdigest()}))
    unverified = Passkey(verifies=False)
    assert not verified(unverified, unverified.sign(DIGEST))
    elsewhere = Passkey(origin="https://ledger.example")
    assert not verified(elsewhere, elsewhere.sign(DIGEST))
    assert verified(elsewhere, elsewhere.sign(DIGEST), "https://ledger.example")


def test_a_passkeys_parts_are_no_good_in_another_signature() -> None:
    passkey = Passkey()
    one, other = passkey.sign(DIGEST), passkey.sign(sha256(b"other").hexdigest())
    for name in ("value", "client_data", "authenticator_data"):
        mixed = one.model_copy(update={name: getattr(other, name)})
        assert verified(passkey, mixed) == (name == "authenticator_data"), name
        assert not verified(passkey, one.model_copy(update={name: None if name != "value" else "AAAA"}))


# All of them


def test_a_key_file_is_no_passkey_and_a_passkey_no_key_file() -> None:
    file, passkey = KeyFile(), Passkey()
    assert holds("ed25519", file.public_key, file.sign(DIGEST))
    assert not holds("webauthn", file.public_key, file.sign(DIGEST))
    assert not holds("ed25519", passkey.public_key, passkey.sign(DIGEST))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["ed25519", "webauthn", "sm2"]), *[st.binary(min_size=1, max_size=100)] * 4)
def test_no_bytes_of_a_strangers_break_a_suite(
    name: SuiteName, public: bytes, value: bytes, client: bytes, device: bytes
) -> None:
    try:
        found = suite(name, ORIGIN)
    except SuiteMissing:
        return
    signature = made(value, client_data=to_text(client), authenticator_data=to_text(device))
    assert found.verify(public, MESSAGE, signature) is False


@given(st.binary(max_size=64))
def test_bytes_come_back_from_text_as_they_were(data: bytes) -> None:
    assert to_bytes(to_text(data)) == data
