"""Drawing task lists 任务清单: what is open for a team up to a position, published so that anyone can draw it again.

As with editions of a board, drawing reads a county's history under no condition; the decision stands on the team only.
"""

from datetime import date

from domain.books import DRAWN, PublishTaskList, Task, TaskListPublished, draw
from domain.command import About, Act, refuse
from domain.ids import TaskListId, UnitId
from domain.organisation import UnitDissolved, UnitEstablished, unit_standing
from domain.posts import Post, authorise, authority_of
from services.ledger import FactStore, Ledger, Outcome


def drawn(store: FactStore, team: UnitId, cut_off: int) -> tuple[Task, ...]:
    """What is open for a team as known at a position."""
    return draw(store.facts(DRAWN, until=cut_off), team)


def publish(
    ledger: Ledger, tasklist: TaskListId, team: UnitId, month: date, act: Act, key: str | None = None
) -> Outcome:
    """Publishes a team's list of everything open now. Raises Refused, and Conflict, as the ledger does.

    Asked again for a list that is out, it draws up to that list's own cut-off: the same request is then the same.
    """
    # Before the county's history is read, not after: only a publisher may ask for that.
    past = ledger.store.read((*authority_of(act), About(team, (UnitEstablished, UnitDissolved)))).facts
    authorise(past, act, unit_standing(past, team).region, Post.HEADQUARTERS)
    out = published(ledger.store, tasklist)
    cut_off = out.cut_off if out else ledger.store.head()
    tasks = drawn(ledger.store, team, cut_off)
    return ledger.execute(
        PublishTaskList(tasklist=tasklist, team=team, month=month, cut_off=cut_off, tasks=tasks), act, key
    )


def redrawn(store: FactStore, tasklist: TaskListId) -> bool:
    """Whether a published list is what the facts up to its cut-off come to. Raises Refused when there is none."""
    out = published(store, tasklist) or refuse("unknown_tasklist", "没有这份任务清单")
    return out.tasks == drawn(store, out.team, out.cut_off)


def published(store: FactStore, tasklist: TaskListId) -> TaskListPublished | None:
    for event in store.read((About(tasklist, (TaskListPublished,)),)).facts.events:
        if isinstance(event, TaskListPublished):
            return event
    return None
