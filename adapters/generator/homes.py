"""农户: what happens to a household: registered, paired, surveyed, assessed, helped and visited."""

from datetime import timedelta
from hashlib import sha256

from adapters.generator import texts
from adapters.generator.exits import assessments, household_exits
from adapters.generator.people import City, County, Home
from adapters.generator.world import Life, World, months
from domain.books import PlanHelp, ReportHelp, SurveyHousehold
from domain.households import Category, Member, PairHousehold, RegisterHousehold
from domain.ids import ItemId, MemberId, PairingId, VisitId
from domain.indicators import AssessIndicators
from domain.policy import Policy
from domain.vault import SALT_BYTES, Item, commitment_of, commitment_over
from domain.visits import RecordVisit

_REGISTERED = 0.05
"""By which part of the days the last household is registered."""


def household(world: World, city: City, county: County, home: Home, policy: Policy) -> Life:
    """Registered and paired; from then on its books, its visits and its exit go their own ways."""
    shape, clerk = county.shape, home.village.town.clerk.person
    # On the second day at the earliest: the first is for putting people in post.
    yield world.at(shape.part(world.random.uniform(0, _REGISTERED)) + timedelta(days=1))
    world.ask(
        clerk,
        RegisterHousehold(
            household=home.household,
            region=home.village.region,
            hamlet=world.random.choice(texts.HAMLETS),
            category=Category.REGISTERED,
            members=members(home),
            identified_on=world.today - timedelta(days=world.between(30, 700)),
        ),
    )
    yield world.soon()
    if home.cadre is None:
        return
    pairing = world.id(PairingId)
    person = home.cadre.person
    world.ask(clerk, PairHousehold(household=home.household, pairing=pairing, person=person, since=world.today))
    world.begin(books(world, county, home, policy), visits(world, county, home))
    if home.exiting:
        world.begin(household_exits(world, city, county, home, policy))


def members(home: Home) -> tuple[Member, ...]:
    """Numbers, and commitments to values that are plainly nobody's: 样例1, 样例2, and nothing else."""
    return tuple(member(home, number) for number in range(home.people))


def member(home: Home, number: int) -> Member:
    name = MemberId.derived(home.household, number)
    values = dict.fromkeys(Item, "") | {Item.NAME: f"样例{number + 1}"}
    fields = {
        item.value: commitment_of(item, sha256(f"{name} {item}".encode()).digest()[:SALT_BYTES], value)
        for item, value in values.items()
    }
    return Member(member=name, commitment=commitment_over(name, fields))


def books(world: World, county: County, home: Home, policy: Policy) -> Life:
    """摸排, then the first assessment, then the plan: two or three items, each helped along on its own."""
    shape = county.shape
    first = home.village.team[0].person
    yield world.at(shape.part(world.random.uniform(0.06, 0.14)))
    causes = tuple(world.random.sample(texts.CAUSES, world.between(1, 3)))
    findings = world.random.choice(texts.SURVEYS)
    survey = SurveyHousehold(household=home.household, causes=causes, findings=findings, surveyed_on=world.today)
    world.ask(first, survey)
    # Whoever is to exit within a month is assessed when that begins.
    if shape.whole_year or not home.exiting:
        yield world.after(0, 3)
        found = assessments(world, policy, "household", 0.8)
        world.ask(first, AssessIndicators(subject=home.household, assessments=found, assessed_on=world.today))
    items = world.between(2, 3) if shape.whole_year else 1
    for category, measure in world.random.sample(texts.HELP, items):
        world.begin(helping(world, county, home, category, measure))


def helping(world: World, county: County, home: Home, category: str, measure: str) -> Life:
    """One item of the plan, and what its cadre reports of it until it is done; one of seven is not."""
    if home.cadre is None:
        return
    year = county.shape.whole_year
    yield world.after(1, 12) if year else world.after(0, 2)
    cadre, item = home.cadre.person, world.id(ItemId)
    due = world.today + timedelta(days=world.between(90, 240) if year else world.between(15, 25))
    world.ask(cadre, PlanHelp(household=home.household, item=item, category=category, measure=measure, due=due))
    reports = world.between(2, 3) if year else 1
    for number in range(1, reports + 1):
        yield world.after(30, 75) if year else world.after(5, 12)
        done = number == reports and world.chance(6 / 7)
        world.ask(
            cadre,
            ReportHelp(
                household=home.household,
                item=item,
                progress=texts.HELPED[-1 if done else (number - 1) % 2],
                done=done,
                occurred_on=world.today,
            ),
        )


def visits(world: World, county: County, home: Home) -> Life:
    """What the rule asks of a cadre each month, done in seven months of eight."""
    if home.cadre is None:
        return
    for first, last in months(county.shape.begins, county.shape.ends):
        if world.chance(7 / 8):
            since = max(first, world.today)
            yield world.at(since + timedelta(days=world.between(0, (last - since).days)))
            world.ask(
                home.cadre.person,
                RecordVisit(
                    visit=world.id(VisitId),
                    region=home.village.region,
                    household=home.household,
                    occurred_on=world.today,
                    findings=world.random.choice(texts.VISITS),
                ),
            )
