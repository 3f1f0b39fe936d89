"""What a decision is: which past it stands on, and what it concludes."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, NamedTuple, NoReturn

from domain.fact import CHINA, Event, Past, Value
from domain.ids import Id, PersonId


class Proof(NamedTuple):
    """核验结果: a signature over the statement with this SHA-256 (hex) was verified with this public key."""

    public_key: str
    statement: str


class Act(NamedTuple):
    """Who acts, and when. Decisions take time and identity from here, never from a clock; and which signatures were
    verified, for no decision verifies one itself."""

    by: PersonId
    at: datetime
    proven: frozenset[Proof] = frozenset()

    @property
    def today(self) -> date:
        return self.at.astimezone(CHINA).date()


class About(NamedTuple):
    """Facts carrying this tag; of these types only, if any are named."""

    tag: Id
    types: tuple[type[Event], ...] = ()


Scope = Sequence[About]


class Refused(Exception):
    """The past does not allow this.

    ``code`` is stable and for programs; ``sentence`` is for the person who asked, in Chinese.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence


def refuse(code: str, sentence: str) -> NoReturn:
    raise Refused(code, sentence)


class Command(Value):
    """指令: asks for facts to be recorded.

    ``stands_on`` is asked again with what it has led to until it names nothing new, so a decision may widen its
    scope in steps (the chain names its subject, the subject its region); the append is refused if anything in the
    whole scope has changed since the first read. What is ``abstract`` is shared by commands, and none itself.
    """

    commands: ClassVar[dict[str, type["Command"]]] = {}

    def __init_subclass__(cls, *, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not abstract and cls.decide is not Command.decide:
            cls.commands[cls.__name__] = cls

    def stands_on(self, past: Past, act: Act) -> Scope:
        raise NotImplementedError

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        raise NotImplementedError


def not_future(when: date, act: Act, what: str = "发生日期") -> date:
    """The date, if it is not after today where the decision is made."""
    if when > act.today:
        refuse("future_date", f"{what}{when.isoformat()}晚于今天,不能记录还没有发生的事")
    return when


def not_before(when: date, earlier: date, what: str) -> date:
    """The date, if it does not contradict one already recorded."""
    if when < earlier:
        refuse("dates_out_of_order", f"{what}:{when.isoformat()}早于{earlier.isoformat()},日期前后矛盾")
    return when


def ahead(when: date, act: Act, what: str, *, years: int = 10) -> date:
    """The date, if it is a plausible one to come: not past, and not further off than anyone plans."""
    if when < act.today:
        refuse("past_date", f"{what}{when.isoformat()}早于今天")
    if when > act.today + timedelta(days=366 * years):
        refuse("implausible_date", f"{what}{when.isoformat()}过于遥远,请核对")
    return when
