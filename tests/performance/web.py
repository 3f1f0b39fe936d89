"""The whole program on HTTP: writing, reading while others write, starting, memory, and what one wrote appearing."""

import threading
from collections.abc import Iterator
from http.client import HTTPConnection

import orjson

from tests.performance.clients import Answers, clients, get
from tests.performance.served import County, Served, issue, served, settle
from tests.performance.suite import Bench, Row, at_least, at_most, percentile, spans

WRITERS, READERS = 8, 4
PAGE = "/api/v1/ledgers/issues?limit=50"


def web(bench: Bench) -> Iterator[Row]:
    """`taizhang serve` in a process of its own, asked by clients in another, all of them on the same cores."""
    sizes = bench.sizes
    county = settle(bench.database("web"), bench.folder / "program", sizes.issues, sizes.most)
    size = f"{county.facts:,} facts before"
    yield from _level(county)
    with served(county.url, bench.folder / "program") as program:
        note = (
            f"{program.busy:.1f} s of a core; before: log filled in {county.put:,.0f} s, ledgers caught up in"
            f" {county.followed:,.0f}, sealed in {county.sealed:,.0f}, vacuumed in {county.tidied:,.0f}"
        )
        yield at_most("start to first answer", size, program.started_in, 3, unit="s", note=note)
        clients(program.port, county.reports(), 201, 2)
        busy = program.busy
        answers = clients(program.port, county.reports(), 201, sizes.http_seconds)
        cost = (program.busy - busy) / max(1, len(answers.spans)) * 1000
        yield from _writing(answers, sizes.http_seconds, size, cost)
        yield _reading(program, county, size)
        yield _seen(program, county, size)
        yield at_most("serving, resident memory", f"{size}, after the load", program.resident, 300, unit="MiB")


def _level(county: County) -> Iterator[Row]:
    """What it takes to bring the ledgers and the seal up to the log."""
    size, rate = f"{county.facts:,} facts", county.facts / county.followed
    yield Row("catch-up of all ledgers together, read from the log", size, rate, None, None, "", None, "facts/s")
    yield Row("sealing", size, county.sealed / county.facts * 1e6, None, None, "", None, "µs/fact")


def _writing(answers: Answers, seconds: float, size: str, cost: float) -> Iterator[Row]:
    where = f"64 clients, {seconds:g} s, {size}"
    work = "POST of a step through HTTP"
    clients_own = answers.busy / max(1, len(answers.spans)) * 1000
    note = f"{cost:.2f} ms of a core a request, {clients_own:.2f} for its client"
    yield at_least(work, where, answers.rate, 830, unit="requests/s", note=note)
    yield at_most(f"{work}, p99", where, percentile(answers.spans, 0.99), 250, unit="ms")
    yield at_most(f"{work}, errors", where, answers.errors, 0, unit="", note=answers.first_error)


def _reading(program: Served, county: County, size: str) -> Row:
    """The first page of the issue ledger, while others write as fast as they can."""
    seconds = max(5.0, program.started_in)
    writing = threading.Thread(
        target=clients, args=(program.port, county.reports()[:WRITERS], 201, seconds + 2), daemon=True
    )
    writing.start()
    pages = [[get(PAGE, token)] for token in county.tokens[:READERS]]
    answers = clients(program.port, pages, 200, seconds)
    writing.join()
    where = f"{READERS} readers, {WRITERS} writers, {size}"
    return at_most(
        "GET of a ledger page while writers write, p99",
        where,
        percentile(answers.spans, 0.99),
        100,
        unit="ms",
        note=f"median {percentile(answers.spans, 0.5):.0f} ms, {answers.rate:.0f} a second",
    )


def _seen(program: Served, county: County, size: str) -> Row:
    """From sending a report to having read the ledger's line that holds it, one person alone."""
    connection = HTTPConnection("127.0.0.1", program.port)
    headers = {"Authorization": f"Bearer {county.tokens[0]}", "Content-Type": "application/json"}
    body = orjson.dumps({"progress": "已完工", "done": False, "occurred_on": "2019-09-21"})

    def write_and_see() -> None:
        name = issue(0)
        connection.request("POST", f"/api/v1/issues/{name}/steps/step-{name[6:]}/reports", body, headers)
        position = orjson.loads(connection.getresponse().read())["position"]
        connection.request("GET", f"/api/v1/ledgers/issues?issue={name}&min_position={position}", headers=headers)
        found = orjson.loads(connection.getresponse().read())
        assert found["as_of"]["position"] >= position
        assert found["lines"]

    taken = list(spans(write_and_see, 40))
    connection.close()
    note = f"p99 {percentile(taken, 0.99):.0f} ms"
    return at_most(
        "from POST to seen in the ledger, median", f"1 client, {size}", percentile(taken, 0.5), 50, unit="ms", note=note
    )
