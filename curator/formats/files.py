"""Datasets in files: reading them as records, and writing records to them.

Reading reports what is wrong with single rows and goes on; only a file without any readable row is an error. Writing
is atomic: the file is there whole or not at all, and what stood there before stays until then.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from curator.errors import FormatError
from curator.formats.atomic import replacing
from curator.formats.base import Format
from curator.formats.containers import Row, container_of
from curator.formats.detection import detected
from curator.formats.intake import record_of
from curator.formats.layout import Layout
from curator.record import Record


class BadRow(msgspec.Struct, frozen=True):
    """Something about a row that a person must be told.

    Attributes:
        number: the row's number; see `curator.formats.containers.base.Row`.
        problem: what is wrong with it, or what was changed to read it.
        kept: whether a record was read all the same.
    """

    number: int
    problem: str
    kept: bool = False


class WriteReport(msgspec.Struct, frozen=True):
    """What became of the records that were to be written.

    Attributes:
        written: how many the file holds.
        refused: the id of each that it does not hold, and why.
    """

    written: int
    refused: tuple[tuple[str, str], ...] = ()


def read_rows(path: str | Path, *, container: str = "") -> Iterator[Row]:
    """Read a file's rows, whatever they mean.

    Args:
        path: the file, or a folder written by `datasets`.
        container: the kind of file; "" to go by the path's ending.

    Yields:
        Its rows, in order, the unreadable ones with their problem.

    Raises:
        FormatError: the file is missing, unreadable, or not what its ending says.
    """
    try:
        yield from container_of(path, container).read(Path(path))
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {_reason(error)}") from error


def read_records(
    path: str | Path,
    format: Format | None,
    formats: Sequence[Format],
    on_bad: Callable[[BadRow], None],
    *,
    container: str = "",
) -> Iterator[Record]:
    """Read a file's records.

    Args:
        path: the file, or a folder written by `datasets`.
        format: its format; None to tell it by the columns of the first row that fits one.
        formats: the formats that are known.
        on_bad: told about each row that is left out, or that is kept with a change.
        container: the kind of file; "" to go by the path's ending.

    Yields:
        The records of the readable rows, in order.

    Raises:
        FormatError: the file cannot be read, no row of it can, or its columns fit several formats or none.
    """
    found, rows = detected(str(path), read_rows(path, container=container), format, formats)
    read, first_problem = 0, ""
    for row in rows:
        try:
            record, change = record_of(row, found, formats)
        except FormatError as error:
            on_bad(BadRow(row.number, str(error)))
            first_problem = first_problem or f"row {row.number}: {error}"
            continue
        if change:
            on_bad(BadRow(row.number, change, kept=True))
        read += 1
        yield record
    if not read:
        raise FormatError(f"{path}: no row can be read; {first_problem}")


def write_records(
    path: str | Path,
    records: Iterable[Record],
    format: Format,
    *,
    provenance: bool = False,
    container: str = "",
) -> WriteReport:
    """Write records to a new file, or in place of an old one.

    Args:
        path: the file; with a "/" at its end, a folder as `datasets` writes it. Missing parent folders are made.
        records: what to write, gone through once.
        format: the format.
        provenance: whether to add the column that `curator.formats.provenance` describes.
        container: the kind of file; "" to go by the path's ending.

    Returns:
        How many were written, and which were refused.

    Raises:
        FormatError: there is nothing to write, or the file cannot be written; nothing is left behind.
    """
    holder, layout = container_of(path, container), Layout(format, provenance=provenance)
    try:
        with replacing(Path(path)) as new:
            columns, rows = layout.table(records, new.with_name(".spool"))
            holder.write(new, columns, rows)
            if not layout.written:
                raise FormatError(f"{path}: nothing to write{_why(layout)}")
    except OSError as error:
        raise FormatError(f"{path}: cannot be written: {_reason(error)}; nothing was left behind") from error
    return WriteReport(layout.written, tuple(layout.refused))


def _reason(error: OSError) -> str:
    """Return what the system says; libraries put the name of their own function before it."""
    return os.strerror(error.errno) if error.errno else str(error)


def _why(layout: Layout) -> str:
    if not layout.refused:
        return ": there is no record"
    identity, reason = layout.refused[0]
    return f": all {len(layout.refused)} records were refused; the first, {identity}: {reason}"
