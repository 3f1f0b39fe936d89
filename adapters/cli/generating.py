"""生成 on the command line: a county or a city of a real place's size, into an empty ledger."""

from time import monotonic
from typing import Annotated

import typer

from adapters.cli.opening import configured
from adapters.cli.speech import AsJson, document, lines, say, table

_NAMES = {
    "counties": "县",
    "towns": "乡镇",
    "villages": "村",
    "poor_villages": "贫困村",
    "households": "农户",
    "people": "人口",
    "cadres": "干部",
    "facts": "事实",
}


def generate(
    place: Annotated[str, typer.Argument(metavar="地方", help="luchuan(陆川县一年)或 huaihua(怀化市十三县)")],
    seed: Annotated[int, typer.Option("--seed", metavar="数", help="种子:同一种子,逐字节相同")] = 1,
    scale: Annotated[float, typer.Option("--scale", metavar="比例", help="按比例缩小,大于0、不大于1")] = 1.0,
    days: Annotated[int | None, typer.Option("--days", min=1, metavar="天数", help="只生成前几天")] = None,
    as_json: AsJson = False,
) -> None:
    """按真实规模生成一个地方,载入空的台账:区划、规则和数字是真的,人和事都是按种子编的,农户只有编号和承诺值。"""
    from adapters.generator import generate as generator
    from adapters.generator.load import load

    settings = configured()
    decisions = generator.generate(place, seed=seed, scale=scale, days=days)
    begun = monotonic()

    def tell(month: str, facts: int) -> None:
        say(f"{month}:已载入{facts}条事实,每秒{round(facts / max(monotonic() - begun, 0.001))}条")

    census = load(settings, decisions, tell)
    seconds = round(monotonic() - begun, 1)
    if as_json:
        offices = {post.value: {"person": who, "name": name} for post, (who, name) in census.offices.items()}
        types = dict(census.facts.most_common())
        document({**census.figures, "seconds": seconds, "types": types, "offices": offices})
        return
    lines((_NAMES[name], figure) for name, figure in census.figures.items())
    lines([("用时(秒)", seconds)])
    rows = ((post.label, name, who) for post, (who, name) in census.offices.items())
    table("可用 taizhang user add 为他们开设账号", ("职务", "姓名", "人员编号"), rows)
    table("各类事实", ("类型", "条数"), census.facts.most_common())
