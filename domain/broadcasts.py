"""Broadcasts 电视通报: what a place had broadcast, whom it praised and whom it criticised before everybody.

A red and black list hangs on a wall; what is broadcast reaches every home. So what reports an edition may only say of
anyone what the edition says of them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from pydantic import Field

from domain.accountability import apart_from, exists, identity
from domain.command import About, Act, Command, Scope, not_before, not_future, refuse
from domain.evidence import Evidence
from domain.fact import Event, Past, Recorded
from domain.ids import EditionId, NoticeId, RegionId
from domain.posts import Post, authorise, authority_of
from domain.rankings import BOARD, PUBLISHERS, Board, Colour, EditionPublished, Ranked, evolve
from domain.text import Prose, ShortText

Medium = Literal["television", "radio", "newspaper"]
"""通报方式: 电视 广播 报纸."""

MEDIA = {"television": "电视", "radio": "广播", "newspaper": "报纸"}


class NoticeBroadcast(Event, type="notice.broadcast"):
    """电视通报: what was broadcast, of which edition if it reports one, and everyone it praised or criticised."""

    notice: NoticeId
    region: RegionId
    medium: Medium
    outlet: ShortText
    edition: EditionId | None
    praised: tuple[Ranked, ...]
    criticised: tuple[Ranked, ...]
    matter: Prose
    post: Post
    broadcast_on: date
    evidence: tuple[Evidence, ...]


class NoticeRetracted(Event, type="notice.retracted"):
    """更正通报: what was broadcast was wrong, and is taken back; that it was broadcast remains."""

    notice: NoticeId
    region: RegionId
    post: Post
    reason: Prose
    retracted_on: date


NOTICES = (NoticeBroadcast, NoticeRetracted)


@dataclass(frozen=True)
class Notice:
    """通报: as it stands after a past."""

    broadcast: NoticeBroadcast
    retracted_on: date | None = None


def notices(facts: Iterable[Recorded]) -> dict[NoticeId, Notice]:
    """Every notice in these facts, as it stands after them."""
    found: dict[NoticeId, Notice] = {}
    for fact in facts:
        match fact.event:
            case NoticeBroadcast(notice=notice) as event:
                found[notice] = Notice(event)
            case NoticeRetracted(notice=notice, retracted_on=day):
                found[notice] = replace(found[notice], retracted_on=day)
    return found


class BroadcastNotice(Command):
    """电视通报

    Recorded by the office that publishes the lists. Whoever is named for an edition must have stood on its red or its
    black list, as published or as corrected; without an edition nobody names themselves or where they held a post.
    """

    notice: NoticeId
    region: RegionId
    medium: Medium = "television"
    outlet: ShortText
    edition: EditionId | None = None
    praised: tuple[Ranked, ...] = Field(default=(), max_length=100)
    criticised: tuple[Ranked, ...] = Field(default=(), max_length=100)
    matter: Prose
    broadcast_on: date
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=50)

    @property
    def named(self) -> tuple[Ranked, ...]:
        return (*self.praised, *self.criticised)

    def stands_on(self, past: Past, act: Act) -> Scope:
        edition = (About(self.edition, (EditionPublished,)),) if self.edition else ()
        boards = (About(event.board, BOARD) for event in self.published(past))
        return (
            *authority_of(act),
            About(self.notice, NOTICES),
            *edition,
            *boards,
            *(identity(subject) for subject in self.named),
        )

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        post = authorise(past, act, self.region, *PUBLISHERS).post
        if past.about(self.notice).of(*NOTICES):
            refuse("notice_already_recorded", "这次通报已经记录")
        not_future(self.broadcast_on, act, "播出日期")
        if not self.named:
            refuse("nobody_named", "须写明通报了谁")
        if len(set(self.named)) != len(self.named):
            refuse("named_twice", "同一对象写了两次,或既表扬又批评")
        for subject in self.named:
            exists(past, subject, self.region)
            if self.edition is None:
                apart_from(past, act, subject)
        if self.edition:
            self.listed(past)
        yield NoticeBroadcast(post=post, **dict(self))

    def published(self, past: Past) -> tuple[EditionPublished, ...]:
        facts = past.of(EditionPublished).events
        return tuple(one for one in facts if isinstance(one, EditionPublished) and one.edition == self.edition)

    def listed(self, past: Past) -> None:
        """Refuses what the edition never said."""
        first = next(iter(self.published(past)), None) or refuse("unknown_edition", "没有这一期榜单")
        if not self.region.holds(first.region):
            refuse("not_of_this_region", "这一期榜单不属于该区划")
        out = next(fact.on for fact in past.of(EditionPublished) if fact.event == first)
        not_before(self.broadcast_on, out, "播出日期早于榜单公布日期")
        said = colours(past, first)
        for subject, colour, name in (
            *((one, "red", "红榜") for one in self.praised),
            *((one, "black", "黑榜") for one in self.criticised),
        ):
            if (subject, colour) not in said:
                refuse("not_on_the_list", f"有人不在这一期的{name}上,不能这样通报")


def colours(past: Past, published: EditionPublished) -> set[tuple[Ranked, Colour]]:
    """Who stood on which list of an edition, as it was published and after each correction."""
    found: set[tuple[Ranked, Colour]] = set()
    board: Board | None = None
    for fact in past.of(*BOARD):
        if getattr(fact.event, "board", None) == published.board:
            board = evolve(board, fact)
            editions = board.editions if board else ()
            standings = (one.standings for one in editions if one.edition == published.edition)
            found |= {(each.subject, each.listed) for each in next(standings, ()) if each.listed}
    return found


class RetractNotice(Command):
    """更正通报

    By whoever may record one, with the reason; the notice stays in the record of those it named, as retracted.
    """

    notice: NoticeId
    reason: Prose
    retracted_on: date

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.notice, NOTICES))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        found = notices(past.about(self.notice)).get(self.notice) or refuse("unknown_notice", "没有这次通报")
        post = authorise(past, act, found.broadcast.region, *PUBLISHERS).post
        if found.retracted_on:
            refuse("already_retracted", "这次通报已经更正")
        not_future(self.retracted_on, act, "更正日期")
        not_before(self.retracted_on, found.broadcast.broadcast_on, "更正日期早于播出日期")
        yield NoticeRetracted(
            notice=self.notice,
            region=found.broadcast.region,
            post=post,
            reason=self.reason,
            retracted_on=self.retracted_on,
        )
