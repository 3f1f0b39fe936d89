"""导入与导出 on the command line."""

from pathlib import Path
from typing import Annotated

import typer

from adapters.cli.opening import As, acting_or_headquarters, opened, region_of
from adapters.cli.speech import AsJson, document, lines, say, table
from adapters.regions.divisions import Divisions
from adapters.workbooks.intake import severity_named, standing_there, to_register
from adapters.workbooks.reader import read_workbook
from adapters.workbooks.reading import Reading
from domain.command import refuse


def import_workbook(
    file: Annotated[Path, typer.Argument(metavar="文件.xlsx", help="问题清单")],
    county: Annotated[str, typer.Option("--county", metavar="代码", help="县或市的区划代码,4、6或12位")],
    confirm: Annotated[
        str | None, typer.Option("--confirm", metavar="摘要", help="登记:给出预览时显示的摘要;不给则只预览")
    ] = None,
    who: As = None,
    severity: Annotated[
        str | None,
        typer.Option("--severity", metavar="等级", help="没有写等级的,一律按此级登记:一般、较重或重大"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """导入问题清单:默认只预览每一行将登记为什么、有哪些问题;确认后才登记,要么全部登记,要么一条也不登记。

    预览不需要数据库。登记须用 --confirm 给出预览的摘要;同一份文件再次登记,什么也不改变。
    """
    place = region_of(county)
    content = contents(file)
    reading = read_workbook(content, Divisions.load(), place.code)
    if confirm is None:
        show(reading, as_json)
        return
    unstated = None
    if severity is not None:
        try:
            unstated = severity_named(severity)
        except ValueError:
            refuse("unknown_severity", "问题等级应为一般、较重或重大")
    command = to_register(reading, confirm, content, file.name, place.code, unstated)
    with opened() as application:
        standing_there(command, application.facts)
        act = acting_or_headquarters(application, who, place, "ImportWorkbook")
        outcome = application.ledger.execute(command, act)
    registered = len(command.rows) if outcome.facts else 0
    if as_json:
        document({"digest": reading.digest, "registered": registered, "position": outcome.position})
    elif registered:
        typer.echo(f"已登记{registered}条问题(事实序号至{outcome.position})")
    else:
        typer.echo("这份清单已经登记过,没有改变任何记录")


def contents(file: Path) -> bytes:
    """The file's bytes; refused where there are none to be had."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        refuse("file_not_found", f"没有这个文件:{file}")
    except OSError as error:
        refuse("file_unreadable", f"文件无法读取:{file}({error.strerror})")


def show(reading: Reading, as_json: bool) -> None:
    if as_json:
        document(reading.as_json())
        return
    rows = (
        (
            f"{row.sheet} {row.row}",
            row.region,
            row.category,
            row.severity,
            row.description,
            row.unit,
            row.leader,
            row.person,
            row.money_wan.normalize().__format__("f") if row.money_wan is not None else None,
            "立行立改" if row.due_precision == "immediate" else row.due,
            row.status,
        )
        for row in reading.rows
    )
    titles = ("行", "区划", "类别", "等级", "问题", "责任单位", "责任领导", "责任人", "资金(万元)", "时限", "状态")
    table(f"将登记{len(reading.rows)}条问题", titles, rows)
    if reading.problems:
        found = (
            ("须更正" if one.blocks else "请留意", one.sheet, one.cell or one.row, one.kind, one.message)
            for one in reading.problems
        )
        table(f"发现{len(reading.problems)}处问题", ("", "工作表", "单元格", "类别", "说明"), found)
    lines([("摘要", reading.digest)])
    if reading.blocking:
        say(f"有{len(reading.blocking)}处须更正,更正后再导入")
    else:
        say("以上只是预览,尚未登记。确认无误后,加上 --confirm 和摘要再运行一次")


def export(
    out: Annotated[Path, typer.Option("--out", metavar="文件.xlsx", help="写到哪个文件")],
    what: Annotated[str, typer.Argument(metavar="台账", help="目前可导出 issues(问题台账)")] = "issues",
    region: Annotated[str | None, typer.Option("--region", metavar="代码", help="只要该区划及其下各级")] = None,
    status: Annotated[list[str] | None, typer.Option("--status", metavar="状态", help="只要此状态,可写多次")] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="序号或时刻", help="截至何时:事实序号、日期或带时区的时刻")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """导出问题整改销号台账为 .xlsx,表头合并、列宽、筛选和冻结行齐备,可直接打印。"""
    from adapters.http.moments import moment
    from adapters.workbooks.outbound import issue_ledger
    from domain.issues import Status
    from projections.reading import Where

    if what != "issues":
        refuse("unknown_ledger", "目前只能导出 issues(问题台账)")
    named = {name: one for one in Status for name in (one.value, one.label)}
    if unknown := [one for one in status or () if one not in named]:
        refuse("unknown_status", f"没有状态“{unknown[0]}”:应为{'、'.join(one.label for one in Status)}")
    where = []
    if region:
        where.append(Where("region", "within", region_of(region)))
    if status:
        where.append(Where("status", "in", [named[one] for one in status]))
    with opened(reading=True) as application:
        at = moment(application, as_of, None)
        with application.pool.connection() as connection:
            workbook = issue_ledger(connection, where, at.position, at.day)
    try:
        out.write_bytes(workbook.content)
    except OSError as error:
        refuse("file_not_written", f"文件无法写入:{out}({error.strerror})")
    if as_json:
        document({"file": str(out), "rows": workbook.rows, "position": workbook.position})
    else:
        typer.echo(f"已导出{workbook.rows}条到 {out}")
