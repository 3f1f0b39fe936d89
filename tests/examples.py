"""One example of every fact, built from its declared shape: ``python -m tests.examples`` writes what is missing.

A golden file is written once, when its type and version are born, and never again.
"""

import pkgutil
import types
from collections.abc import Iterable
from datetime import UTC, date, datetime
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

import domain
from adapters.facts import encode
from domain.command import Act
from domain.fact import Event, event_types
from domain.ids import EvidenceId, Id, ImportId, PersonId, RegionId, SigningKeyId

for _room in pkgutil.iter_modules(domain.__path__):
    import_module(f"domain.{_room.name}")

FOLDER = Path(__file__).parent / "domain" / "golden"
MOMENT = datetime(2019, 9, 30, 13, 0, 0, 123456, tzinfo=UTC)
FIXED: dict[type, Any] = {
    RegionId: RegionId("region-451226104207"),
    EvidenceId: EvidenceId("evidence-" + "0a" * 32),
    ImportId: ImportId("import-" + "0b" * 32),
    SigningKeyId: SigningKeyId("signingkey-" + "0d" * 32),
    bool: True,
    int: 2,
    date: date(2019, 9, 30),
    datetime: MOMENT,
    str: "示例",
}


FITTING = "0c" * 32
"""A word that every pattern of ours lets pass: digests, encoded bytes, codes."""


def patterned(constraints: Iterable[Any]) -> bool:
    return any("pattern" in str(constraint) for constraint in constraints)


def example(annotation: Any, field: FieldInfo | None = None) -> Any:
    """A value of this annotation, the same every time, with every optional part present."""
    if field is not None and patterned(field.metadata):
        return FITTING
    origin = get_origin(annotation)
    if origin is Annotated:
        return FITTING if patterned(get_args(annotation)[1:]) else example(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return example(next(choice for choice in get_args(annotation) if choice is not type(None)))
    if origin is Literal:
        return get_args(annotation)[0]
    if origin is tuple:
        parts = get_args(annotation)
        return tuple(example(part) for part in parts if part is not Ellipsis)
    if annotation in FIXED:
        return FIXED[annotation]
    if issubclass(annotation, Id):
        return annotation(f"{annotation.kind}-1")
    if issubclass(annotation, Enum):
        return next(iter(annotation))
    if issubclass(annotation, BaseModel):
        return annotation(**{name: example(f.annotation, f) for name, f in annotation.model_fields.items()})
    raise TypeError(f"no example for {annotation}")


def golden_bytes(event: type[Event]) -> bytes:
    return encode(example(event), Act(PersonId("person-1"), MOMENT)).data


def path_of(type: str, version: int) -> Path:
    return FOLDER / f"{type}.v{version}.json"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, event in sorted(event_types.items()):
        path = path_of(name, event.version)
        if not path.exists():
            path.write_bytes(golden_bytes(event))
            print(f"born: {path.name}")


if __name__ == "__main__":
    main()
