"""建台: what stands before the first day's work: places, units, people in post, rules, listed villages and pledges."""

from datetime import date, timedelta
from hashlib import sha256

from adapters.generator.people import City, County, Officer
from adapters.generator.shape import Shape
from adapters.generator.world import Life, World
from domain.appointing import Appoint
from domain.households import AssignCover, CoverKind, ListVillage, RecordRank
from domain.ids import BoardId, CoverId, PersonId, PledgeId, RegionId, UnitId
from domain.organisation import EstablishUnit, OpenLedger, RegisterPerson
from domain.pledges import SignPledge
from domain.policy import AdoptPolicy, Policy
from domain.rankings import AdoptScoringRule, packaged
from domain.regions import EstablishRegions
from domain.responsibility import NameResponsible

_A_MINUTE = 60
"""People registered and appointed within a minute."""


def city_founded(world: World, shape: Shape, city: City, policy: Policy) -> Life:
    yield world.at(shape.counties[0].begins, 8, 9)
    organiser = city.organiser.person
    world.ask(
        organiser,
        OpenLedger(
            region=city.region,
            name=shape.city.name,
            organiser=organiser,
            organiser_name=city.organiser.name,
            appointment=city.organiser.appointment,
            since=world.today,
        ),
    )
    for officer in city.officers[1:]:
        put_in_post(world, organiser, officer)
    if shape.adopts == city.region:
        adopt(world, city.headquarters, policy, city.region)


def county_founded(world: World, shape: Shape, city: City, county: County, policy: Policy) -> Life:
    yield world.at(county.shape.begins, 9, 10)
    own = county.shape
    world.ask(
        city.organiser.person,
        EstablishRegions(places=(own.region, *own.towns, *own.villages), since=world.today),
    )
    organiser, office = county.organiser.person, county.headquarters[0]
    put_in_post(world, city.organiser.person, county.organiser)
    for department in county.departments:
        unit = EstablishUnit(unit=department.unit, name=department.name, kind="department", region=county.region)
        world.ask(organiser, unit)
    for village in county.villages:
        team = EstablishUnit(unit=village.unit, name=f"驻{village.name}工作队", kind="team", region=village.region)
        world.ask(organiser, team)
    yield world.soon()
    ranked = policy.pairing is not None and not policy.pairing.same_for_all
    for number, officer in enumerate(county.officers):
        if officer is not county.organiser:
            put_in_post(world, organiser, officer)
        if ranked:
            world.ask(organiser, RecordRank(person=officer.person, rank=officer.rank, since=world.today))
        if number % _A_MINUTE == 0:
            yield world.now + timedelta(minutes=1)
    if shape.adopts == county.region:
        adopt(world, office, policy, county.region)
    rule = packaged("townships")
    board = BoardId.derived(world.seed, county.region)
    world.ask(office.person, AdoptScoringRule(board=board, region=county.region, rule=rule, since=own.begins))
    yield world.soon()
    for village in county.villages:
        if village.poor:
            world.ask(office.person, ListVillage(region=village.region, since=world.today))
    yield from charged(world, county)


def charged(world: World, county: County) -> Life:
    """Who covers which village, who is first responsible, and what the heads of each place promise."""
    office = county.headquarters[0].person
    for number, village in enumerate(county.villages):
        covers: list[tuple[CoverKind, PersonId | None, UnitId | None]] = [("team", None, village.unit)]
        if village.poor:
            covers.append(("leader", county.leaders[number % len(county.leaders)].person, None))
            covers.append(("department", None, county.departments[number % len(county.departments)].unit))
        for kind, person, unit in covers:
            assigned = AssignCover(
                cover=world.id(CoverId), region=village.region, kind=kind, person=person, unit=unit, since=world.today
            )
            world.ask(office, assigned)
    yield world.soon()
    heads = {town.region: town.secretary for town in county.towns}
    heads |= {village.region: village.team[0] for village in county.villages}
    for region, head in heads.items():
        reason = "按分工确定第一责任人"
        world.ask(county.secretary.person, NameResponsible(region=region, person=head.person, reason=reason))
    pairs = [(county.secretary, county.magistrate)]
    pairs += [(town.secretary, town.head) for town in county.towns]
    pairs += [(village.secretary, village.director) for village in county.villages]
    due = max(county.shape.ends, world.today) + timedelta(days=30)
    for pair in pairs:
        yield world.now + timedelta(minutes=1)
        for officer in pair:
            world.ask(officer.person, pledge(world, officer, due))


def pledge(world: World, officer: Officer, due: date) -> SignPledge:
    promise = "如期完成脱贫任务,做到户脱贫、村退出的标准一项不降,对本级各项数据的真实性负责"
    return SignPledge(
        pledge=world.id(PledgeId),
        region=officer.region,
        title="脱贫攻坚责任承诺书",
        promise=promise,
        text_digest=sha256(promise.encode()).hexdigest(),
        due=due,
    )


def put_in_post(world: World, organiser: PersonId, officer: Officer) -> None:
    world.ask(organiser, RegisterPerson(person=officer.person, name=officer.name, region=officer.region))
    world.ask(
        organiser,
        Appoint(
            appointment=officer.appointment,
            person=officer.person,
            post=officer.post,
            region=officer.region,
            unit=officer.unit,
            since=world.today,
        ),
    )


def adopt(world: World, officer: Officer, policy: Policy, region: RegionId) -> None:
    world.ask(officer.person, AdoptPolicy(region=region, policy=policy, since=world.today))
