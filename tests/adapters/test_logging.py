import json
import logging
import multiprocessing
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import structlog

import adapters.logging
from adapters.logging import DailyFile, audit, configure, in_request, mask
from adapters.settings import Settings
from domain.fact import CHINA
from domain.ids import PersonId


@pytest.fixture(autouse=True)
def left_as_found() -> Iterator[None]:
    root = logging.getLogger()
    level = root.level
    yield
    for handler in adapters.logging._installed:
        root.removeHandler(handler)
        handler.close()
    adapters.logging._installed.clear()
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "logs"


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(folder.iterdir()) for line in path.read_text().splitlines()]


def settings(folder: Path, **given: Any) -> Settings:
    return Settings(log_dir=str(folder), **given)


def test_who_looked_at_whose_record_is_kept_with_the_request(folder: Path) -> None:
    configure(settings(folder))
    with in_request("4f1c", viewer=PersonId("person-inspector")):
        audit("viewed", subject=PersonId("person-wei"), what="accountability_record")
    audit("acted", what="SignOff")
    [viewed, acted] = lines(folder)
    assert viewed.pop("at").endswith("Z")
    assert viewed == {
        "event": "viewed",
        "request_id": "4f1c",
        "viewer": "person-inspector",
        "subject": "person-wei",
        "what": "accountability_record",
        "logger": "taizhang.audit",
        "level": "info",
    }
    assert acted["event"] == "acted"
    assert "request_id" not in acted


def test_no_log_level_silences_the_audit(folder: Path) -> None:
    configure(settings(folder, log_level="ERROR"))
    structlog.stdlib.get_logger("other").warning("of no interest")
    audit("viewed", what="issue_ledger")
    assert [line["event"] for line in lines(folder)] == ["viewed"]


def test_what_libraries_log_takes_the_same_form_and_the_same_redaction(folder: Path) -> None:
    configure(settings(folder))
    with in_request("4f1c"):
        logging.getLogger("uvicorn.access").info("%s - GET %s", "10.0.0.1", "/people?q=13877812345")
        logging.getLogger("uvicorn.error").info("up on %s", 8000)
    [access, up] = lines(folder)
    assert (access["event"], access["logger"], access["request_id"]) == ("[手机号]", "uvicorn.access", "4f1c")
    assert up["event"] == "up on 8000"


def test_an_exception_is_one_line_without_the_number_in_its_message(folder: Path) -> None:
    configure(settings(folder))
    try:
        raise ValueError("no such person: 13877812345")
    except ValueError:
        structlog.stdlib.get_logger("taizhang").exception("failed")
    [line] = lines(folder)
    assert "Traceback" in line["exception"]
    assert "test_logging.py" in line["exception"]
    assert "13877812345" not in json.dumps(line)


