"""榜单与问责: the townships' board month by month, and the cases that two black lists running open."""

from datetime import timedelta

from adapters.generator.people import County, Officer, Town
from adapters.generator.world import Life, World, months
from domain.accountability import (
    Accountable,
    AppealMeasure,
    CaseOpened,
    CloseCase,
    DecideAppeal,
    DecideMeasure,
    MeasureKind,
)
from domain.ids import AppealId, BoardId, CaseId, EditionId, MeasureId
from domain.rankings import Period
from services import ranking


def editions(world: World, county: County) -> Life:
    """Published the morning after each month."""
    board = BoardId.derived(world.seed, county.region)
    towns: dict[Accountable, Town] = {town.region: town for town in county.towns}
    for first, last in months(county.shape.begins, county.shape.ends):
        yield world.at(last + timedelta(days=1), 8, 9)
        act = world.act(county.headquarters[0].person)
        edition = EditionId.derived(world.seed, county.region, first)
        published = ranking.publish(world.ledger, edition, board, Period(since=first, until=last), act)
        for event in published.facts:
            if isinstance(event, CaseOpened):
                world.begin(case(world, county, event.case, towns[event.subject]))


def case(world: World, county: County, name: CaseId, town: Town) -> Life:
    """表态发言 of the township always, 诫勉 of its head half of the time, a 党内警告 of its secretary now and then."""
    yield world.after(2, 5)
    decide(world, county.supervisors[0], name, town.region, MeasureKind.STATEMENT)
    if world.chance(0.5):
        yield world.after(1, 6)
        measure = decide(world, county.inspectors[0], name, town.head.person, MeasureKind.ADMONITION)
        if world.chance(0.3):
            yield from appealed(world, county, measure, town.head)
    if world.chance(0.15):
        yield world.after(1, 6)
        decide(world, county.inspectors[0], name, town.secretary.person, MeasureKind.PARTY_WARNING)
    yield world.after(3, 10)
    world.ask(county.supervisors[1].person, CloseCase(case=name))


def decide(world: World, officer: Officer, case: CaseId, on: Accountable, kind: MeasureKind) -> MeasureId:
    measure = world.id(MeasureId)
    world.ask(
        officer.person,
        DecideMeasure(
            measure=measure,
            case=case,
            on=on,
            kind=kind,
            reasons="连续列入黑榜,工作推进不力",
            decided_on=world.today,
            binds_from=world.today,
        ),
    )
    return measure


def appealed(world: World, county: County, measure: MeasureId, officer: Officer) -> Life:
    """Asked for within the month, and turned down by the inspector who took no part."""
    yield world.after(3, 20)
    appeal = world.id(AppealId)
    world.ask(officer.person, AppealMeasure(measure=measure, appeal=appeal, grounds="任职时间不长,请求复审"))
    yield world.after(5, 20)
    answer = "原决定事实清楚,予以维持"
    decided = DecideAppeal(measure=measure, appeal=appeal, outcome="rejected", reasons=answer)
    world.ask(county.inspectors[1].person, decided)
