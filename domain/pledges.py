"""Pledges 承诺书: what the two heads of a county, a township or a village promised, each in their own right.

The paper stays outside, known by its digest; a new pledge takes the place of the one before, which stays in the record.
"""

from collections.abc import Iterable, Iterator
from datetime import date

from pydantic import Field

from domain.command import About, Act, Command, Scope, ahead, refuse
from domain.fact import Event, Past
from domain.ids import PersonId, PledgeId, RegionId
from domain.posts import Post, authority_of, held
from domain.regions import LIFE, standing
from domain.text import Prose, ShortText

PAIRS = {
    "county": (Post.COUNTY_SECRETARY, Post.COUNTY_MAGISTRATE),
    "township": (Post.TOWNSHIP_SECRETARY, Post.TOWNSHIP_HEAD),
    "village": (Post.VILLAGE_SECRETARY, Post.VILLAGE_DIRECTOR),
}
"""党政主要负责人 of each level."""


class PledgeSigned(Event, type="pledge.signed"):
    """签订承诺书: what is promised, by when, on a text whose SHA-256 is ``text_digest``."""

    pledge: PledgeId
    region: RegionId
    person: PersonId
    post: Post
    title: ShortText
    promise: Prose
    text_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    due: date
    supersedes: PledgeId | None


def standing_pledges(events: Iterable[Event], region: RegionId) -> dict[Post, PledgeSigned]:
    """The pledge that each head of a place is bound by now."""
    return {event.post: event for event in events if isinstance(event, PledgeSigned) and event.region == region}


class SignPledge(Command):
    """签订承诺书

    Each of the two heads signs for themselves; what they signed before for the same place is superseded.
    """

    pledge: PledgeId
    region: RegionId
    title: ShortText
    promise: Prose
    text_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    due: date

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (
            *authority_of(act),
            About(self.region, (*LIFE, PledgeSigned)),
            About(self.pledge, (PledgeSigned,)),
        )

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        standing(past, self.region)
        pair = PAIRS.get(self.region.level) or refuse("no_pledge_here", "承诺书由县、乡镇、村三级签订")
        own = [one for one in held(past, act.by, act.today) if one.region == self.region and one.post in pair]
        if not own:
            refuse("no_authority", f"承诺书须由{'、'.join(post.label for post in pair)}本人签订")
        if past.about(self.pledge):
            refuse("pledge_already_signed", "这份承诺书已经签订")
        ahead(self.due, act, "承诺期限")
        before = standing_pledges(past.about(self.region).events, self.region).get(own[0].post)
        yield PledgeSigned(person=act.by, post=own[0].post, supersedes=before.pledge if before else None, **dict(self))
