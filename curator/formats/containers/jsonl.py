"""JSON lines: one object a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from curator.formats.containers.base import Row, TextContainer
from curator.formats.containers.json_text import BYTE_ORDER_MARK, compact, parsed_row


class JsonLines(TextContainer):
    """One JSON object a line, in UTF-8.

    Only a line feed ends a line: the other line separators of Unicode may stand inside strings. Blank lines count, but
    are no rows.
    """

    name: ClassVar[str] = "jsonl"
    suffixes: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson")

    def read_written(self, path: Path) -> Iterator[tuple[Row, bytes]]:
        """Read line by line; what is written of a row is its line without a byte order mark."""
        for number, data in self.read_lines(path):
            yield parsed_row(number, data), data

    def read_lines(self, path: Path) -> Iterator[tuple[int, bytes]]:
        """Read the lines that are rows, without looking into them.

        Args:
            path: the file.

        Yields:
            Number and line.

        Raises:
            OSError: it cannot be read.
        """
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                data = line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line
                if data.strip():
                    yield number, data

    def write(self, path: Path, columns: Mapping[str, object], rows: Iterable[Mapping[str, Any]]) -> None:
        """Write line by line."""
        with path.open("wb") as file:
            for row in rows:
                file.write(compact({column: row[column] for column in columns}) + b"\n")
