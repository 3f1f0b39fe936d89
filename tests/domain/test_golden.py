"""A fact's shape is forever: every type and version ever recorded reads back, and today's write the same bytes."""

from pathlib import Path

import pytest

from adapters.facts import decode, encode
from domain.command import Act
from domain.fact import event_types, upcasts
from tests.examples import FOLDER, path_of

FILES = sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("type", sorted(event_types))
def test_every_fact_has_a_golden_file_for_its_version(type: str) -> None:
    assert path_of(type, event_types[type].version).exists(), "run python -m tests.examples once for a new fact"


@pytest.mark.parametrize("type", sorted(event_types))
def test_every_earlier_version_has_its_golden_file_and_its_upcast(type: str) -> None:
    for version in range(1, event_types[type].version):
        assert path_of(type, version).exists()
        assert (type, version) in upcasts


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_was_recorded_is_still_read(path: Path) -> None:
    envelope = decode(path.read_bytes())
    event = envelope.event
    assert path.name.startswith(event.type)
    if path == path_of(event.type, event.version):
        assert encode(event, Act(envelope.by, envelope.at)).data == path.read_bytes()


@pytest.mark.parametrize("type", sorted(event_types))
def test_every_fact_says_in_chinese_what_it_is(type: str) -> None:
    first = (event_types[type].__doc__ or "").split("\n")[0]
    assert any("\u4e00" <= character <= "\u9fff" for character in first)


def test_a_fact_of_a_newer_program_is_refused_rather_than_misread() -> None:
    newer = FILES[0].read_bytes().replace(b'"version":1', b'"version":99')
    with pytest.raises(LookupError):
        decode(newer)
