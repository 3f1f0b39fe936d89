"""Evidence 佐证材料: a file kept outside the facts, named in them by its digest."""

from pydantic import Field

from domain.fact import Value
from domain.ids import EvidenceId
from domain.text import ShortText


class Evidence(Value):
    """佐证材料: its SHA-256, its size in bytes, its type as found in its content, and what people call it."""

    file: EvidenceId
    size: int = Field(gt=0)
    media_type: ShortText
    title: ShortText
