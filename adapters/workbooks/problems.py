"""问题提示: what can be wrong with a workbook, by a stable kind, and whether it stands in the way of registering.

One rule divides the kinds. What somebody wrote and nobody could read **blocks**: registering would lose it. What was
read but looks odd, or was left unread on purpose, is a **note**.
"""

from dataclasses import dataclass

BLOCKING = frozenset(
    {
        "ambiguous_column",
        "ambiguous_county",
        "ambiguous_township",
        "ambiguous_village",
        "conflicting_columns",
        "control_characters",
        "county_missing",
        "date_without_year",
        "description_missing",
        "ditto_mark",
        "error_value",
        "formula_without_value",
        "impossible_date",
        "money_without_unit",
        "outside_place",
        "personal_data",
        "region_missing",
        "second_layout",
        "several_villages",
        "text_too_long",
        "unknown_closure",
        "unknown_county",
        "unknown_severity",
        "unknown_status",
        "unknown_township",
        "unknown_village",
        "unreadable_date",
        "unreadable_deadline",
        "unreadable_money",
    }
)
"""Kinds that block confirmation: what a cell says is not known, so its row can't be registered as it stands."""

NOTES = frozenset(
    {
        "below_village",
        "closed_but_rejected",
        "closed_but_unfinished",
        "closed_without_reviewer",
        "closure_contradicts_status",
        "done_after_as_of",
        "done_without_date",
        "duplicate_issue",
        "duplicate_number",
        "hidden_rows",
        "hidden_sheet",
        "merged_number",
        "no_header",
        "no_issue_reported",
        "number_missing",
        "renamed_place",
        "sample_row",
        "secondary_column",
        "section_row",
        "total_mismatch",
        "unfinished_with_date",
        "unknown_column",
    }
)
"""Kinds worth reading before confirming; nothing on them is lost or guessed."""


@dataclass(frozen=True, slots=True)
class Problem:
    """问题: where (sheet, row, cell such as ``N27``), a stable kind, and a sentence in Chinese for the person.

    ``row`` and ``cell`` are null where a whole sheet is meant.
    """

    sheet: str
    row: int | None
    cell: str | None
    kind: str
    message: str

    @property
    def blocks(self) -> bool:
        """Whether the workbook can't be registered before this is put right."""
        return self.kind not in NOTES

    def as_json(self) -> dict[str, object]:
        return {"sheet": self.sheet, "row": self.row, "cell": self.cell, "kind": self.kind, "message": self.message}


class Unreadable(Exception):
    """A cell says something that can't be read: the kind of problem and the sentence for it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class BadWorkbook(Exception):
    """A file refused as a whole: a stable code and a sentence in Chinese."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
