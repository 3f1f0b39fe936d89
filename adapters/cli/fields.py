"""字段: what people write as 字段=值, made into the JSON that a command is read from; and a command's fields, told."""

import shlex
import tomllib
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from adapters.cli.opening import region_of
from adapters.cli.workbooks import contents
from domain.command import refuse
from domain.evidence import Evidence
from domain.fact import Value

Schema = Mapping[str, Any]
Upload = Callable[[Path], Evidence]
"""Keeps a file of this machine as evidence."""

_FORMS = {
    "integer": "整数",
    "boolean": "true 或 false",
    "object": "JSON 或 @文件,也可逐项写作 字段.分项=值",
    "date": "日期,例如 2019-09-01",
    "date-time": "时刻,例如 2019-09-01T08:00:00+08:00",
}


class Told(NamedTuple):
    """字段说明: what it is called, how it is written, and whether it may be left out."""

    name: str
    form: str
    needed: str


def given_of(shape: type[Value], words: Iterator[str], upload: Upload) -> dict[str, Any]:
    """The JSON object that these words come to. ``a.b=`` is the ``b`` of ``a``; of a list, each word adds one; empty is
    none; ``@`` is a file. Refused for what is no 字段=值."""
    schema = shape.model_json_schema()
    writing = _Writing(schema.get("$defs", {}), upload)
    given: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not (name and equals):
            refuse("bad_field", f"{word[:80]}应写作 字段=值")
        writing.put(given, schema, name.split("."), text)
    return given


class _Writing(NamedTuple):
    defined: Schema
    upload: Upload

    def put(self, given: dict[str, Any], schema: Schema, path: list[str], text: str) -> None:
        name, *rest = path
        # A name that there is not is told of by whoever reads the whole.
        part = schema.get("properties", {}).get(name, {})
        meant = resolved(part, self.defined)
        if rest:
            inner = given.setdefault(name, {})
            if not isinstance(inner, dict):
                refuse("bad_field", f"{name[:80]}已有值,不能再写分项")
            self.put(inner, meant, rest, text)
        elif meant.get("type") == "array" and text and text[0] != "[" and not _is_table(meant, self.defined, text):
            given.setdefault(name, []).append(self.value(meant["items"], text))
        else:
            given[name] = self.value(part, text)

    def value(self, part: Schema, text: str) -> Any:
        """What the text comes to for a field of this form; where it comes to nothing of the kind, the text."""
        meant = resolved(part, self.defined)
        if not text:
            return None
        if text.startswith("@"):
            return self.from_file(meant, Path(text[1:]))
        match meant:
            case {"type": "integer"}:
                return int(text) if text.removeprefix("-").isdecimal() else text
            case {"type": "boolean"}:
                return {"true": True, "是": True, "false": False, "否": False}.get(text, text)
            case {"type": "object" | "array"}:
                return _json(text)
            case {"enum": values, "title": title}:
                return {label: value for value, label in labels(title).items() if value in values}.get(text, text)
        return region_of(text) if text.isdecimal() and _may_be_region(part) else text

    def from_file(self, meant: Schema, path: Path) -> Any:
        if meant.get("title") == Evidence.__name__:
            return self.upload(path).model_dump(mode="json")
        if meant.get("type") in ("object", "array"):
            return table_of(path)
        return contents(path).decode("utf-8", "replace").strip()


def _is_table(meant: Schema, defined: Schema, text: str) -> bool:
    """Whether a whole list is in this file: evidence is handed in one by one."""
    return text.startswith("@") and resolved(meant["items"], defined).get("title") != Evidence.__name__


def table_of(path: Path) -> Any:
    """What a .toml or .json file holds. Refused for a file that can't be read as that."""
    content = contents(path)
    if path.suffix != ".toml":
        return _json(content)
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        refuse("bad_toml", f"{path}不是合法的 TOML({error})")


def _json(text: str | bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        refuse("malformed_request", "内容不是合法的 JSON")


def resolved(part: Schema, defined: Schema) -> Schema:
    """What a reference leads to, and of several forms the first."""
    match part:
        case {"$ref": str(reference)}:
            return resolved(defined[reference.rpartition("/")[2]], defined)
        case {"anyOf": [first, *_]}:
            return resolved(first, defined)
    return part


def labels(title: str) -> dict[str, str]:
    """What the values of an enumeration are called in Chinese."""
    found = next((kind for kind in StrEnum.__subclasses__() if kind.__name__ == title), None)
    return {one.value: label for one in found or () if (label := getattr(one, "label", None))}


def _may_be_region(part: Schema) -> bool:
    return any(str(one.get("pattern", "")).startswith("^region-") for one in (part, *part.get("anyOf", ())))


def told(shape: type[Value], makes: tuple[str, ...]) -> Iterator[Told]:
    """A command's fields, as they are written on the command line."""
    schema = shape.model_json_schema()
    defined = schema.get("$defs", {})
    for name, part in schema["properties"].items():
        needed = "由程序编号" if name in makes else "" if name in schema.get("required", ()) else "可不写"
        yield from _told(name, part, defined, needed)


def _told(name: str, part: Schema, defined: Schema, needed: str) -> Iterator[Told]:
    yield Told(name, form_of(part, defined), needed)
    match resolved(part, defined):
        case {"type": "object", "properties": properties} as inner:
            for each, own in properties.items():
                optional = needed or ("" if each in inner.get("required", ()) else "可不写")
                yield Told(f"{name}.{each}", form_of(own, defined), optional)


def form_of(part: Schema, defined: Schema) -> str:
    """How a field is written."""
    match part:
        case {"$ref": _}:
            return form_of(resolved(part, defined), defined)
        case {"anyOf": forms}:
            return " 或 ".join(form_of(one, defined) for one in forms if one.get("type") != "null")
        case {"title": "Evidence"}:
            return "@文件"
        case {"const": value}:
            return str(value)
        case {"enum": values}:
            named = labels(part.get("title", ""))
            return "、".join(f"{value}({named[value]})" if value in named else str(value) for value in values)
        case {"type": "array", "items": item}:
            table = (
                resolved(item, defined).get("type") == "object" and resolved(item, defined).get("title") != "Evidence"
            )
            return "JSON 或 @文件(可写多次)" if table else f"{form_of(item, defined)}(可写多次)"
        case {"pattern": str(pattern), "description": str(description)} if pattern.startswith("^"):
            beginning = pattern[1:].partition("-")[0]
            return f"{description.partition(':')[0]}编号 {beginning}-…"
    kind = part.get("format") or part.get("type", "")
    return _FORMS.get(kind, "文字")


def words_of(example: Mapping[str, Any]) -> str:
    """An example, as it is typed."""
    return " ".join(shlex.quote(f"{name}={_word(value)}") for name, value in _flat(example))


def _flat(example: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in example.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield above + name, value


def _word(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
