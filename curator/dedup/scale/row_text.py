"""What is looked at of a row of a file: its text, and the number by which the best of alike rows is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from curator.errors import FormatError

if TYPE_CHECKING:
    import pyarrow as pa


class TextOf(Protocol):
    """Says which text of a row is compared; it must survive pickling, because it is sent to the workers."""

    def needs(self, names: Iterable[str]) -> list[str]:
        """Return which of these columns it looks at."""
        ...

    def __call__(self, table: pa.Table) -> pa.Array:
        """Return the text of each row, as `large_string`; null or "" where there is none."""
        ...


@dataclass(frozen=True)
class ColumnText:
    """The text that stands in one column.

    Attributes:
        column: the column's name.
    """

    column: str

    def needs(self, names: Iterable[str]) -> list[str]:
        """Return the column, if it is there.

        Args:
            names: the columns that there are.

        Returns:
            It alone.
        """
        return [name for name in names if name == self.column]

    def __call__(self, table: pa.Table) -> pa.Array:
        """Return the column.

        Args:
            table: the rows.

        Returns:
            Their texts.

        Raises:
            FormatError: there is no such column, or it holds no text.
        """
        import pyarrow as pa

        if self.column not in table.column_names:
            raise FormatError(f"no column {self.column!r}; the columns are {', '.join(table.column_names)}")
        kind = table.schema.field(self.column).type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)):
            raise FormatError(f"the column {self.column!r} is {kind}, not text")
        return table[self.column].cast(pa.large_string()).combine_chunks()


def ranks_of(table: pa.Table, best: str) -> npt.NDArray[np.float64]:
    """Return by what equals are preferred: the higher, the better.

    Args:
        table: the rows.
        best: the column of numbers; "" for none.

    Returns:
        The number of each row; minus infinity where there is none. Shape: (rows,).

    Raises:
        FormatError: there is no such column, or it holds no numbers.
    """
    import pyarrow as pa

    if not best:
        return np.zeros(table.num_rows)
    if best not in table.column_names:
        raise FormatError(f"no column {best!r}; the columns are {', '.join(table.column_names)}")
    kind = table.schema.field(best).type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_nested(kind):
        raise FormatError(f"the column {best!r} is {kind}, not numbers")
    values: npt.NDArray[np.float64] = table[best].cast(pa.float64()).fill_null(-np.inf).to_numpy()
    return np.where(np.isnan(values), -np.inf, values)
