"""What a container is: a kind of file that holds rows of named values, whatever they mean."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import msgspec


class Row(msgspec.Struct, frozen=True):
    """One row of a file.

    Attributes:
        number: from 1; the line in a JSON lines file, the row below the header in a table.
        value: its values by column; None where it cannot be read.
        problem: why it cannot be read; "" where it can.
    """

    number: int
    value: Mapping[str, Any] | None = None
    problem: str = ""


class Container(ABC):
    """A kind of file.

    Attributes:
        name: what it is called, as in `container="parquet"`.
        suffixes: the endings of its files, in lower case; none for folders.
        packages: what must be installed for it beside the core, imported when it is used.
    """

    name: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]]
    packages: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def read(self, path: Path) -> Iterator[Row]:
        """Read a file from the start, holding no more of it than is needed for the next rows.

        Args:
            path: the file.

        Yields:
            Its rows, in order, the unreadable ones with their problem.

        Raises:
            FormatError: the file as a whole is not of this kind.
            OSError: it cannot be read.
        """

    @abstractmethod
    def write(self, path: Path, columns: Mapping[str, object], rows: Iterable[Mapping[str, Any]]) -> None:
        """Write a new file; the same rows give the same bytes.

        Args:
            path: where; nothing is there yet.
            columns: the columns' names and types, as `curator.formats.base.Format.columns` gives them.
            rows: a value for each column.

        Raises:
            OSError: it cannot be written.
        """


class TextContainer(Container):
    """A kind of file whose rows can be copied as they are written, letter for letter."""

    @abstractmethod
    def read_written(self, path: Path) -> Iterator[tuple[Row, bytes]]:
        """Read a file like `read`, and with each row how it is written.

        Args:
            path: the file.

        Yields:
            Row and bytes; no bytes for a row that marks where reading had to stop.

        Raises:
            FormatError: the file as a whole is not of this kind.
            OSError: it cannot be read.
        """

    def read(self, path: Path) -> Iterator[Row]:
        """Read row by row."""
        for row, _ in self.read_written(path):
            yield row
