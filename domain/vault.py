"""Personal data 个人信息: what is kept of villagers outside the record, who may see it, and how it is forgotten.

A fact holds one salted commitment per person (承诺值). It can be opened field by field: whoever is given a value, its
salt and the commitments of the other fields can hold them against the fact, and learns nothing of those fields. Once
values and salts are erased, the commitments say nothing any more, and every proof over the facts still holds.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from domain.command import About, Act, Command, Scope, ahead, refuse
from domain.fact import Event, Past, Recorded, Value
from domain.households import HOUSEHOLD, Household, HouseholdRegistered, Member, MemberJoined, fold
from domain.ids import HouseholdId, MemberId, RegionId
from domain.posts import FIELD, OVERSIGHT, Post, authorise, authority_of
from domain.text import Prose

SALT_BYTES = 16
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


class Item(StrEnum):
    """个人信息项. The value is data forever: commitments cover it."""

    label: str

    def __new__(cls, value: str, label: str) -> "Item":
        item = str.__new__(cls, value)
        item._value_, item.label = value, label
        return item

    NAME = "name", "姓名"
    ID_NUMBER = "id_number", "身份证号"
    PHONE = "phone", "手机号"
    BANK_ACCOUNT = "bank_account", "银行账号"
    HEALTH = "health", "健康状况"


RESIDENTS = (Post.VILLAGE_SECRETARY, Post.VILLAGE_DIRECTOR, Post.FIRST_SECRETARY, Post.TOWNSHIP_CLERK)
READ_MASKED = (*FIELD, *OVERSIGHT)
"""Those who see that something is kept, and its outline."""

DISCLOSE: Mapping[Item, tuple[Post, ...]] = {
    Item.NAME: READ_MASKED,
    Item.PHONE: READ_MASKED,
    Item.ID_NUMBER: (*RESIDENTS, *OVERSIGHT),
    Item.BANK_ACCOUNT: (Post.TOWNSHIP_CLERK, Post.SUPERVISOR, Post.INSPECTOR),
    Item.HEALTH: (Post.FIRST_SECRETARY, Post.TOWNSHIP_CLERK, Post.SUPERVISOR, Post.INSPECTOR),
}
"""Who may be shown a field whole. Names and numbers to call serve everybody who works with the household; an account
only those who pay into it and those who check that; an illness only those who arrange help for it."""

PAIRED: frozenset[Item] = frozenset({Item.NAME, Item.PHONE})
"""What a cadre may be shown of the household they are paired with, whatever their post."""

READ_LOOKS = OVERSIGHT
"""Those who see who looked."""

RESTRICT = (Post.TOWNSHIP_CLERK, Post.HEADQUARTERS)
ERASE = (Post.HEADQUARTERS,)


def well_formed_id_number(number: str) -> bool:
    """Whether it is an 18-digit 公民身份号码 with its check character (GB 11643)."""
    if not re.fullmatch(r"[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]", number):
        return False
    return _check(number[:17]) == number[17]


def completed(old: str) -> str:
    """The 18 characters that a 15-digit number of before 1999 became: the century, and the check character."""
    body = f"{old[:6]}19{old[6:]}"
    return body + _check(body)


def _check(body: str) -> str:
    return _CHECKS[sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, body, strict=True)) % 11]


def _id_number(text: str) -> str:
    if not well_formed_id_number(number := text.upper()):
        raise PydanticCustomError("id_number", "身份证号应为18位,且校验码相符")
    return number


def _plain(text: str) -> str:
    if _CONTROL.search(text):
        raise PydanticCustomError("control_characters", "含有不可见的控制字符,请重新输入")
    return text


_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_plain)]
_IdNumber = Annotated[str, StringConstraints(strip_whitespace=True, max_length=30), AfterValidator(_id_number)]
_Phone = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^1[3-9]\d{9}$")]
_Account = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^\d{12,19}$")]


class Particulars(Value):
    """个人信息: what is kept of one person. It never shows itself in a message or a trace."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: _Text = Field(repr=False)
    id_number: _IdNumber | None = Field(default=None, repr=False)
    phone: _Phone | None = Field(default=None, repr=False)
    bank_account: _Account | None = Field(default=None, repr=False)
    health: _Text | None = Field(default=None, repr=False)

    @property
    def values(self) -> dict[Item, str]:
        """Every field; one that was not given is the empty text, so that a commitment does not tell which were."""
        return {item: getattr(self, item) or "" for item in Item}


def commitment_of(item: str, salt: bytes, value: str) -> str:
    """承诺值 of one field, in hex: SHA-256 over a heading, the field's name, 16 bytes of salt, and the value in UTF-8.

    The name holds no line feed and the salt has one length, so no two fields encode alike.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError("a salt has 16 bytes")
    return sha256(b"taizhang.vault.field.v1\n" + item.encode() + b"\n" + salt + value.encode()).hexdigest()


def commitment_over(member: MemberId, fields: Mapping[str, str]) -> str:
    """承诺值 of a person, in hex: SHA-256 over a heading, the person's number, and each field's name and commitment,
    in order of names. A commitment of someone else's can't be put in its place."""
    body = b"".join(name.encode() + b"\n" + bytes.fromhex(fields[name]) for name in sorted(fields))
    return sha256(b"taizhang.vault.member.v1\n" + member.encode() + b"\n" + body).hexdigest()


class Disclosure(Value):
    """披露: one field of one person, and what it takes to hold it against the fact."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    member: MemberId
    field: str = Field(pattern=r"^[a-z_]+$")
    value: str = Field(repr=False)
    salt: str = Field(pattern=r"^[0-9a-f]{32}$", repr=False)
    others: dict[str, Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]]
    """The commitments of the other fields, by name."""

    @property
    def commitment(self) -> str:
        """What the fact must say of this person if the value is what was committed to."""
        own = commitment_of(self.field, bytes.fromhex(self.salt), self.value)
        return commitment_over(self.member, {**self.others, self.field: own})


