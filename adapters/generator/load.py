"""载入: a stream of decisions on its way into an empty ledger, while the next ones are being decided."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future

from eventsourcing.dcb.api import DCBAppendCondition, DCBQuery
from eventsourcing.persistence import IntegrityError

from adapters.bootstrap import open_application
from adapters.demo.loading import StoryClock, hurried
from adapters.generator.census import Census
from adapters.generator.memory import Decision
from adapters.settings import Settings
from domain.command import refuse
from domain.fact import CHINA

BATCH = 5000
"""Facts in one transaction at the most, save where one decision has more."""


def load(
    settings: Settings, decisions: Iterable[Decision], progress: Callable[[str, int], None] = lambda month, facts: None
) -> Census:
    """Stores every decision at the positions and moments that it was decided with. ``progress`` is told each simulated
    month (``2016-03``) as it begins, and how many facts there are by then.

    Raises Refused ``ledger_not_empty`` where anything is recorded already, and ``ledger_not_alone`` where somebody else
    records meanwhile: what was signed names positions, and would name others' facts.
    """
    clock, census = StoryClock(), Census()
    with hurried(settings) as settings, open_application(settings, project=False, clock=clock) as application:
        if application.facts.head():
            refuse("ledger_not_empty", "台账中已有记录,不能载入生成的地方:只能载入空的台账")
        stored, month = 0, ""
        waiting: Future[int] | None = None
        for batch in batches(decisions):
            settle(waiting)
            moment = batch[0].recorded_at
            # The sequencer asks the clock as it stores, so nothing may be waiting while it moves on.
            clock.tell(moment)
            if (begun := f"{moment.astimezone(CHINA):%Y-%m}") != month:
                month = begun
                progress(month, stored)
            facts = [fact for decision in batch for fact in decision.stored]
            waiting = application.recorder.submit(facts, DCBAppendCondition(DCBQuery(), stored))
            stored += len(facts)
            for decision in batch:
                for event in decision.events:
                    census.count(event)
        settle(waiting)
        with application.pool.connection() as connection:
            # The last commit waits for the disk, and with it all before it.
            connection.execute("SET synchronous_commit TO on; SELECT pg_current_xact_id()")
    return census


def batches(decisions: Iterable[Decision]) -> Iterator[list[Decision]]:
    """Decisions of one moment, so many at a time."""
    batch: list[Decision] = []
    size = 0
    for decision in decisions:
        if batch and (decision.recorded_at != batch[0].recorded_at or size + len(decision.stored) > BATCH):
            yield batch
            batch, size = [], 0
        batch.append(decision)
        size += len(decision.stored)
    if batch:
        yield batch


def settle(waiting: "Future[int] | None") -> None:
    try:
        if waiting:
            waiting.result()
    except IntegrityError:
        refuse("ledger_not_alone", "载入期间另有记录写入,已停止:请清空数据库后重新载入")
