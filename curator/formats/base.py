"""What a dataset format is: how one row of a file becomes a record, and back.

The promise of every format: a row it wrote reads back as a record of the same id. A record that it cannot hold so is
refused with the reason, never cut to fit. What lies outside the id (origin, scores, drop, `input_at`) is lost unless
the writer is asked for provenance; a class that keeps some of it says so.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from curator.record import Record


class Format(ABC):
    """One way to lay a record out in named columns.

    A class is registered under the entry-point group `instruct_curator.formats`; its `name` is the entry's name.

    Attributes:
        name: the registered name, as in `export: [{format: alpaca}]`.
        columns: what is written, in order: the column's name and its type, which is `str`, `list[...]` of a type, or a
            `TypedDict` of types. The same for every record, so that tables can be written as they come.
        needed: the columns without which a row is not of this format.
        optional: the columns that are left out of a file in which no record needs them.
    """

    name: ClassVar[str]
    columns: ClassVar[Mapping[str, object]]
    needed: ClassVar[frozenset[str]]
    optional: ClassVar[frozenset[str]] = frozenset()

    def recognises(self, columns: frozenset[str]) -> bool:
        """Return whether rows with these columns are of this format.

        Args:
            columns: the names found; further ones than the format's own do no harm.

        Returns:
            True if they are.
        """
        return self.needed <= columns

    @abstractmethod
    def read_row(self, row: Mapping[str, Any]) -> Record:
        """Read one row.

        Args:
            row: its values; lists may also come as JSON text, as they do in a CSV file.

        Returns:
            The record.

        Raises:
            FormatError: what is wrong with the row, in words that need no row number.
        """

    @abstractmethod
    def write_row(self, record: Record) -> dict[str, Any]:
        """Lay one record out.

        Args:
            record: the record.

        Returns:
            A value for each of `columns`, in their order.

        Raises:
            FormatError: why this format cannot hold the record.
        """
