"""Another process that appends to the same log: claims each of many places, unless somebody has claimed it before."""

import sys

from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
from eventsourcing.persistence import IntegrityError

from adapters.postgres.event_store import PostgresRecorder


def claim(recorder: PostgresRecorder, name: str, places: int) -> int:
    """How many of the places this claimant got."""
    won = 0
    for place in range(places):
        tag = f"place-{place}"
        try:
            recorder.append(
                [
                    DCBEvent("place.claimed", name.encode(), [tag, f"claimant-{name}"]),
                    DCBEvent("place.noted", b"", [tag]),
                ],
                DCBAppendCondition(DCBQuery([DCBQueryItem(types=["place.claimed"], tags=[tag])])),
            )
        except IntegrityError:
            continue
        won += 1
    return won


if __name__ == "__main__":
    url, name, places = sys.argv[1:]
    with PostgresRecorder(url) as recorder:
        recorder.head()
        print("ready", flush=True)
        sys.stdin.readline()
        print(claim(recorder, name, int(places)))
