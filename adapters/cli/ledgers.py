"""台账、时间线与事实 on the command line."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from adapters.cli.opening import opened, region_of
from adapters.cli.speech import AsJson, document, json_line, lines, progress, say, table
from domain.command import refuse
from domain.fact import Recorded
from domain.ids import Id, kinds

if TYPE_CHECKING:
    from adapters.bootstrap import Application

AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="序号或时刻", help="截至何时:事实序号、日期(含当日)或带时区的时刻;不写则为现在"),
]
_WIDEST = 40

MAIN: dict[str, tuple[str, ...]] = {
    "issues": ("issue", "region", "category", "severity", "description", "status", "due", "unit", "person"),
    "rectification": ("issue", "number", "region", "measure", "progress", "due", "done_on", "person"),
    "evidence": ("file", "subject", "title", "media_type", "first_used_on", "reused"),
    "signoffs": ("chain", "subject", "region", "phase", "stage_label", "opened_on", "ready_on"),
    "signatures": ("signer", "post", "region", "subject", "opinion", "signed_at", "counts"),
    "escalations": ("escalation", "issue", "to", "matter", "answer_due", "answered", "late"),
    "responsibilities": ("holder", "role", "issue", "region", "since", "due", "done_on", "ended"),
    "posts": ("person", "post", "region", "since", "until"),
    "directory": ("id", "kind", "name", "region", "standing"),
    "boards": ("edition", "number", "subject", "rank", "score", "listed"),
    "editions": ("edition", "board", "number", "since", "until", "red", "black", "revision"),
    "cases": ("case", "subject", "region", "reason", "state", "opened_on"),
    "measures": ("measure", "subject", "kind", "decided_on", "binds_until", "lifted_on"),
    "commendations": ("subject", "kind", "level", "amount", "decided_on", "revoked_on", "revoked_for"),
    "households": ("household", "region", "hamlet", "category", "people", "cadre", "unmet", "issues_open", "exited"),
    "villages": ("region", "listed", "team", "leader", "department", "lacks"),
    "books": ("household", "entry", "kind", "category", "measure", "status", "due", "progress", "done_on"),
    "indicators": ("subject", "indicator", "object", "met", "value", "assessed_on", "by"),
    "exits": ("chain", "subject", "object", "region", "phase", "next_step", "decided_on", "voided_on"),
    "sweeps": ("sweep", "title", "region", "opened_on", "visits", "found", "concluded_on"),
    "findings": ("issue", "sweep", "household", "found_on", "waits_for", "followed_up_on", "relapses"),
    "days": ("person", "day", "region", "presence", "present", "work", "reported_at", "marks"),
    "leaves": ("leave", "person", "region", "since", "until", "state", "waiting", "late"),
    "visits": ("person", "region", "household", "occurred_on", "findings", "backfilled"),
    "charges": ("region", "person", "since", "until", "decided_by", "reason"),
    "decisions": ("decision", "region", "meeting", "held_on", "matter", "responsible", "due", "done_on", "settled_on"),
    "reverse_checks": ("draw", "position", "claimant", "kind", "claimed_on", "holds", "findings", "issue"),
    "pledges": ("region", "person", "post", "title", "due", "signed_on", "superseded_by"),
}
"""The columns that a terminal has room for; ``--json`` gives all. Of a ledger that is not here, the first ones."""

_FIRST = 8


def ledger(
    name: Annotated[str, typer.Argument(metavar="台账", help=f"{'、'.join(MAIN)}等;写错名称时会列出全部")],
    where: Annotated[
        list[str] | None,
        typer.Option("--where", metavar="列=值", help="筛选,可写多次;区划含其下各级;日期可用 列_from=、列_until="),
    ] = None,
    region: Annotated[str | None, typer.Option("--region", metavar="代码", help="只要该区划及其下各级")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="只要逾期未办的")] = False,
    order: Annotated[
        list[str] | None, typer.Option("--order", metavar="列", help="按列排序,倒序在列名前加 -,可写多次")
    ] = None,
    as_of: AsOf = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500, help="每页行数")] = 50,
    cursor: Annotated[str | None, typer.Option("--cursor", metavar="标记", help="上一页给出的翻页标记")] = None,
    as_json: AsJson = False,
) -> None:
    """查任何一本台账:筛选、排序、翻页,可截至任一时刻。"""
    from starlette.datastructures import QueryParams

    from adapters.http.ledgers import SHELVES, asked_of, told
    from adapters.http.moments import moment
    from projections.reading import Query, count, page

    shelf = SHELVES.get(name) or refuse("unknown_ledger", f"没有台账“{name[:40]}”:应为{'、'.join(SHELVES)}")
    given = [_pair(one) for one in where or ()]
    given += [("order", one) for one in order or ()]
    given.append(("limit", str(limit)))
    if overdue:
        given.append(("overdue", "true"))
    if region:
        given.append(("region", region_of(region)))
    with opened(reading=True) as application:
        at = moment(application, as_of, None)
        asked = asked_of(shelf, QueryParams(given), at)
        with application.pool.connection() as connection:
            found = page(connection, shelf.line, Query(asked.where, asked.order, at.position, asked.limit, cursor))
            total = count(connection, shelf.line, asked.where, found.position)
        rows = [told(line, at.day) for line in found.lines]
        if as_json:
            document({**_as_of(application, found.position), "count": total, "lines": rows, "next": found.next})
            return
        columns = MAIN.get(name) or tuple(column.name for column in shelf.line.columns if column.scalar)[:_FIRST]
        _show(application, columns, f"{shelf.line.label}:共{total}行", rows)
    if found.next:
        say(f"还有更多,下一页:--cursor {found.next}")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        refuse("bad_filter", f"筛选应写成 列=值:{text[:40]}")
    return name.strip(), value


def _show(application: "Application", columns: Sequence[str], caption: str, rows: list[dict[str, Any]]) -> None:
    from adapters.web.names import names_of

    with application.pool.connection() as connection:
        names = names_of(connection, (value for row in rows for value in row.values() if isinstance(value, Id)))
    shown = ([_short(names.known.get(row[column], row[column])) for column in columns] for row in rows)
    table(caption, columns, shown)


def _short(value: Any) -> Any:
    if type(value) is str and len(value) > _WIDEST:
        return f"{value[: _WIDEST - 1]}…"
    return value


def timeline(
    identity: Annotated[str, typer.Argument(metavar="编号", help="任一编号:问题、人员、单位、区划、签批链、期次……")],
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """看任一编号的时间线:所有提到它的事实,按记录的先后。"""
    from adapters.http.moments import moment
    from adapters.web.names import named_in, names_of
    from adapters.web.words import tell, title

    tag = id_named(identity)
    with opened(reading=True) as application:
        at = moment(application, as_of, None)
        facts = application.facts.about(tag, until=at.position)
        if not facts:
            refuse("unknown_id", f"没有任何事实提到{identity[:80]}")
        if as_json:
            document([_fact(fact) for fact in facts])
            return
        with application.pool.connection() as connection:
            names = names_of(connection, {*named_in(facts)})
    told_so = (
        (fact.position, fact.recorded_at, names(fact.by), title(fact.event), tell(fact.event, names).sentence)
        for fact in facts
    )
    table(identity, ("序号", "记录时间", "办理人", "事实", "内容"), told_so)


def id_named(text: str) -> Id:
    """The id that the text is. Refused for what is none."""
    try:
        return TypeAdapter(kinds[text.partition("-")[0]]).validate_python(text)
    except (KeyError, ValidationError):
        refuse("unknown_id", f"{text[:80]}不是编号:编号形如 issue-…、person-…、region-451226")


def facts(
    after: Annotated[int, typer.Option("--after", min=0, help="从此序号之后开始")] = 0,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="最多多少条;不写则到最后一条")] = None,
    as_json: AsJson = False,
) -> None:
    """逐条输出事实,每行一个 JSON,按记录的先后。加 --json 则合为一个 JSON 文档。"""
    with opened() as application:
        head = application.facts.head()
        until = head if limit is None else min(head, after + limit)
        found = (_fact(fact) for fact in application.facts.facts(after=after, until=until))
        if as_json:
            document(list(found))
            return
        for fact in found:
            json_line(fact)


def _fact(fact: Recorded) -> dict[str, Any]:
    from adapters.web.words import title

    return {
        "position": fact.position,
        "type": fact.event.type,
        "title": title(fact.event),
        "by": fact.by,
        "at": fact.at,
        "recorded_at": fact.recorded_at,
        "body": fact.event,
        "digest": fact.digest,
    }


def _as_of(application: "Application", position: int) -> dict[str, Any]:
    from adapters.http.moments import recorded_at

    return {"as_of": {"position": position, "recorded_at": recorded_at(application, position)}}


def rebuild(
    name: Annotated[
        str | None, typer.Argument(metavar="台账", help="哪一本;不写时 --check 核对全部,重建须加 --all")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="所有台账")] = False,
    check: Annotated[bool, typer.Option("--check", help="只核对:从头重算,与现有台账逐行比较,不改动")] = False,
    as_json: AsJson = False,
) -> None:
    """从第一条事实起重建台账,建好后再替换;或用 --check 核对台账与事实是否一致。"""
    from adapters.http.ledgers import SHELVES

    if (name is not None and every) or (name is None and not every and not check):
        refuse("which_ledger", "请写明一本台账,或加 --all")
    # Nothing is folded into the ledgers before: what is damaged may be past folding on.
    with opened() as application:
        if name is not None and name not in SHELVES:
            refuse("unknown_ledger", f"没有台账“{name[:40]}”:应为{'、'.join(SHELVES)}")
        chosen = {each: SHELVES[each].line for each in ([name] if name else SHELVES)}
        differences = []
        with progress("核对台账" if check else "重建台账") as tell_progress:
            for done, (each, line) in enumerate(chosen.items()):
                tell_progress(done, len(chosen))
                if check:
                    differences += [one._replace(ledger=each) for one in application.projector.check(line.table)]
                else:
                    application.projector.rebuild(line.table)
    if as_json:
        document({"ledgers": list(chosen), "checked": check, "differences": differences})
    elif differences:
        shown = ((one.ledger, one.kind, "、".join(map(str, one.key)), one.since) for one in differences)
        table(f"{len(differences)}处不一致", ("台账", "差异", "键", "自序号"), shown)
    else:
        lines([("核对无差异" if check else "已重建", [line.label for line in chosen.values()])])
    if differences:
        raise typer.Exit(1)
