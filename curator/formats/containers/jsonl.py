"""JSON lines: one object a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from curator.formats.containers.base import Container, Row
from curator.formats.containers.json_text import BYTE_ORDER_MARK, compact, parsed_row


class JsonLines(Container):
    """One JSON object a line, in UTF-8.

    Only a line feed ends a line: the other line separators of Unicode may stand inside strings. Blank lines count, but
    are no rows.
    """

    name: ClassVar[str] = "jsonl"
    suffixes: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson")

    def read(self, path: Path) -> Iterator[Row]:
        """Read line by line."""
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                data = line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line
                if data.strip():
                    yield parsed_row(number, data)

    def write(self, path: Path, columns: Mapping[str, object], rows: Iterable[Mapping[str, Any]]) -> None:
        """Write line by line."""
        with path.open("wb") as file:
            for row in rows:
                file.write(compact({column: row[column] for column in columns}) + b"\n")
