"""比对台账: who compared what with which place, and what became of every household found, now and as of a moment."""

from datetime import timedelta
from typing import Any

import psycopg

from domain.comparison import CompareRoster, Contradiction, RosterKind
from domain.ids import HouseholdId, ImportId, RegionId
from domain.issues import Deadline
from domain.policy import Severity
from projections import comparison_ledger
from projections.comparison_ledger import ComparisonLine, ContradictionLine
from projections.ledger import Ledger
from projections.reading import Query, find, page
from tests.county import COUNTY, TOWN, VILLAGE, county, person
from tests.households import HOME, household, member
from tests.projections.conftest import Projecting
from tests.projections.folding import folded
from tests.scenario import Scene

FIRST, SECOND = (ImportId("import-" + digit * 64) for digit in "12")
NEIGHBOUR = HouseholdId("household-18")
LEDGERS: tuple[Ledger[Any], ...] = (comparison_ledger.COMPARISONS, comparison_ledger.CONTRADICTIONS)


def compared(scene: Scene, roster: ImportId, region: RegionId, *homes: HouseholdId, by: str = "supervisor") -> int:
    """Compares, and says where it was recorded."""
    command = CompareRoster(
        roster=roster,
        kind=RosterKind.DEATHS,
        region=region,
        roster_on=scene.today,
        rows=120,
        unreadable=3,
        contradictions=tuple(Contradiction(household=home, members=(member(0, home).member,)) for home in homes),
        severity=Severity.SERIOUS,
        deadline=Deadline(due=scene.today + timedelta(days=15), precision="day", long_term=False),
    )
    before = scene.store.head()
    scene.when(command, person(by))
    return before + 1


def lived() -> tuple[Scene, list[int]]:
    """A roster compared with a town and then with its county, and another that finds one of the households again."""
    scene = county()
    household(scene, HOME)
    household(scene, NEIGHBOUR)
    positions = [compared(scene, FIRST, TOWN, HOME)]
    scene.later(days=1)
    positions.append(compared(scene, FIRST, COUNTY, HOME, NEIGHBOUR, by="inspector"))
    positions.append(compared(scene, SECOND, COUNTY, HOME))
    return scene, positions


def test_every_comparison_has_a_line_with_what_it_found_opened_and_named() -> None:
    scene, positions = lived()
    lines = folded(comparison_ledger.COMPARISONS, scene.store.facts())
    told = [
        (line.region, line.compared_by, line.rows, line.unreadable, line.contradictions, line.opened, line.attached)
        for line in (lines[(roster, at)] for roster, at in zip((FIRST, FIRST, SECOND), positions, strict=True))
    ]
    assert told == [
        (TOWN, person("supervisor"), 120, 3, 1, 1, 0),
        (COUNTY, person("inspector"), 120, 3, 1, 1, 0),
        (COUNTY, person("supervisor"), 120, 3, 1, 0, 1),
    ]


def test_every_household_found_has_a_line_with_its_issue() -> None:
    scene, _ = lived()
    lines = folded(comparison_ledger.CONTRADICTIONS, scene.store.facts())
    again, first = lines[(HOME, SECOND, RosterKind.DEATHS)], lines[(HOME, FIRST, RosterKind.DEATHS)]
    assert (again.issue, again.opened, first.opened) == (first.issue, False, True)
    assert lines[(NEIGHBOUR, FIRST, RosterKind.DEATHS)].issue != first.issue
    assert {line.region for line in lines.values()} == {VILLAGE}


def test_what_is_stored_is_what_was_folded_and_as_of_before_is_what_it_was(
    connection: psycopg.Connection[Any], projecting: Projecting
) -> None:
    scene, positions = lived()
    facts = list(scene.store.facts())
    projector = projecting(facts, LEDGERS, batch=2)
    projector.prepare()
    projector.catch_up()
    for ledger in LEDGERS:
        stored = page(connection, ledger.line, Query()).lines
        assert {one.identity(): one for one in stored} == folded(ledger, facts)
    assert find(connection, ComparisonLine, SECOND, positions[2], as_of=positions[2] - 1) is None
    then = page(connection, ContradictionLine, Query(as_of=positions[1] - 1)).lines
    assert [one.household for one in then] == [HOME]
