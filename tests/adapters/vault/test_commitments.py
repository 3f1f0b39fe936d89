"""A commitment opens to one thing only, and one field of it opens without the others."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from domain.ids import MemberId
from domain.vault import SALT_BYTES, Disclosure, Item, commitment_of, commitment_over

MEMBER = MemberId("member-1")
SALTS = st.binary(min_size=SALT_BYTES, max_size=SALT_BYTES)
VALUES = st.text(max_size=40)
FIELD = st.tuples(st.sampled_from(Item), SALTS, VALUES)
PEOPLE = st.fixed_dictionaries({item: st.tuples(SALTS, VALUES) for item in Item})


def fields_of(person: dict[Item, tuple[bytes, str]]) -> dict[str, str]:
    return {item.value: commitment_of(item, salt, value) for item, (salt, value) in person.items()}


def opened(person: dict[Item, tuple[bytes, str]], item: Item) -> Disclosure:
    salt, value = person[item]
    others = {name: commitment for name, commitment in fields_of(person).items() if name != item.value}
    return Disclosure(member=MEMBER, field=item.value, value=value, salt=salt.hex(), others=others)


def test_a_field_is_committed_to_in_bytes_that_others_can_compute() -> None:
    salt = bytes(range(16))
    said = b"taizhang.vault.field.v1\nname\n" + salt + "某甲".encode()
    assert commitment_of("name", salt, "某甲") == sha256(said).hexdigest()
    body = b"name\n" + bytes(32) + b"phone\n" + bytes([1]) * 32
    whole = sha256(b"taizhang.vault.member.v1\nmember-1\n" + body).hexdigest()
    assert commitment_over(MEMBER, {"phone": "01" * 32, "name": "00" * 32}) == whole


@given(FIELD, FIELD)
def test_no_two_fields_share_a_commitment(one: tuple[Item, bytes, str], other: tuple[Item, bytes, str]) -> None:
    assert (commitment_of(*one) == commitment_of(*other)) == (one == other)


@given(PEOPLE, st.sampled_from(Item))
def test_each_field_opens_to_what_the_fact_says(person: dict[Item, tuple[bytes, str]], item: Item) -> None:
    disclosure = opened(person, item)
    assert disclosure.commitment == commitment_over(MEMBER, fields_of(person))
    told = disclosure.model_dump_json()
    for other, (salt, _) in person.items():
        if other is not item and salt != person[item][0]:
            assert salt.hex() not in told


@given(PEOPLE, st.sampled_from(Item), VALUES, SALTS)
def test_nothing_else_opens_it(person: dict[Item, tuple[bytes, str]], item: Item, value: str, salt: bytes) -> None:
    disclosure = opened(person, item)
    whole = commitment_over(MEMBER, fields_of(person))
    otherwise = disclosure.model_copy(update={"value": value, "salt": salt.hex()})
    assert (otherwise.commitment == whole) == ((salt, value) == person[item])
    assert disclosure.model_copy(update={"member": MemberId("member-2")}).commitment != whole
    fewer = dict(list(disclosure.others.items())[1:])
    assert disclosure.model_copy(update={"others": fewer}).commitment != whole
