"""What a county has behind it: its founding, the lives of issues that went on side by side for years, and every fourth
fact a cadre's report of a day.

Put into the log as so many appends would leave it; the ledgers and the tree are left to the program.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, count, islice
from random import Random

import psycopg
from eventsourcing.dcb.api import DCBEvent

from adapters.facts import encode
from adapters.postgres.event_store import Stored
from domain.attendance import DayReported
from domain.command import Act
from domain.fact import Event
from domain.ids import PersonId, RegionId
from tests import log
from tests.projections.lives import START, VILLAGES, Clock, an_issue, recorded
from tests.scenario import FOUNDER

_PATTERNS = 500
SIDE_BY_SIDE = 2_000
"""Issues that are under way at a time."""

CADRES = 1_000
"""Who say every day where they were."""

_FIRST = 70_000_000
"""Numbers of eight digits, which stand in every id of an issue's life."""


def put(url: str, founding: Iterable[Event], many: int) -> None:
    """So many facts, evenly from 2019 until now, in a log that is there and empty; ``url`` is its owner's."""
    pause = (datetime.now(UTC) - START) / many
    founded = [encode(event, Act(FOUNDER, START)) for event in founding]
    facts = enumerate(islice(chain(founded, history()), many), 1)
    with psycopg.connect(url, autocommit=True) as admin, log.filling(admin):
        log.put(admin, (Stored(n, fact.type, fact.tags, fact.data, START + n * pause) for n, fact in facts))


def history() -> Iterator[DCBEvent]:
    """Facts without end."""
    issues, reports = lives(), days()
    while True:
        yield from islice(issues, 3)
        yield next(reports)


def days() -> Iterator[DCBEvent]:
    """Day after day, what each of the cadres reports."""
    first = [a_day(PersonId(f"person-cadre-{n}"), VILLAGES[n % len(VILLAGES)]) for n in range(CADRES)]
    for day in map(timedelta, count()):
        yield from (_renamed(report, f"{START:%Y-%m-%d}", f"{START + day:%Y-%m-%d}") for report in first)


def a_day(person: PersonId, village: RegionId) -> DCBEvent:
    told = DayReported(
        person=person,
        region=village,
        on=START.date(),
        presence="village",
        work="走访农户,查看水毁路段修复进度",
        due_at=START + timedelta(hours=12),
        evidence=(),
    )
    return encode(told, Act(person, START))


def lives() -> Iterator[DCBEvent]:
    """Each fact of one of the issues that are under way."""
    random, numbers = Random(1), count(1)
    patterns = [pattern(random, _FIRST + n) for n in range(_PATTERNS)]

    def begun() -> Iterator[DCBEvent]:
        chosen = random.randrange(_PATTERNS)
        number, name = str(_FIRST + chosen), str(_FIRST + _PATTERNS + next(numbers))
        return (_renamed(fact, number, name) for fact in patterns[chosen])

    living = [begun() for _ in range(SIDE_BY_SIDE)]
    while True:
        one = random.randrange(SIDE_BY_SIDE)
        fact = next(living[one], None)
        if fact is None:
            living[one] = begun()
        else:
            yield fact


def pattern(random: Random, number: int) -> list[DCBEvent]:
    """The facts of a made-up issue, with its number in every id that is its own."""
    clock = Clock()
    acts = recorded(an_issue(random, clock, number), clock, random)
    facts = (encode(fact.event, Act(fact.by, fact.at)) for fact in acts)
    return [_renamed(fact, "evidence-00000000", f"evidence-{number}") for fact in facts]


def _renamed(fact: DCBEvent, old: str, new: str) -> DCBEvent:
    return DCBEvent(
        fact.type, fact.data.replace(old.encode(), new.encode()), [tag.replace(old, new) for tag in fact.tags]
    )
