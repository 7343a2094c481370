"""The compared text of many rows at once: Arrow columns in, one Arrow column of texts out.

The plain layouts are read by columns, without an object for each row: a row that has anything unusual about it (a
history, JSON in a cell, a role that is spelt in another way, a missing value) is read as a record instead. So the
result is always what `curator.text.fields.text_of` says of the record that the format reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from curator.errors import FormatError
from curator.formats.base import Format
from curator.formats.batch_dialogues import is_read_by_columns, texts_of_columns
from curator.formats.containers.base import Row
from curator.formats.intake import record_of
from curator.formats.rows import kind_of
from curator.text.fields import Field, text_of

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class BatchText:
    """Takes what is compared out of rows; it can be pickled, and so sent to the workers of a cluster.

    Attributes:
        format: the format of the rows; None where `column` alone counts.
        field: which part of the record that the format reads.
        column: the one column that holds the text, whatever else there is; "" to go by the format.
    """

    format: Format | None
    field: Field = "dialogue"
    column: str = ""

    def needs(self, names: Iterable[str]) -> list[str]:
        """Return which columns are looked at, so that no others need be read.

        Args:
            names: the columns that there are.

        Returns:
            Those that matter, in their order; all of them where the format is not read by columns.
        """
        if self.column:
            return [name for name in names if name == self.column]
        if self.format is None or not is_read_by_columns(self.format):
            return list(names)
        return [name for name in names if name in self.format.columns or name == "system"]

    def of_row(self, row: Row) -> str:
        """Return the text of one row.

        Args:
            row: the row.

        Returns:
            The text; "" where the record has no such part.

        Raises:
            FormatError: what is wrong with the row.
        """
        if self.format is not None and not self.column:
            return text_of(record_of(row, self.format, ())[0], self.field)
        if row.value is None:
            raise FormatError(row.problem)
        value = row.value.get(self.column)
        if isinstance(value, int | float):
            return str(value)
        if value is None or isinstance(value, str):
            return value or ""
        raise FormatError(f"{self.column} is {kind_of(value)}, not text")

    def __call__(self, table: pa.Table | pa.RecordBatch) -> pa.Array:
        """Return the text of each row.

        Args:
            table: the rows.

        Returns:
            A column of `large_string`: "" where a row has no such part, null where it cannot be read as a record.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        texts, sure = texts_of_columns(table, self.format, self.field, self.column)
        if texts is None:
            return pa.array(self._texts(table.to_pylist()), type=pa.large_string())
        unsure = pc.indices_nonzero(pc.invert(sure))
        if not len(unsure):
            return texts
        mended = pa.array(self._texts(table.take(unsure).to_pylist()), type=pa.large_string())
        return pc.replace_with_mask(texts, pc.invert(sure), mended)

    def _texts(self, values: Sequence[dict[str, object]]) -> list[str | None]:
        return [self._text(Row(0, value)) for value in values]

    def _text(self, row: Row) -> str | None:
        try:
            return self.of_row(row)
        except FormatError:
            return None
