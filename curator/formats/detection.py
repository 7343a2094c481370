"""Which format a file is in, told by the names of its columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from curator.errors import FormatError
from curator.formats.base import Format
from curator.formats.containers.base import Row

DETECTION_ROWS = 100
"""After so many rows that fit no format, a file is given up."""


def detected(
    where: str, rows: Iterator[Row], named: Format | None, formats: Sequence[Format]
) -> tuple[Format, Iterator[Row]]:
    """Return the format of the first row that fits one.

    Args:
        where: the file's name, for error texts.
        rows: its rows.
        named: the format the user named, which then alone counts; None to choose by the columns.
        formats: the formats to choose from.

    Returns:
        The format; and all the rows, those looked at included.

    Raises:
        FormatError: the file is empty, no row can be read, or the columns fit no format, or several.
    """
    head: list[Row] = []
    for row in islice(rows, DETECTION_ROWS):
        head.append(row)
        found = None if row.value is None else _fitting(where, frozenset(row.value), named, formats)
        if found is not None:
            return found, chain(head, rows)
    if not head:
        raise FormatError(f"{where}: the file is empty")
    columns = next((frozenset(row.value) for row in head if row.value is not None), None)
    problem = head[0].problem if columns is None else misfit(columns, named, formats)
    raise FormatError(f"{where}: no row can be read; row {head[0].number}: {problem}")


def misfit(columns: frozenset[str], format: Format | None, formats: Sequence[Format]) -> str:
    """Return why rows with these columns cannot be read, and what could be done.

    Args:
        columns: the names found in a row.
        format: the format that was expected; None if any was welcome.
        formats: the formats that are known.

    Returns:
        One sentence.
    """
    found = f"the columns are {_listed(columns)}"
    if format is None:
        known = "; ".join(f"{each.name} ({_listed(each.needed)})" for each in formats)
        return f"{found}, which fit no format; rename them to those of one of: {known}"
    fitting = [each.name for each in formats if each.recognises(columns)]
    advice = f"; they fit {' and '.join(fitting)}" if fitting else ""
    return f"{found}, where {format.name} needs {_listed(format.needed)}{advice}"


def _fitting(where: str, columns: frozenset[str], named: Format | None, formats: Sequence[Format]) -> Format | None:
    if named is not None:
        return named if named.needed <= columns else None
    fitting = [format for format in formats if format.recognises(columns)]
    if len(fitting) > 1:
        names = " and ".join(format.name for format in fitting)
        raise FormatError(f"{where}: the columns {_listed(columns)} fit {names}; say which format is meant")
    return fitting[0] if fitting else None


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(sorted(columns)) or "none"
