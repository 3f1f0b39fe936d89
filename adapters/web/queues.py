"""待办: what waits for whom, computed from the ledgers and the posts someone holds."""

from typing import Any

from psycopg import Connection
from starlette.responses import Response

from adapters.asking.hearings import Hearing, hearings
from adapters.web.actions import can_act
from adapters.web.issues import may_register
from adapters.web.names import names_of
from adapters.web.site import Site, Visit
from domain.ids import Id, RegionId
from domain.issues import Status
from projections.issue_ledger import IssueLine
from projections.reading import Query, Where, count, page, tally
from projections.signoff_ledger import phase_on
from projections.waiting import UNDONE_STATUSES, waiting


def queues(site: Site) -> None:
    site.page("/", home)
    site.page("/queue", queue_page)


def heard_by(visit: Visit, connection: Connection[Any]) -> tuple[Hearing, ...]:
    """Nothing where nothing can be done."""
    return hearings(visit.application.facts, connection, visit.act, visit.viewer.held) if can_act(visit) else ()


def home(visit: Visit) -> Response:
    """工作台: what waits today, by the posts one holds, and what has lately happened where one holds them."""
    regions = outermost([tenure.region for tenure in visit.viewer.held])
    with visit.application.pool.connection() as connection:
        found = waiting(connection, visit.waiter)
        heard = heard_by(visit, connection)
        where = (Where("region", "within", regions),) if regions else ()
        recent = page(connection, IssueLine, Query(where, ("-last_position",), limit=8)).lines if regions else ()
        statuses = tally(connection, IssueLine, ("status",), where) if regions else {}
        late = (*where, Where("due", "before", visit.today), Where("status", "in", UNDONE_STATUSES))
        overdue = count(connection, IssueLine, late) if regions else 0
        ids: set[Id | None] = {line.region for line in (*recent, *found.overdue)}
        ids |= {one.subject for one in heard}
        names = names_of(connection, ids | {tenure.region for tenure in visit.viewer.held} | set(regions))
    return visit.render(
        "home.html",
        waiting=found,
        hearings=heard,
        recent=recent,
        regions=regions,
        statuses=[(status, statuses.get((status,), 0)) for status in Status],
        overdue=overdue,
        names=names,
        may_register=may_register(visit),
    )


def outermost(regions: list[RegionId]) -> tuple[RegionId, ...]:
    """These regions, without those that lie in another of them."""
    return tuple(sorted({one for one in regions if not any(o != one and o.holds(one) for o in regions)}))


def queue_page(visit: Visit) -> Response:
    with visit.application.pool.connection() as connection:
        found = waiting(connection, visit.waiter)
        heard = heard_by(visit, connection)
        ids: set[Id | None] = {line.region for line in (*found.about.values(), *found.extensions, *found.overdue)}
        ids |= {one.subject for one in heard}
        ids |= {one.asked_by for line in found.extensions for one in line.extensions}
        ids |= {line.by for line in found.escalations} | {line.applicant for line in found.chains}
        ids |= {line.region for line in found.chains} | {line.subject for line in found.chains}
        ids |= {id for one in found.exits for id in (one.line.region, one.line.subject, one.line.applicant)}
        ids |= {id for line in found.leaves for id in (line.region, line.person)}
        ids |= {id for line in (*found.undone, *found.settling) for id in (line.region, line.responsible)}
        names = names_of(connection, ids)
    phases = {line.chain: phase_on(line, visit.today) for line in found.chains}
    return visit.render("queue.html", waiting=found, hearings=heard, names=names, phases=phases)
