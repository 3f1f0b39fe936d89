"""Several threads and several processes at one log."""

import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from eventsourcing.dcb.api import DCBEvent, DCBQuery, DCBQueryItem

from adapters.postgres.event_store import PostgresRecorder
from tests.adapters.postgres.rival import claim

ROOT = Path(__file__).parents[3]
PLACES = 100


class Reader(threading.Thread):
    """Looks at the log again and again, and keeps whatever it saw that nobody may ever see."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._recorder = PostgresRecorder(url)
        self.done = threading.Event()
        self.looks = 0
        self.wrong: list[str] = []

    def run(self) -> None:
        seen: list[int] = []
        with self._recorder as recorder:
            while not self.done.is_set() or seen[-1] < recorder.head():
                head = recorder.head()
                fresh = [fact.position for fact in recorder.read_recorded(after=seen[-1] if seen else 0)]
                seen += fresh
                self.looks += 1
                if seen != list(range(1, len(seen) + 1)):
                    self.wrong.append(f"a gap, or a fact that came after a later one: {fresh}")
                if len(seen) < head:
                    self.wrong.append(f"{head} was the head, yet only {len(seen)} were there")


def test_threads_and_processes_claim_each_place_once_and_readers_see_no_gap(
    recorder: PostgresRecorder, database_url: str
) -> None:
    recorder.append([DCBEvent("opened", b"")])
    reader = Reader(database_url)
    reader.start()
    rivals = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.adapters.postgres.rival", database_url, name, str(PLACES)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("north", "south")
    ]
    for rival in rivals:
        assert rival.stdout is not None
        assert rival.stdout.readline() == "ready\n"
    for rival in rivals:
        assert rival.stdin is not None
        rival.stdin.write("go\n")
        rival.stdin.flush()
    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(lambda name: claim(recorder, name, PLACES), ["east", "west", "middle", "edge"]))
    won += [int(rival.communicate(timeout=60)[0]) for rival in rivals]
    reader.done.set()
    reader.join()

    claimed = list(recorder.read_recorded(DCBQuery([DCBQueryItem(types=["place.claimed"])])))
    assert sum(won) == PLACES
    assert Counter(fact.tags[0] for fact in claimed) == {f"place-{place}": 1 for place in range(PLACES)}
    facts = list(recorder.read_recorded())
    assert [fact.position for fact in facts] == list(range(1, 2 * PLACES + 2))
    assert all(facts[claim.position].type == "place.noted" for claim in claimed), (
        "what is decided together stays together"
    )
    assert [fact.recorded_at for fact in facts] == sorted(fact.recorded_at for fact in facts)
    assert reader.wrong == []
    assert reader.looks > 1
