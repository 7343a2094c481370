"""Files that rows of another file are put into: copied where the kind of file allows it, laid out anew elsewhere."""

from __future__ import annotations

import csv
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from io import StringIO
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from curator.formats.containers import container_of
from curator.formats.containers.datasets_folder import DatasetsFolder, save_stream
from curator.formats.containers.json_text import compact
from curator.formats.row_schema import schema_of, typed, with_columns, without_half_pairs
from curator.formats.row_source import ArrowRows, ParquetRows, TextRows, WrittenRows

if TYPE_CHECKING:
    import pyarrow as pa

Added = Mapping[str, Any]
"""What is said about a row in columns beside its own."""

GROUP_ROWS = (1_000, 100_000)
"""A row group of a new Parquet file has as many rows as those of the old one, within these bounds."""

GROUP_BYTES = 128 << 20


class RowSink(ABC):
    """A file that is being written; as a context, it ends whole, or is given up where the block fails.

    Attributes:
        named: what the user called it.
    """

    named = ""

    def __init__(self) -> None:
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with _naming(self.named), self._open:
            if kind is None:
                self._finish()

    def put(self, block: Any, places: Sequence[int], added: Sequence[Added] | None = None) -> None:
        """Write rows.

        Args:
            block: the block that they are in.
            places: their places in it, ascending.
            added: further columns of each; None for the rows as they are.

        Raises:
            FormatError: a row cannot be written to this kind of file.
            OSError: it cannot be written.
        """
        with _naming(self.named):
            self._put(block, places, added)

    @abstractmethod
    def _put(self, block: Any, places: Sequence[int], added: Sequence[Added] | None) -> None:
        """Write rows."""

    @abstractmethod
    def _finish(self) -> None:
        """Write what is left."""


class JsonSink(RowSink):
    """JSON lines, or an array of JSON."""

    def __init__(self, path: Path, source: TextRows | ArrowRows, *, lines: bool) -> None:
        """Begin the file; `lines` says which of the two."""
        super().__init__()
        self._file = self._open.enter_context(path.open("wb"))
        self._lines = lines
        self._copies = source.kind in ("jsonl", "json")
        self._separator = b"" if lines else b"[\n"

    def _put(self, block: Any, places: Sequence[int], added: Sequence[Added] | None) -> None:
        """Write rows; those of JSON files stay as they are written."""
        if added is None and self._copies and isinstance(block, WrittenRows):
            texts: Iterable[bytes] = (block.written[place] for place in places)
        else:
            texts = map(_json, _values(block, places, added))
        for text in texts:
            if self._lines:
                # A line break in JSON is white space: in strings it is escaped.
                line = text if text.find(b"\n") in (-1, len(text) - 1) else text.replace(b"\n", b" ")
                self._file.write(line if line.endswith(b"\n") else line + b"\n")
            else:
                self._file.write(self._separator + text.strip())
                self._separator = b",\n"

    def _finish(self) -> None:
        if not self._lines:
            self._file.write(b"\n]\n" if self._separator == b",\n" else b"[]\n")


class CsvSink(RowSink):
    """Comma-separated values."""

    def __init__(self, path: Path, source: TextRows | ArrowRows, columns: Sequence[str], added: Sequence[str]) -> None:
        """Begin the file with its header."""
        super().__init__()
        self._file = self._open.enter_context(path.open("wb"))
        self._columns = [*(name for name in columns if name not in added), *added]
        header, written = source.csv_header() if isinstance(source, TextRows) else ([], b"")
        self._copies = bool(header)
        self._end = b"\n" if self._copies and not written.endswith(b"\r\n") else b"\r\n"
        if header and not added:
            self._file.write(written if written.endswith((b"\n", b"\r")) else written + self._end)
        else:
            self._write(self._columns)

    def _put(self, block: Any, places: Sequence[int], added: Sequence[Added] | None) -> None:
        """Write rows; those of a CSV file stay as they are written."""
        if added is None and self._copies:
            for place in places:
                text = block.written[place]
                self._file.write(text if text.endswith((b"\n", b"\r")) else text + self._end)
            return
        for value in _values(block, places, added):
            self._write([_cell(value.get(column)) for column in self._columns])

    def _finish(self) -> None:
        return

    def _write(self, cells: Sequence[str]) -> None:
        line = StringIO()
        csv.writer(line, lineterminator=self._end.decode()).writerow(cells)
        # Half a surrogate pair is no character, and only JSON can write it.
        self._file.write(without_half_pairs(line.getvalue()).encode())


