"""What a check says when something does not hold."""

from domain.command import Refused


class Unproven(Refused):
    """未能证明: the first thing that is wrong, with a stable ``code``, a ``sentence`` in Chinese, and the ``position``
    of the fact that it is about, if it is about one."""

    def __init__(self, code: str, sentence: str, position: int | None = None) -> None:
        super().__init__(code, sentence)
        self.position = position
