"""区划页: one place, whole: its issues and people, what the lists said of it, and what may be done there.

``regions`` says what may be done at any place, ``villages`` what a village or a county shows and asks besides.
"""

from starlette.responses import Response

from adapters.http.problems import Problem
from adapters.logging import audit
from adapters.web import regions, villages
from adapters.web.actions import about, can_act, done, performed, shown_again
from adapters.web.cases import supervising
from adapters.web.formats import address
from adapters.web.forms import Typed
from adapters.web.merits import may_give
from adapters.web.names import names_of
from adapters.web.organisation import region_of
from adapters.web.records import mentioned
from adapters.web.site import Site, Visit
from domain.exiting import ProposeExit
from domain.issues import Status
from projections.accountability_record import record
from projections.directory import DirectoryLine
from projections.issue_ledger import IssueLine
from projections.post_ledger import PostLine
from projections.reading import Query, Where, count, find, page, tally, walk
from projections.waiting import UNDONE_STATUSES


def places(site: Site) -> None:
    site.page("/regions/{code}", region_page)
    site.page("/regions/{code}/{form}", act_on_region, method="POST")
    site.page("/villages/{code}/{form}", act_on_village, method="POST")


def region_page(visit: Visit) -> Response:
    return region_shown(visit)


def act_on_region(visit: Visit) -> Response:
    form = regions.FORMS.get(visit.request.path_params["form"])
    if form is None:
        raise Problem(404, "not_found", "没有这个页面")
    region = region_of(visit)
    named = {"region": region} if "region" in form.command.model_fields else {}
    return performed(
        visit,
        form,
        {**about(visit, form), **regions.counted(form), **named},
        lambda typed, status: region_shown(visit, typed, status),
        lambda _: address(region),
        regions.perform,
    )


def act_on_village(visit: Visit) -> Response:
    """One form of a village or a county, filled in."""
    form = villages.FORMS.get(visit.request.path_params["form"])
    if form is None:
        raise Problem(404, "not_found", "没有这个页面")
    region = region_of(visit)
    form, fixed = villages.about_village(visit, region, form)
    return performed(
        visit,
        form,
        fixed,
        lambda typed, status: region_shown(visit, typed, status),
        lambda made: f"/exits/{made.chain}" if form.command is ProposeExit else address(region),
    )


def region_shown(visit: Visit, typed: Typed | None = None, status: int = 200) -> Response:
    """地区概况: issues by status, who is in post and who answers for it, what the lists said."""
    region = region_of(visit)
    as_of = visit.as_of
    with visit.application.pool.connection() as connection:
        line = find(connection, DirectoryLine, region)
        if line is None:
            raise Problem(404, "unknown_region", "没有这个区划")
        within = (Where("region", "within", (region,)),)
        statuses = tally(connection, IssueLine, ("status",), within, as_of.position)
        late = (*within, Where("due", "before", as_of.day), Where("status", "in", UNDONE_STATUSES))
        overdue = count(connection, IssueLine, late, as_of.position)
        here = (Where("region", "eq", region),)
        posts = [
            one
            for one in walk(connection, PostLine, Query(here, ("post",), as_of.position))
            if one.tenure.covers(as_of.day)
        ]
        below = page(connection, DirectoryLine, Query((Where("kind", "eq", "region"), *within), ("region",), limit=500))
        found = record(connection, region, as_of.position, as_of.day)
        village = villages.on_village(visit, connection, region)
        ids = {region, *(one.person for one in posts), *mentioned(found), *(village.ids if village else ())}
        names = names_of(connection, ids)
        forms = regions.on_region(visit, connection, line, found.charges)
    audit("viewed", viewer=visit.viewer.person, subject=region, what="region", as_of=as_of.position)
    width = {"province": 4, "city": 6, "county": 9, "township": 12, "village": 0}[region.level]
    return visit.render(
        "region.html",
        status,
        may_commend=may_give(visit),
        forms=forms,
        village=village,
        typed=shown_again((*forms, *(village.forms if village else ())), typed),
        done=done(visit, *regions.FORMS.values()) or (village.done if village else ""),
        may_open=can_act(visit) and supervising(visit) and region.level == "township",
        line=line,
        region=region,
        statuses=[(status, statuses.get((status,), 0)) for status in Status],
        overdue=overdue,
        posts=posts,
        below=[one for one in below.lines if len(one.region.code) == width],
        record=found,
        names=names,
        as_of=as_of,
    )