class ArrowSink(RowSink):
    """A Parquet file, or a folder of `datasets`."""

    def __init__(self, path: Path, source: TextRows | ArrowRows, schema: pa.Schema, *, folder: bool) -> None:
        """Begin the file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        super().__init__()
        self._schema, self._path, self._folder = schema, path, folder
        self._waiting: list[pa.Table] = []
        group_rows = source.group_rows if isinstance(source, ParquetRows) else GROUP_ROWS[1]
        self._group_rows = min(max(group_rows, GROUP_ROWS[0]), GROUP_ROWS[1])
        self._stream = path.with_name(f"{path.name}.arrow")
        if folder:
            file = self._open.enter_context(pa.OSFile(str(self._stream), "wb"))
            self._writer = self._open.enter_context(pa.ipc.new_stream(file, schema))
            return
        compression = source.compression if isinstance(source, ParquetRows) else {}
        known = {name: codec.lower() for name, codec in compression.items() if codec != "UNCOMPRESSED"}
        chosen: Any = "snappy" if not compression else known or "none"
        self._writer = self._open.enter_context(pq.ParquetWriter(path, schema, compression=chosen))

    def _put(self, block: Any, places: Sequence[int], added: Sequence[Added] | None) -> None:
        """Write rows; columns of Arrow keep their types."""
        import pyarrow as pa

        if not len(places):
            return
        if isinstance(block, WrittenRows):
            values = typed(list(_values(block, places, added)), pa.struct(list(self._schema)))
            table = pa.Table.from_struct_array(values)
        else:
            table = block if len(places) == len(block) else block.take(pa.array(places))
            said = added or ()
            for field in self._schema if said else ():
                if field.name in said[0] or field.name not in table.column_names:
                    values = pa.array([row.get(field.name) for row in said], field.type)
                    at = table.schema.get_field_index(field.name)
                    table = table.append_column(field, values) if at < 0 else table.set_column(at, field, values)
            table = table.select(self._schema.names)
        self._waiting.append(table)
        rows = sum(map(len, self._waiting))
        if rows >= self._group_rows or sum(each.nbytes for each in self._waiting) > GROUP_BYTES:
            self._flush()

    def _finish(self) -> None:
        self._flush()
        if self._folder:
            self._open.close()
            save_stream(self._stream, self._path)

    def _flush(self) -> None:
        import pyarrow as pa

        if self._waiting:
            table = pa.concat_tables(self._waiting).combine_chunks()
            self._writer.write_table(table, self._group_rows)
            self._waiting = []


def open_sink(
    new: Path,
    named: str,
    source: TextRows | ArrowRows,
    columns: Sequence[str],
    added: Mapping[str, type] | None = None,
) -> RowSink:
    """Begin a file for rows of another one.

    Args:
        new: where to write.
        named: what the user called it, of which the ending says what kind of file it is.
        source: the file that the rows come from.
        columns: the columns of the rows.
        added: further columns with their types: `str`, `int`, `float`, or `list` of texts.

    Returns:
        The file.

    Raises:
        FormatError: the rows do not fit into columns of one type each, as this kind of file wants them.
    """
    with _naming(named):
        sink = _begun(new, named, source, columns, dict(added or {}))
    sink.named = named
    return sink


def _begun(
    new: Path, named: str, source: TextRows | ArrowRows, columns: Sequence[str], added: Mapping[str, type]
) -> RowSink:
    container = container_of(named)
    if container.name in ("jsonl", "json"):
        return JsonSink(new, source, lines=container.name == "jsonl")
    if container.name == "csv":
        return CsvSink(new, source, columns, list(added))
    schema = source.schema if isinstance(source, ArrowRows) else schema_of(named, source)
    return ArrowSink(new, source, with_columns(schema, added), folder=container.name == DatasetsFolder.name)


@contextmanager
def _naming(named: str) -> Iterator[None]:
    """Say of a file that cannot be written, which one it is: a full disk does not."""
    try:
        yield
    except OSError as error:
        if not error.errno:
            raise
        raise OSError(error.errno, os.strerror(error.errno), named) from error


def _values(block: Any, places: Sequence[int], added: Sequence[Added] | None) -> Iterator[dict[str, Any]]:
    if isinstance(block, WrittenRows):
        values: Iterable[Mapping[str, Any]] = (block.rows[place].value or {} for place in places)
    else:
        import pyarrow as pa

        values = block.take(pa.array(places, pa.int64())).to_pylist()
    for value, more in zip(values, added if added is not None else repeat({}), strict=False):
        yield {**value, **more}


def _json(value: Any) -> bytes:
    try:
        return compact(value)
    except UnicodeEncodeError:  # half a surrogate pair, which only an escape can write
        return json.dumps(value, separators=(",", ":")).encode()


def _cell(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else _json(value).decode()
