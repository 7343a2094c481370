"""The rows of a file in blocks, as they stand in it: text that can be copied, or columns of Arrow."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, overload

from curator.errors import FormatError
from curator.formats.containers import Row, TextContainer, container_of
from curator.formats.containers.csv_table import CsvTable
from curator.formats.containers.datasets_folder import DatasetsFolder, open_split
from curator.formats.containers.json_text import parsed_row
from curator.formats.containers.jsonl import JsonLines

if TYPE_CHECKING:
    import pyarrow as pa

RowT = TypeVar("RowT")

BLOCK_ROWS = 8_192
BLOCK_BYTES = 32 << 20
"""A block has so many rows, or fewer where that makes more bytes."""


class UnparsedRows(Sequence[Row]):
    """JSON lines that are parsed when they are asked for: who only copies them need not."""

    def __init__(self, numbers: Sequence[int], lines: Sequence[bytes]) -> None:
        """Take over lines with their numbers."""
        self._numbers, self._lines = numbers, lines

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, at: int) -> Row: ...

    @overload
    def __getitem__(self, at: slice) -> UnparsedRows: ...

    def __getitem__(self, at: int | slice) -> Row | UnparsedRows:
        if isinstance(at, slice):
            return UnparsedRows(self._numbers[at], self._lines[at])
        return parsed_row(self._numbers[at], self._lines[at])


class WrittenRows(NamedTuple):
    """A block of rows of a text file.

    Attributes:
        rows: the rows.
        written: how each is written.
    """

    rows: Sequence[Row]
    written: Sequence[bytes]

    def __len__(self) -> int:
        return len(self.rows)


Block = Any
"""`WrittenRows`, or a `pyarrow.Table`."""


class RowSource(ABC):
    """A file of rows that can be read again and again.

    Attributes:
        path: the file.
        kind: the name of its container.
        row_count: how many rows it has; None where only reading would tell.
    """

    path: Path
    kind: str
    row_count: int | None = None

    @abstractmethod
    def sample(self, most: int) -> list[Row]:
        """Return the first rows.

        Args:
            most: how many at most.

        Returns:
            The rows.
        """

    @abstractmethod
    def blocks(self, columns: Sequence[str] | None = None) -> Iterator[Block]:
        """Read the file from the start.

        Args:
            columns: which columns are wanted, where leaving others out saves work; None for all.

        Yields:
            Its rows, in order.
        """


class TextRows(RowSource):
    """JSON lines, a JSON array, or CSV."""

    def __init__(self, path: Path, container: TextContainer) -> None:
        """Read `path` as what `container` says."""
        self.path = path
        self.kind = container.name
        self._container = container

    def sample(self, most: int) -> list[Row]:
        """Return the first rows."""
        return [row for row, _ in zip(self._container.read(self.path), range(most), strict=False)]

    def blocks(self, columns: Sequence[str] | None = None) -> Iterator[WrittenRows]:
        """Read the file from the start; `columns` makes no difference."""
        if isinstance(self._container, JsonLines):
            for numbers, lines in _blocks(self._container.read_lines(self.path)):
                yield WrittenRows(UnparsedRows(numbers, lines), lines)
            return
        for rows, written in _blocks(self._container.read_written(self.path)):
            for row, text in zip(rows, written, strict=True):
                if not text:
                    raise FormatError(f"{self.path}: row {row.number}: {row.problem}; mend it first")
            yield WrittenRows(rows, written)

    def csv_header(self) -> tuple[list[str], bytes]:
        """Return the columns of a CSV file and how its header is written; nothing of other files."""
        return self._container.read_header(self.path) if isinstance(self._container, CsvTable) else ([], b"")


def _blocks(rows: Iterable[tuple[RowT, bytes]]) -> Iterator[tuple[list[RowT], list[bytes]]]:
    """Gather rows, with how they are written, into blocks."""
    block: tuple[list[RowT], list[bytes]] = ([], [])
    size = 0
    for row, text in rows:
        block[0].append(row)
        block[1].append(text)
        size += len(text)
        if len(block[0]) == BLOCK_ROWS or size > BLOCK_BYTES:
            yield block
            block, size = ([], []), 0
    if block[0]:
        yield block


class ArrowRows(RowSource):
    """A Parquet file or a folder of `datasets`.

    Attributes:
        schema: the columns, with all that the file says about them.
    """

    schema: pa.Schema

    def sample(self, most: int) -> list[Row]:
        """Return the first rows."""
        for table in self.blocks():
            return [Row(number, value) for number, value in enumerate(table.slice(0, most).to_pylist(), start=1)]
        return []

    @abstractmethod
    def blocks(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Read the file from the start."""

    def _rows_a_block(self, size: int) -> int:
        """Return how many rows a block has, given how many bytes all take."""
        return max(64, min(BLOCK_ROWS, BLOCK_BYTES * (self.row_count or 0) // max(1, size)))


class ParquetRows(ArrowRows):
    """A Parquet file.

    Attributes:
        group_rows: how many rows its largest row group has.
        compression: how each column is compressed.
    """

    kind = "parquet"

    def __init__(self, path: Path) -> None:
        """Look at the file's description."""
        import pyarrow.parquet as pq

        self.path = path
        with _readable(path), pq.ParquetFile(path) as file:
            described = file.metadata
            self.schema, self.row_count = file.schema_arrow, described.num_rows
            groups = [described.row_group(number) for number in range(described.num_row_groups)]
        self.group_rows = max((group.num_rows for group in groups), default=0)
        self._block_rows = self._rows_a_block(sum(group.total_byte_size for group in groups))
        first = [groups[0].column(number) for number in range(groups[0].num_columns)] if groups else []
        self.compression = {column.path_in_schema: column.compression for column in first}

    def blocks(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Read the file from the start."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        with _readable(self.path), pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(self._block_rows, columns=None if columns is None else list(columns)):
                yield pa.Table.from_batches([batch])


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Say of a Parquet file that cannot be read, which one it is."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise  # the system's own refusal, which is no damage
        raise FormatError(f"{path}: is damaged or no Parquet file: {error}") from error


class DatasetRows(ArrowRows):
    """One split of a dataset as `datasets` writes it to a folder."""

    kind = DatasetsFolder.name

    def __init__(self, path: Path) -> None:
        """Open the folder."""
        self.path = path
        self._dataset = open_split(path)
        self.schema, self.row_count = self._dataset.features.arrow_schema, len(self._dataset)
        self._block_rows = self._rows_a_block(self._dataset.data.nbytes)

    def blocks(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Read the folder from the start."""
        found = self._dataset if columns is None else self._dataset.select_columns(list(columns))
        yield from found.with_format("arrow").iter(batch_size=self._block_rows)


def open_rows(path: str | Path) -> TextRows | ArrowRows:
    """Open a file of rows.

    Args:
        path: the file, or a folder written by `datasets`.

    Returns:
        Its rows.

    Raises:
        FormatError: it is not there, of an unknown kind, or not what its ending says.
    """
    container = container_of(path)
    if not Path(path).exists():
        raise FormatError(f"{path}: there is no such file; check the path")
    if isinstance(container, TextContainer):
        return TextRows(Path(path), container)
    return DatasetRows(Path(path)) if isinstance(container, DatasetsFolder) else ParquetRows(Path(path))