def proved_by(past: Past, disclosure: Disclosure) -> Recorded | None:
    """The fact that commits to what was disclosed, if one of these does."""
    for fact in past.about(disclosure.member):
        match fact.event:
            case HouseholdRegistered(members=members):
                named = members
            case MemberJoined(member=member):
                named = (member,)
            case _:
                continue
        if Member(member=disclosure.member, commitment=disclosure.commitment) in named:
            return fact
    return None


class PersonalDataRestricted(Event, type="personal_data.restricted"):
    """限制处理个人信息: kept, but shown to nobody and compared with nothing; to be erased from ``erase_from`` on."""

    household: HouseholdId
    region: RegionId
    erase_from: date
    reason: Prose


class PersonalDataReleased(Event, type="personal_data.released"):
    """解除个人信息限制"""

    household: HouseholdId
    region: RegionId
    reason: Prose


class PersonalDataErased(Event, type="personal_data.erased"):
    """删除个人信息: values and salts are gone; the commitments in the facts stay, and open to nothing."""

    household: HouseholdId
    region: RegionId
    members: tuple[MemberId, ...]


PROTECTION = (PersonalDataRestricted, PersonalDataReleased, PersonalDataErased)
KEPT = (*HOUSEHOLD, *PROTECTION)
"""What tells whether a household's values may be looked at, and by whom."""


def protection(past: Past, household: HouseholdId) -> PersonalDataRestricted | PersonalDataErased | None:
    """The restriction or the erasure that stands, if one does."""
    state: PersonalDataRestricted | PersonalDataErased | None = None
    for event in past.about(household).of(*PROTECTION).events:
        match event:
            case PersonalDataRestricted() | PersonalDataErased():
                state = event
            case PersonalDataReleased():
                state = None
    return state


def in_use(past: Past, household: HouseholdId) -> Household:
    """The household, refused while its values are restricted and once they are erased."""
    state = fold(past, household)
    match protection(past, household):
        case PersonalDataRestricted():
            refuse("personal_data_restricted", "该户个人信息已限制处理,不能查看或使用")
        case PersonalDataErased():
            refuse("personal_data_erased", "该户个人信息保存期满,已经删除")
    return state


def looking_stands_on(household: HouseholdId, act: Act) -> Scope:
    """What tells whether someone may look."""
    return (*authority_of(act), About(household, KEPT))


def may_look(past: Past, act: Act, household: HouseholdId, item: Item | None = None) -> Household:
    """The household, refused to whoever may not see it masked (``item`` None) or that field of it whole."""
    state = in_use(past, household)
    paired = state.pairing is not None and state.pairing.person == act.by
    if not (paired and (item is None or item in PAIRED)):
        authorise(past, act, state.region, *(READ_MASKED if item is None else DISCLOSE[item]))
    return state


def may_audit(past: Past, act: Act, household: HouseholdId) -> Household:
    """The household, refused to whoever may not see who looked at it; also after its values are gone."""
    state = fold(past, household)
    authorise(past, act, state.region, *READ_LOOKS)
    return state


class OnParticulars(Command, abstract=True):
    household: HouseholdId

    def stands_on(self, past: Past, act: Act) -> Scope:
        return looking_stands_on(self.household, act)


class RestrictParticulars(OnParticulars):
    """限制处理个人信息

    The first step of forgetting: nobody sees it from now on, and it is erased when the retention ends.
    """

    erase_from: date
    reason: Prose

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        household = fold(past, self.household)
        authorise(past, act, household.region, *RESTRICT)
        in_use(past, self.household)
        ahead(self.erase_from, act, "保存期满日期", years=30)
        yield PersonalDataRestricted(
            household=self.household, region=household.region, erase_from=self.erase_from, reason=self.reason
        )


class ReleaseParticulars(OnParticulars):
    """解除个人信息限制"""

    reason: Prose

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        household = fold(past, self.household)
        authorise(past, act, household.region, *ERASE)
        if not isinstance(protection(past, self.household), PersonalDataRestricted):
            refuse("not_restricted", "该户个人信息没有限制处理,或已经删除")
        yield PersonalDataReleased(household=self.household, region=household.region, reason=self.reason)


class EraseParticulars(OnParticulars):
    """删除个人信息

    Only what was restricted before, and only once its retention has ended.
    """

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        household = fold(past, self.household)
        authorise(past, act, household.region, *ERASE)
        restricted = protection(past, self.household)
        if isinstance(restricted, PersonalDataErased):
            return
        if restricted is None:
            refuse("not_restricted", "该户个人信息没有限制处理:须先限制,保存期满后再删除")
        if act.today < restricted.erase_from:
            refuse("retention_not_over", f"该户个人信息保存到{restricted.erase_from},尚未期满")
        yield PersonalDataErased(household=self.household, region=household.region, members=tuple(household.members))
