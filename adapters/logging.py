"""日志: what happened, as JSON lines. Nothing here is a ledger: facts are what counts; this is who knocked.

Two kinds of line are audit (审计), kept at every log level and for at least six months: ``viewed``, who looked at
whose record, and ``acted``, who asked for what and how it ended. Accounts add their own (``signed_in``, …).

Lines go to one file a day; standard error then gets only warnings and worse. Standard output stays free for the
answers of commands.
"""

import json
import logging
import re
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import orjson
import structlog
from structlog.contextvars import bound_contextvars
from structlog.typing import EventDict, Processor

from adapters.settings import Settings
from domain.fact import CHINA
from domain.text import personal_number

HIDDEN: Final = "***"
_SECRET_NAMES = re.compile(r"passw|token|cookie|authorization|secret|csrf|credential|密码|令牌", re.I)
_SECRETS = re.compile(r"\btz[st]_[0-9a-f]{32,}|(?<=bearer )\S+|(?<=basic )\S+|(?<=://)[^\s/@]+(?=@)", re.I)
_FINGERPRINT = re.compile(
    r"(?<![0-9a-z])(?:[0-9a-f]{64}|[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9a-z])"
)

_audit = structlog.stdlib.get_logger("taizhang.audit")
_installed: list[logging.Handler] = []


def audit(event: str, **fields: Any) -> None:
    """Keep a line that no log level can silence, with whatever the request has bound (its id, who asks).

    >>> audit("viewed", viewer="person-…", subject="person-…", what="accountability_record")
    """
    _audit.info(event, **fields)


def in_request(request_id: str, **fields: Any) -> AbstractContextManager[None]:
    """While inside, every line carries these."""
    return bound_contextvars(request_id=request_id, **fields)


def configure(settings: Settings) -> None:
    """Send everything that is logged, by us or by a library, through one format and one redaction."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.format_exc_info,
        redact,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, _keep],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    formatter = _Lines(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _rendered],
    )
    root = logging.getLogger()
    while _installed:
        root.removeHandler(handler := _installed.pop())
        handler.close()
    root.setLevel(settings.log_level)
    logging.getLogger("taizhang.audit").setLevel(logging.INFO)
    _installed.append(terminal := logging.StreamHandler(sys.stderr))
    if folder := settings.log_folder:
        terminal.setLevel(logging.WARNING)
        _installed.append(DailyFile(folder, keep=timedelta(days=settings.log_days)))
    for handler in _installed:
        handler.setFormatter(formatter)
        root.addHandler(handler)


class _Line(logging.LogRecord):
    """A line of ours, rendered already."""


class _Lines(structlog.stdlib.ProcessorFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return str(record.msg) if isinstance(record, _Line) else super().format(record)


def _keep(logger: logging.Logger, method: str, line: EventDict) -> EventDict:
    """The last step of a line of ours: into the files itself. The standard library's way there, which looks for who
    called and formats twice, costs as much as all the rest, and there are two lines to every request."""
    level = logging.getLevelName(line["level"].upper())
    record = _Line(logger.name, level, "", 0, _rendered(logger, method, line), None, None)
    logger.callHandlers(record)
    raise structlog.DropEvent


def _rendered(_: Any, __: str, line: EventDict) -> str:
    try:
        return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except (TypeError, ValueError):
        # Half a character, or a number that no 64 bits hold.
        return json.dumps(line, default=str)


class DailyFile(logging.FileHandler):
    """One file a day (in China), named by its day; those older than ``keep`` are removed when a day begins.

    The standard library's rotation renames the file, so of two processes that write the same log the second to
    notice midnight would delete what the first had put aside. A name that is its day needs no renaming.
    """

    def __init__(self, folder: Path, keep: timedelta) -> None:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        self.folder = folder.absolute()
        self.keep = keep
        self.day = self._today()
        super().__init__(self._path(), encoding="utf-8", delay=True, errors="backslashreplace")
        self._sweep()

    def emit(self, record: logging.LogRecord) -> None:
        if (today := self._today()) != self.day:
            self.day = today
            self.baseFilename = str(self._path())
            if self.stream:
                self.stream.close()
                # What the parent class takes for "open the file anew".
                self.stream = None
            self._sweep()
        super().emit(record)

    def _today(self) -> str:
        return datetime.now(CHINA).date().isoformat()

    def _path(self) -> Path:
        return self.folder / f"taizhang-{self.day}.jsonl"

    def _sweep(self) -> None:
        oldest = datetime.fromisoformat(self.day).date() - self.keep
        for path in self.folder.glob("taizhang-????-??-??.jsonl"):
            if path.stem.removeprefix("taizhang-") < oldest.isoformat():
                path.unlink(missing_ok=True)


def redact(_: Any, __: str, line: EventDict) -> EventDict:
    """What names a person or opens a door is masked before it is written: ID-card, phone and bank-card numbers,
    passwords, tokens, cookies."""
    return {key: value if key.startswith("_") else _masked(key, value) for key, value in line.items()}


def _masked(key: str, value: Any) -> Any:
    if _names_a_secret(key):
        return HIDDEN
    match value:
        case None | bool() | float():
            return value
        case int():
            return value if mask(str(value)) == str(value) else mask(str(value))
        case Mapping():
            return {str(inner): _masked(str(inner), part) for inner, part in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_masked("", part) for part in value]
        case _:
            return mask(str(value))


@lru_cache(1000)
def _names_a_secret(key: str) -> bool:
    return _SECRET_NAMES.search(key) is not None


def mask(text: str) -> str:
    """The text without secrets, and with every line that holds a personal number replaced by that number's kind."""
    text = _SECRETS.sub(HIDDEN, text)
    if not (kind := _names_someone(text)):
        return text
    lines = [f"[{found}]" if (found := _names_someone(line)) else line for line in text.split("\n")]
    masked = "\n".join(lines)
    return f"[{kind}]" if _names_someone(masked) else masked


def _names_someone(text: str) -> str | None:
    if not personal_number(text):
        return None
    # A digest or a random id is no number of a person, though now and then a stretch of it looks like one.
    found = personal_number(_FINGERPRINT.sub("#", text))
    return found[0] if found else None
