"""From records to the rows of a file: refusing what a format cannot hold, leaving out columns nobody needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from curator.errors import FormatError
from curator.formats.base import Format
from curator.formats.intake import NO_TEXT, has_text
from curator.formats.provenance import COLUMN, provenance_of
from curator.record import Record

Cells = dict[str, Any]


class Layout:
    """The rows of one file to be written, and the account of what went into it.

    Attributes:
        written: how many rows were made.
        refused: the id of each record that has no row, and why; `#` and its place where it has no id.
    """

    def __init__(self, format: Format, *, provenance: bool) -> None:
        """Lay records out in `format`, with the provenance column if `provenance` is set."""
        self._format = format
        self._provenance = provenance
        self.written = 0
        self.refused: list[tuple[str, str]] = []

    def table(self, records: Iterable[Record], spool: Path) -> tuple[dict[str, object], Iterator[Cells]]:
        """Return the columns and the rows of the file.

        Args:
            records: the records, gone through once.
            spool: a file to keep rows in, when all must be seen before it is known which columns are needed.

        Returns:
            The columns' names and types, and the rows, made as they are asked for.
        """
        columns = dict(self._format.columns) | ({COLUMN: str} if self._provenance else {})
        if not self._format.optional:
            return columns, self._rows(records)
        used: set[str] = set()
        with spool.open("wb") as file:
            for row in self._rows(records):
                used.update(column for column in self._format.optional if row[column])
                file.write(msgspec.json.encode(row) + b"\n")
        return {name: columns[name] for name in columns if name not in self._format.optional - used}, _spooled(spool)

    def _rows(self, records: Iterable[Record]) -> Iterator[Cells]:
        for place, record in enumerate(records, start=1):
            try:
                row = self._row(record)
            except UnicodeEncodeError:
                self.refused.append((f"#{place}", "half a surrogate pair in a text: it is not valid Unicode"))
            except FormatError as error:
                self.refused.append((record.id, str(error)))
            else:
                self.written += 1
                yield row

    def _row(self, record: Record) -> Cells:
        identity = record.id
        if not has_text(record):
            raise FormatError(NO_TEXT)
        row = self._format.write_row(record)
        if self._format.read_row(row).id != identity:
            raise FormatError(f"{self._format.name} would give back another record")
        return row | ({COLUMN: provenance_of(record)} if self._provenance else {})


def _spooled(spool: Path) -> Iterator[Cells]:
    with spool.open("rb") as file:
        yield from map(msgspec.json.decode, file)
