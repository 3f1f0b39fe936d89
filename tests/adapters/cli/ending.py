"""How a command ended."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson


@dataclass(frozen=True)
class Ending:
    code: int
    out: str
    err: str

    @cached_property
    def json(self) -> Any:
        """The one document on standard output."""
        assert self.code == 0, self.err
        return orjson.loads(self.out)

    def refused(self, code: str) -> bool:
        """Ended with 1, a code, a sentence in Chinese, no answer, and nothing of the program's inside."""
        sentence = self.err.removeprefix(f"{code}: ")
        assert self.code == 1, self
        assert self.err.startswith(f"{code}: "), self.err
        assert any("\u4e00" <= character <= "\u9fff" for character in sentence)
        assert "Traceback" not in self.err
        return not self.out
