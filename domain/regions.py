"""Regions 区划: which places exist, since when, and under which name.

Codes and names change over the years (陆川 had 154 villages in 2016 and 165 in 2023), so a region has dates and its
name is a fact. 屯 and 组 lie below a region and are text.
"""

from collections.abc import Iterator
from datetime import date

from domain.command import About, Act, Command, Scope, not_before, refuse
from domain.fact import Event, Past, Value
from domain.ids import RegionId
from domain.posts import Post, authorise, authority_of
from domain.text import ShortText


class RegionEstablished(Event, type="region.established"):
    """设立区划"""

    region: RegionId
    name: ShortText
    since: date


class RegionRenamed(Event, type="region.renamed"):
    """区划更名"""

    region: RegionId
    name: ShortText
    since: date


class RegionAbolished(Event, type="region.abolished"):
    """撤销区划"""

    region: RegionId
    on: date


LIFE = (RegionEstablished, RegionRenamed, RegionAbolished)


class Place(Value):
    """地名: a region and what it is called."""

    region: RegionId
    name: ShortText


def latest(past: Past, region: RegionId) -> Place | None:
    """The region under its present name, if it stands."""
    place = None
    for fact in past.about(region):
        match fact.event:
            case RegionEstablished() | RegionRenamed() as named:
                place = Place(region=named.region, name=named.name)
            case RegionAbolished():
                place = None
    return place


def standing(past: Past, region: RegionId) -> Place:
    """The region, refused if it does not stand."""
    return latest(past, region) or refuse("unknown_region", f"区划{region.code}不存在或已撤销")


class EstablishRegions(Command):
    """设立区划

    A whole county's table at once; a region that stands under the same name is left as it is, under another name
    it is renamed.
    """

    places: tuple[Place, ...]
    since: date

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), *(About(place.region, LIFE) for place in self.places))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        for place in self.places:
            authorise(past, act, place.region, Post.ORGANISER, Post.HEADQUARTERS)
            now = latest(past, place.region)
            if now is None:
                yield RegionEstablished(region=place.region, name=place.name, since=self.since)
            elif now != place:
                yield RegionRenamed(region=place.region, name=place.name, since=self.since)


class AbolishRegion(Command):
    """撤销区划"""

    region: RegionId
    on: date

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.region, LIFE))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        authorise(past, act, self.region, Post.ORGANISER, Post.HEADQUARTERS)
        standing(past, self.region)
        for fact in past.of(RegionEstablished):
            not_before(self.on, fact.event.since, "撤销日期早于设立日期")  # type: ignore[attr-defined]
        yield RegionAbolished(region=self.region, on=self.on)
