"""Comma-separated values with a header, as spreadsheets and pandas take them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, TextIO

from curator.errors import FormatError
from curator.formats.containers.base import Row, TextContainer
from curator.formats.containers.json_text import compact

LONGEST_CELL_CHARS = 2**31 - 1


class CsvTable(TextContainer):
    """CSV as in RFC 4180, in UTF-8, the first row naming the columns; lists are written as JSON text in a cell.

    Line breaks, quotes and commas inside cells survive. An empty cell and a missing value are the same.
    """

    name: ClassVar[str] = "csv"
    suffixes: ClassVar[tuple[str, ...]] = (".csv",)

    def read_written(self, path: Path) -> Iterator[tuple[Row, bytes]]:
        """Read row by row; what is written of a row are its lines."""
        with _opened(path) as (header, lines, reader):
            number = 0
            lines.taken()
            for cells in _cells(reader):
                written = lines.taken()
                if cells != []:
                    number += 1
                    yield _row(number, header, cells), written

    def read_header(self, path: Path) -> tuple[list[str], bytes]:
        """Read what stands before the first row.

        Args:
            path: the file.

        Returns:
            The names of the columns, and how they are written.

        Raises:
            FormatError: the header cannot be read.
            OSError: the file cannot be read.
        """
        with _opened(path) as (header, lines, _):
            return header, lines.taken()

    def write(self, path: Path, columns: Mapping[str, object], rows: Iterable[Mapping[str, Any]]) -> None:
        """Write row by row."""
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows([_cell(row[column]) for column in columns] for row in rows)


class _Lines:
    """The lines of a file, remembered until somebody asks how they are written."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._file)
        self._taken.append(line)
        return line

    def taken(self) -> bytes:
        """Return the lines that were taken since this was last asked."""
        lines, self._taken = self._taken, []
        return "".join(lines).encode(errors="surrogateescape")


@contextmanager
def _opened(path: Path) -> Iterator[tuple[list[str], _Lines, Iterator[list[str]]]]:
    """Open a file and read its header."""
    # The module's own limit of 128 KiB a cell is below what a long dialogue takes. It is one for the whole process,
    # so it is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_CELL_CHARS))
    # Bytes that are not UTF-8 become half surrogates, which no UTF-8 has, so that only their own row is bad.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        lines = _Lines(file)
        reader = csv.reader(lines, strict=True)
        yield _header(path, reader), lines, reader


def _header(path: Path, reader: Iterator[list[str]]) -> list[str]:
    try:
        header = next((cells for cells in reader if cells), [])
    except csv.Error as error:
        raise FormatError(f"{path}: the header cannot be read: {error}") from error
    if not all(map(_is_utf8, header)):
        raise FormatError(f"{path}: the header is not UTF-8; save the file as UTF-8")
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise FormatError(f"{path}: the header names {twice[0]!r} twice")
    return header


def _cells(reader: Iterator[list[str]]) -> Iterator[list[str] | csv.Error]:
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield error


def _row(number: int, header: Sequence[str], cells: list[str] | csv.Error) -> Row:
    if isinstance(cells, csv.Error):
        return Row(number, problem=f"broken CSV: {cells}; a quote inside a cell must be doubled")
    if len(cells) != len(header):
        return Row(number, problem=f"has {len(cells)} cells, where the header names {len(header)} columns")
    if not all(map(_is_utf8, cells)):
        return Row(number, problem="not UTF-8; save the file as UTF-8")
    return Row(number, dict(zip(header, cells, strict=True)))


def _cell(value: object) -> str:
    return value if isinstance(value, str) else compact(value).decode()


def _is_utf8(text: str) -> bool:
    return text.isascii() or not any("\udc80" <= char <= "\udcff" for char in text)
