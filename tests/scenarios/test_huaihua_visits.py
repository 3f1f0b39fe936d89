"""怀化 2017–2018: 三走访. 1,024 poor villages in 165 townships; the city's two heads go to every township, the county's
two to every village, the township's two to every household, and who is still missing shows by itself."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from domain.command import Act
from domain.fact import Event
from domain.households import VillageListed
from domain.ids import PersonId, RegionId
from domain.posts import Post
from domain.regions import RegionEstablished
from tests.scenarios.conftest import Staging
from tests.scenarios.stage import Stage

CITY, COUNTY, TOWN, VILLAGE = "4312", "431224", "431224124", "431224124200"
TOWNSHIPS, VILLAGES = 165, 1024
CAST = {
    "city-secretary": (Post.CITY_SECRETARY, CITY),
    "city-leader": (Post.LEADER, CITY),
    "city-bureau": (Post.UNIT_LEADER, CITY),
    "county-secretary": (Post.COUNTY_SECRETARY, COUNTY),
    "county-leader": (Post.LEADER, COUNTY),
    "township-secretary": (Post.TOWNSHIP_SECRETARY, TOWN),
    "clerk": (Post.TOWNSHIP_CLERK, TOWN),
    "supervisor": (Post.SUPERVISOR, CITY),
}


def poor_villages() -> Iterator[Event]:
    """The city's other poor villages: spread over all its townships, the first of them over the county's."""
    since = datetime(2016, 12, 31, tzinfo=UTC).date()
    towns = [TOWN] + [f"4312{county:02d}{town:03d}" for county in range(25, 38) for town in range(100, 113)]
    for number in range(1, VILLAGES):
        town = RegionId(f"region-{towns[number % TOWNSHIPS]}")
        village = RegionId(f"{town}{200 + number // TOWNSHIPS:03d}")
        if number < TOWNSHIPS:
            yield RegionEstablished(region=town, name=f"{town.code[4:]}镇", since=since)
        yield RegionEstablished(region=village, name=f"{village.code[6:]}村", since=since)
        yield VillageListed(region=village, since=since)


def huaihua(staging: Staging) -> Stage:
    stage = staging(CITY, "怀化市", datetime(2017, 9, 4, 1, tzinfo=UTC))
    stage.regions(c431224="溆浦县", c431224124="北斗溪镇", c431224124200="松林村")
    stage.cast(CAST)
    stage.adopts("huaihua")
    facts = [*poor_villages(), VillageListed(region=RegionId(f"region-{VILLAGE}"), since=stage.since)]
    stage.application.facts.append(facts, Act(PersonId("person-organiser"), stage.clock()))
    return stage


def owed(stage: Stage, name: str) -> dict[str, dict[str, Any]]:
    found = stage["supervisor"].get(f"/people/person-{name}/duty").json()["visits"]
    return {quota["rule"]: quota for quota in found}


def visits(stage: Stage, name: str, region: str, household: str | None = None) -> None:
    told = {"region": region, "household": household, "occurred_on": stage.today}
    stage[name].does("/visits", **told, findings="暗访,与村干部和群众座谈")


def test_who_has_been_where_and_who_is_missing_is_a_count_of_visits(staging: Staging) -> None:
    stage = huaihua(staging)
    towns = owed(stage, "city-secretary")["city_pair_townships"]
    assert (towns["needed"], towns["done"], len(towns["missing"])) == (TOWNSHIPS, 0, TOWNSHIPS)
    for town in towns["missing"]:
        visits(stage, "city-secretary", town)
    towns = owed(stage, "city-secretary")["city_pair_townships"]
    assert (towns["done"], towns["short"], towns["missing"]) == (TOWNSHIPS, 0, [])

    # A township is no village: the month's one village is still owed.
    month = owed(stage, "city-secretary")["city_leaders_village"]
    assert (month["needed"], month["short"]) == (1, 1)
    for name in ("city-secretary", "city-leader", "city-bureau", "county-leader"):
        visits(stage, name, f"region-{VILLAGE}")
    assert {
        name: [quota["short"] for quota in owed(stage, name).values()]
        for name in ("city-leader", "city-bureau", "county-leader")
    } == {"city-leader": [0], "city-bureau": [0], "county-leader": [0]}
    everybody = stage["supervisor"].get(f"/regions/region-{CITY}/visits-owed").json()["visits"]
    assert {quota["person"] for quota in everybody if quota["short"]} == {"person-county-secretary"}

    # The next month is owed anew, the quarter's visit is not.
    stage.clock.later(days=27)
    assert owed(stage, "city-leader")["city_leaders_village"]["short"] == 1
    stage.clock.later(days=-3)
    assert owed(stage, "city-bureau")["city_units_village"]["short"] == 0


def test_a_county_covers_its_villages_a_township_its_households_and_a_cadre_those_paired(staging: Staging) -> None:
    stage = huaihua(staging)
    villages = owed(stage, "county-secretary")["county_pair_villages"]["missing"]
    assert f"region-{VILLAGE}" in villages
    assert all(village.startswith(f"region-{COUNTY}") for village in villages)
    for village in villages:
        visits(stage, "county-secretary", village)
    assert [quota["short"] for quota in owed(stage, "county-secretary").values()] == [0, 0]

    homes = [stage.household("clerk", VILLAGE, 2, number) for number in range(6)]
    for home in homes[:5]:
        stage["clerk"].does(f"/households/{home}/pairings", person="person-clerk", since=stage.today)
    over = {"person": "person-clerk", "since": stage.today}
    stage["clerk"].refused(f"/households/{homes[5]}/pairings", "pairing_cap", pairing="pairing-over", **over)
    for home in homes[:4]:
        visits(stage, "clerk", f"region-{VILLAGE}", home)
    paired = owed(stage, "clerk")["paired_households"]
    assert (paired["needed"], paired["done"], paired["missing"]) == (5, 4, [homes[4]])
    for home in homes:
        visits(stage, "township-secretary", f"region-{VILLAGE}", home)
    assert owed(stage, "township-secretary")["township_pair_households"]["short"] == 0
