"""What the rows of a foreign dataset mean: as the user says, or judged by the names of the columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice

from curator.errors import FormatError
from curator.formats.base import Format
from curator.formats.columns import PARTS, USUAL_NAMES, Columns, usual_columns
from curator.formats.containers import Row
from curator.formats.detection import detected
from curator.text.near_miss import did_you_mean

JUDGED_ROWS = 1_000
"""The columns of a dataset are those that one of so many first rows has: rows of JSON leave out what they lack."""


def check_parts(columns: Mapping[str, str]) -> None:
    """See that a user's mapping names parts that there are.

    Args:
        columns: the column of each part; empty for none.

    Raises:
        ValueError: a part is unknown, or the instruction has no column.
    """
    for part in columns:
        if part not in PARTS:
            raise ValueError(f"there is no part {part!r}{did_you_mean(part, PARTS)}")
    if columns and "instruction" not in columns:
        raise ValueError("say which column is the instruction, as in {instruction: question, response: answer}")


def understood(
    where: str, rows: Iterator[Row], known: Sequence[Format], columns: Mapping[str, str], named: Format | None = None
) -> tuple[Format, Iterator[Row]]:
    """Return what rows mean.

    Args:
        where: the dataset's name, for error texts.
        rows: its rows.
        known: the formats that are known.
        columns: the column of each part, as the user maps them; empty to go by the names.
        named: the format the user named; None for none.

    Returns:
        The format, or the mapping; and all the rows, those looked at included.

    Raises:
        FormatError: a mapped column is not there, or nothing is known by these columns; says how they could be mapped.
    """
    if named is not None:
        return detected(where, rows, named, known)
    head = list(islice(rows, JUDGED_ROWS))
    rows = chain(head, rows)
    found = [frozenset(row.value) for row in head if row.value is not None]
    if columns:
        return _mapped(where, columns, found), rows
    for names in found:
        if any(format.recognises(names) for format in known):
            break
        if usual := usual_columns(names):
            # Other rows may have a context or a system prompt, which this one lacks.
            return Columns(usual_columns(frozenset(chain(*found))) | usual), rows
    try:
        return detected(where, rows, None, known)
    except FormatError as error:
        raise FormatError(f"{error}{_proposal(frozenset(chain(*found)))}") from error


def _mapped(where: str, columns: Mapping[str, str], found: Sequence[frozenset[str]]) -> Columns:
    format = Columns(columns)
    if found:
        try:
            format.check(chain(*found))
        except FormatError as error:
            raise FormatError(f"{where}: {error}") from error
    return format


def _proposal(columns: frozenset[str]) -> str:
    """Return how the columns could be mapped, where some of them may be what is looked for."""
    if not columns:
        return ""
    questions = [name for name in sorted(columns) if name.lower() in USUAL_NAMES["instruction"]]
    example = questions[0] if questions else "COLUMN"
    return f"; or say which column holds what, as in `columns: {{instruction: {example}, response: COLUMN}}`"