@pytest.mark.parametrize(
    "name",
    ["password", "old_password", "token", "access_token", "Cookie", "set-cookie", "Authorization", "csrf", "密码"],
)
def test_what_opens_a_door_is_not_written_down(folder: Path, name: str) -> None:
    configure(settings(folder))
    audit("acted", **{name: "geheim"}, headers={name: ["geheim"]}, many=[{name: {"x": "geheim"}}])
    assert "geheim" not in (folder / next(folder.iterdir())).read_text()
    assert lines(folder)[0][name] == "***"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("身份证 452725197503070518", "[身份证号]"),
        ("４５２７２５１９７５０３０７０５１８", "[身份证号]"),
        ("tel 138-7781-2345", "[手机号]"),
        ("卡 6228480402564890018", "[银行卡号]"),
        ("first\ntel 13877812345\nthird", "first\n[手机号]\nthird"),
        ("138\n7781\n2345", "[手机号]"),
        ("see tzs_" + "0f" * 32 + " there", "see *** there"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("postgresql://taizhang:geheim@db/ledger", "postgresql://***@db/ledger"),
        ("tzt_3f9a1b2c", "tzt_3f9a1b2c"),
        ("2019-07-26 21:00:00.123456 region-451226", "2019-07-26 21:00:00.123456 region-451226"),
        ("", ""),
    ],
)
def test_text_is_masked_where_it_names_a_person_or_opens_a_door(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_ids_and_digests_are_no_personal_numbers_whatever_digits_they_hold() -> None:
    # Each holds what would be a phone number among letters.
    digest = "ab13877812345f" + "c" * 50
    for text in (f"issue-{digest[:32]}", f"evidence-{digest}", str(UUID(hex=digest[:32])), digest):
        assert mask(f"viewed {text}") == f"viewed {text}"
    assert mask(f"viewed {digest[:31]}") == "[手机号]"


def test_numbers_and_things_are_masked_as_text_is(folder: Path) -> None:
    class Thing:
        def __str__(self) -> str:
            return "thing of 13877812345"

    configure(settings(folder))
    audit("acted", phone=13877812345, size=20, ratio=0.5, none=None, done=True, thing=Thing(), on={Thing()})
    [line] = lines(folder)
    assert (line["phone"], line["size"], line["ratio"], line["none"], line["done"]) == ("[手机号]", 20, 0.5, None, True)
    assert (line["thing"], line["on"]) == ("[手机号]", ["[手机号]"])


def test_hostile_text_can_neither_forge_a_line_nor_lose_one(folder: Path) -> None:
    configure(settings(folder))
    audit("acted", what='x\n{"event": "viewed"}', other="\ud800\x00", big=10**30)
    [line] = lines(folder)
    assert line["what"] == 'x\n{"event": "viewed"}'
    assert (line["other"], line["big"]) == ("\ud800\x00", 10**30)


def test_standard_error_gets_warnings_only_while_there_are_files(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(settings(folder))
    audit("viewed")
    structlog.stdlib.get_logger("taizhang").warning("disk is filling up")
    shown = capsys.readouterr()
    assert [json.loads(line)["event"] for line in shown.err.splitlines()] == ["disk is filling up"]
    assert shown.out == ""
    configure(Settings(log_dir="-", data=folder))
    audit("viewed")
    assert json.loads(capsys.readouterr().err)["event"] == "viewed"
    assert len(lines(folder)) == 2


def test_configuring_again_does_not_double_the_lines(folder: Path) -> None:
    for _ in range(3):
        configure(settings(folder))
    audit("viewed")
    assert len(lines(folder)) == 1


# One file a day


class Calendar(DailyFile):
    today = "2019-07-26"

    def _today(self) -> str:
        return self.today


def record(text: str) -> logging.LogRecord:
    return logging.LogRecord("x", logging.INFO, "", 0, text, None, None)


def test_each_day_has_its_file_and_old_ones_go_when_a_day_begins(folder: Path) -> None:
    handler = Calendar(folder, keep=timedelta(days=2))
    for day in ("2019-07-26", "2019-07-27", "2019-07-28", "2019-07-29"):
        handler.today = day
        handler.emit(record(day))
        handler.emit(record("again"))
    handler.close()
    kept = {path.name: path.read_text() for path in sorted(folder.iterdir())}
    assert kept == {f"taizhang-2019-07-{day}.jsonl": f"2019-07-{day}\nagain\n" for day in (27, 28, 29)}


def test_what_is_not_a_log_of_ours_is_never_removed(folder: Path) -> None:
    folder.mkdir()
    for name in ("taizhang-2001-01-01.jsonl.gz", "notes-2001-01-01.jsonl", "taizhang-2001-01-01.jsonl"):
        (folder / name).touch()
    Calendar(folder, keep=timedelta(days=200)).close()
    assert {path.name for path in folder.iterdir()} == {"taizhang-2001-01-01.jsonl.gz", "notes-2001-01-01.jsonl"}


def test_the_file_is_named_by_the_day_in_china(folder: Path) -> None:
    before = datetime.now(CHINA).date().isoformat()
    configure(settings(folder))
    audit("viewed")
    after = datetime.now(CHINA).date().isoformat()
    [path] = folder.iterdir()
    assert path.name in {f"taizhang-{day}.jsonl" for day in (before, after)}


def _write(folder: Path, name: str) -> None:
    handler = Calendar(folder, keep=timedelta(days=200))
    for day in ("2019-07-26", "2019-07-27"):
        handler.today = day
        for number in range(50):
            handler.emit(record(f"{name}{number}"))
    handler.close()


def test_two_processes_lose_nothing_at_midnight(folder: Path) -> None:
    fresh = multiprocessing.get_context("fork")
    writers = [fresh.Process(target=_write, args=(folder, name)) for name in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    for day in ("26", "27"):
        written = (folder / f"taizhang-2019-07-{day}.jsonl").read_text().splitlines()
        assert sorted(written) == sorted(f"{name}{number}" for name in "ab" for number in range(50))
