"""Rows whose columns have names of their own: which column holds the question, and which the answer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from curator.errors import FormatError
from curator.formats.base import Format
from curator.formats.dialogue import refuse_pair
from curator.formats.rows import kind_of
from curator.record import Record, single_turn
from curator.text.near_miss import did_you_mean

PARTS = ("instruction", "response", "input", "system")
"""What a column may be mapped to."""

USUAL_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "instruction": ("instruction", "question", "prompt", "query", "problem"),
        "response": ("response", "answer", "output", "completion", "solution", "answers", "target"),
        "input": ("input", "context", "passage"),
        "system": ("system", "system_prompt"),
    }
)
"""What the columns of question-answer datasets are usually called, the likeliest name first."""


class Columns(Format):
    """One question and one answer a row, in columns that a mapping names; it is built, not registered.

    Numbers are read as text, and so is the first of several answers: a list of texts, or SQuAD's object with a `text`.
    A row needs its instruction; another part whose column it lacks is empty, as rows of JSON leave out what they do
    not have.

    Keeps: `input_at`, where the input has a column.
    Refuses: a dialogue of several rounds, tool turns, preference pairs, a part that has no column.
    Loses: other columns.
    """

    name: ClassVar[str] = "columns"
    columns: ClassVar[Mapping[str, object]] = MappingProxyType({})
    needed: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, mapping: Mapping[str, str]) -> None:
        """Map parts of a record to columns.

        Args:
            mapping: the column of each part; `instruction` at least.

        Raises:
            FormatError: a part is unknown, or the instruction has no column.
        """
        for part in mapping:
            if part not in PARTS:
                raise FormatError(f"columns: there is no part {part!r} to map{did_you_mean(part, PARTS)}")
        if "instruction" not in mapping:
            raise FormatError("columns: say which column is the instruction, as in `columns: {instruction: question}`")
        self._mapping = dict(mapping)

    def check(self, found: Iterable[str]) -> None:
        """See that the mapped columns are there.

        Args:
            found: the columns of the dataset: those that some row has.

        Raises:
            FormatError: one is not; says what there is, or what was probably meant.
        """
        names = frozenset(found)
        for part in self._mapping:
            self._check_part(part, names)

    def _check_part(self, part: str, found: Collection[str]) -> None:
        column = self._mapping[part]
        if column not in found:
            names = sorted(found)
            near = did_you_mean(column, names)
            meant = near if near.endswith("?") else ""
            there = ", ".join(names)
            raise FormatError(f"columns: no column {column!r} for the {part}; the columns are {there}{meant}")

    def read_row(self, row: Mapping[str, Any]) -> Record:
        """Read one row."""
        self._check_part("instruction", row)
        text = {part: _text(row.get(column), column) for part, column in self._mapping.items()}
        if not text["instruction"].strip():
            raise FormatError(f"{self._mapping['instruction']} is empty")
        return single_turn(
            text["instruction"], text.get("response", ""), input=text.get("input", ""), system=text.get("system", "")
        )

    def write_row(self, record: Record) -> dict[str, Any]:
        """Lay one record out under the mapped names."""
        refuse_pair(record)
        text = {part: getattr(record, part) for part in PARTS}
        rebuilt = single_turn(text["instruction"], text["response"], input=text["input"], system=text["system"])
        if rebuilt.id != record.id:
            raise FormatError("more than one question and one answer: write it as `messages`")
        homeless = [part for part in PARTS if text[part] and part not in self._mapping]
        if homeless:
            raise FormatError(f"the {homeless[0]} has no column")
        return {column: text[part] for part, column in self._mapping.items()}


def usual_columns(found: Iterable[str]) -> dict[str, str]:
    """Return which columns hold the question, the answer and the rest, judged by their usual names.

    Args:
        found: the columns of a dataset.

    Returns:
        The column of each part that has one; empty where there is no question, or no answer beside columns of unusual
        names, one of which may be it.
    """
    by_name = {column.lower(): column for column in sorted(found, reverse=True)}
    mapping = {
        part: by_name[name]
        for part, names in USUAL_NAMES.items()
        if (name := next((name for name in names if name in by_name), ""))
    }
    whole = "response" in mapping or len(mapping) == len(by_name)
    return mapping if "instruction" in mapping and whole else {}


def _text(value: Any, column: str) -> str:
    """Return a value as text; of several answers the first."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            raise FormatError(f"{column} is a truth value, not text")
        case int() | float():
            return str(value)
        case {"text": inner}:
            return _text(inner, column)
        case [] | ():
            return ""
        case [str(first), *_]:
            return first
        case _:
            raise FormatError(f"{column} is {kind_of(value)}, not text")
