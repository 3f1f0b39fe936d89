"""承诺书: who signed one and who has not yet, by level and place; and signing one's own."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from psycopg import Connection
from starlette.responses import Response

from adapters.evidence.store import EvidenceRefused
from adapters.http.problems import Problem
from adapters.logging import audit
from adapters.web.actions import done, open_to, performed, shown_again
from adapters.web.forms import Field, Form, Typed, evidence_in
from adapters.web.names import Names, names_of
from adapters.web.site import Site, Visit
from adapters.web.words import LEVEL_NAMES
from domain.evidence import Evidence
from domain.ids import EvidenceId, Id, PersonId, PledgeId, RegionId
from domain.pledges import PAIRS, SignPledge
from domain.posts import Post
from projections.directory import DirectoryLine
from projections.pledge_ledger import PledgeLine
from projections.post_ledger import PostLine
from projections.reading import Query, Where, walk

MOST: Final = 5000
HEADS: Final = {post: level for level, pair in PAIRS.items() for post in pair}

_TEXT: Final = Field(
    "evidence", "承诺书文本", "files", hint="PDF、照片或 Word,一份;台账记下它的摘要,以后换了文本就对不上"
)
SIGN: Final = Form(
    "sign",
    SignPledge,
    "签订承诺书",
    "签订",
    (
        Field("title", "承诺书名称", "line", hint="例如:脱贫摘帽承诺书"),
        Field("promise", "承诺内容"),
        Field("due", "哪天前兑现", "date"),
    ),
    tone="sign",
    makes=(("pledge", PledgeId),),
)


class Seat(NamedTuple):
    """一席: one of the two heads of a place, and what they signed there."""

    post: Post
    holder: PersonId | None
    pledge: PledgeLine | None

    @property
    def signed(self) -> bool:
        """Whether whoever holds the post now has signed for themselves."""
        return self.holder is not None and self.pledge is not None and self.pledge.person == self.holder


class Level(NamedTuple):
    """一级: how many heads it has in post, and how many of them have signed."""

    label: str
    seats: int
    signed: int


def pledges(site: Site) -> None:
    site.page("/pledges", list_page)
    site.page("/pledges/sign", sign, method="POST")


def list_page(visit: Visit) -> Response:
    return shown(visit)


def shown(visit: Visit, typed: Typed | None = None, status: int = 200) -> Response:
    """Every place with its two heads; the villages of one township, or everyone who has not signed."""
    as_of = visit.as_of
    scope = scope_of(visit)
    unsigned = visit.query("unsigned") == "1"
    with visit.application.pool.connection() as connection:
        seats = seats_in(connection, scope, as_of.position, as_of.day)
        places = places_in(connection, scope)
        township = visit.query("township") or str(scope.at("township") or "")
        listed = [
            (line.region, seats[line.region])
            for line in places
            if (any(not seat.signed for seat in seats[line.region]) if unsigned else near(line.region, township))
        ]
        ids: set[Id | None] = {seat.holder for _, pair in listed for seat in pair}
        ids |= {seat.pledge.person for _, pair in listed for seat in pair if seat.pledge}
        names = names_of(connection, {*ids, scope, *(region for region, _ in listed)})
    audit("viewed", viewer=visit.viewer.person, what="pledge_ledger", as_of=as_of.position)
    forms = to_sign(visit, names)
    return visit.render(
        "pledges.html",
        status,
        scope=scope,
        levels=levels(seats),
        listed=listed,
        townships=[(str(line.region), line.name) for line in places if line.region.level == "township"],
        township=township,
        unsigned=unsigned,
        kept={one.pledge for _, pair in listed for seat in pair if (one := seat.pledge) and kept(visit, one)},
        names=names,
        as_of=as_of,
        forms=forms,
        typed=shown_again(forms, typed),
        done=done(visit, SIGN),
    )


def scope_of(visit: Visit) -> RegionId:
    """The county the address names, or the reader's own; for the city's officers the city."""
    asked = visit.query("region")
    if asked.startswith("region-"):
        return RegionId(asked)
    mine = sorted((tenure.region.at("county") or tenure.region for tenure in visit.viewer.held), key=len)
    if not mine:
        raise Problem(404, "no_place", "您现在没有任职;请从名录里选一个县,看它的承诺书")
    return mine[-1]


def places_in(connection: Connection[Any], scope: RegionId) -> tuple[DirectoryLine, ...]:
    where = (
        Where("kind", "eq", "region"),
        Where("standing", "eq", True),
        Where("level", "in", list(PAIRS)),
        Where("region", "within", (scope,)),
    )
    return tuple(walk(connection, DirectoryLine, Query(where, ("region",), limit=MOST)))


def near(region: RegionId, township: str) -> bool:
    """Whether a place is listed at once: counties and townships are, villages with their township."""
    return region.level != "village" or region.at("township") == township


class Seats(dict[RegionId, tuple[Seat, ...]]):
    """各地两席: of a place where nobody is in post, two empty ones."""

    def __missing__(self, region: RegionId) -> tuple[Seat, ...]:
        return tuple(Seat(post, None, None) for post in PAIRS.get(region.level, ()))


def seats_in(connection: Connection[Any], scope: RegionId, position: int | None, day: Any) -> Seats:
    within = Where("region", "within", (scope,))
    heads = (within, Where("post", "in", [post.value for post in HEADS]))
    holders = {
        (line.region, line.post): line.person
        for line in walk(connection, PostLine, Query(heads, (), position, MOST))
        if line.tenure.covers(day)
    }
    standing = (within, Where("superseded_by", "null", True))
    signed = {
        (line.region, line.post): line for line in walk(connection, PledgeLine, Query(standing, (), position, MOST))
    }
    found = Seats()
    for region in {region for region, _ in (*holders, *signed)}:
        pair = PAIRS.get(region.level, ())
        found[region] = tuple(Seat(post, holders.get((region, post)), signed.get((region, post))) for post in pair)
    return found


def levels(seats: Mapping[RegionId, Iterable[Seat]]) -> list[Level]:
    """How many heads of each level are in post, and how many of them have signed."""
    found = []
    for level in PAIRS:
        held = [seat for region, pair in seats.items() if region.level == level for seat in pair if seat.holder]
        found.append(Level(LEVEL_NAMES[level], len(held), sum(seat.signed for seat in held)))
    return found


def kept(visit: Visit, line: PledgeLine) -> bool:
    """Whether the text that was signed is kept here, and not only known by its digest."""
    try:
        visit.application.evidence.find(EvidenceId(f"evidence-{line.text_digest}"))
    except EvidenceRefused:
        return False
    return True


def to_sign(visit: Visit, names: Names) -> tuple[Form, ...]:
    """The form for each place the reader heads."""
    places = dict.fromkeys(tenure.region for tenure in visit.viewer.held if tenure.post in HEADS)
    form = SIGN._replace(fields=(*SIGN.fields, _TEXT))
    asked = [
        form._replace(
            title=f"签订{names.path(place)}的承诺书",
            fixed={"region": str(place)},
            probe={"text_digest": "0" * 64, "due": visit.today},
        )
        for place in places
    ]
    return open_to(visit, asked)


def sign(visit: Visit) -> Response:
    """The text itself is kept as a file; what is signed for is its digest."""
    texts, complaint = evidence_in(visit.posted, visit.application.evidence)
    region = str(visit.posted.get("region", ""))
    if not complaint and len(texts) != 1:
        complaint = "请选择一份承诺书文本" if not texts else "只能是一份文本"
    if complaint:
        values = {name: value for name, value in visit.posted.multi_items() if isinstance(value, str)}
        wrong = "有几处需要改正,请看标红的地方"
        return shown(visit, Typed(SIGN.name, values, texts, {"evidence": complaint}, wrong), 422)
    return performed(
        visit,
        SIGN,
        {"region": region, "text_digest": digest_of(texts[0])},
        lambda typed, status: shown(visit, typed._replace(kept=texts), status),
        lambda _: "/pledges",
    )


def digest_of(text: Evidence) -> str:
    return text.file.partition("-")[2]
