import threading

import pytest
from argon2 import PasswordHasher

from adapters.identity.admission import NotAdmitted
from adapters.identity.passwords import Passwords, acceptable, standard_hasher


@pytest.mark.parametrize(
    "password",
    ["Maonan-Xiaxiang-7", "毛南山乡的路二〇一九年七月底以前修到每一个屯", "correct horse battery staple", "aB3$aB3$xx"],
)
def test_a_good_password_is_taken(password: str) -> None:
    assert acceptable(password, "wei") == password


def test_full_width_characters_are_kept_as_plain_ones() -> None:
    assert acceptable("Ｍaonan－Xia－7", "wei") == "Maonan-Xia-7"


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("", "password_too_short"),
        ("aB3$aB3$x", "password_too_short"),
        ("aB3$" * 33, "password_too_long"),
        ("abcdefghijk", "password_too_simple"),
        ("abcdefg12345", "password_too_simple"),
        ("Aa1!Aa1!Aa1!", "password_too_simple"),
        ("aaaaaaaaaaaaaaaaaaaaaaaa", "password_too_simple"),
        ("Password-2019", "password_too_common"),
        ("P@ss-1234567", "password_too_common"),
        ("Xiao-WEI-2019", "password_contains_login"),
    ],
)
def test_a_bad_password_is_refused_with_its_reason(password: str, code: str) -> None:
    with pytest.raises(NotAdmitted) as refusal:
        acceptable(password, "wei")
    assert refusal.value.code == code
    assert refusal.value.sentence


def test_whoever_waits_too_long_for_a_place_is_asked_to_come_again() -> None:
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1), at_once=1, patience=0.01)
    codes: list[str] = []

    def late() -> None:
        try:
            with passwords.turn():
                codes.append("admitted")
        except NotAdmitted as refusal:
            codes.append(refusal.code)

    with passwords.turn():
        thread = threading.Thread(target=late)
        thread.start()
        thread.join()
    late()
    assert codes == ["busy", "admitted"]


def test_a_damaged_hash_fits_no_password() -> None:
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    assert not passwords.fits("$argon2id$nonsense", "x")
    assert not passwords.fits(None, "nobody")


def test_the_standard_hash_is_argon2id_at_owasps_first_setting() -> None:
    kept = Passwords(standard_hasher()).hash("x")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
