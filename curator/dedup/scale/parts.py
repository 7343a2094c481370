"""The output of a run over many machines: each split gives one file of rows that stay, and one of rows that go."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from curator.dedup.scale.split_reading import lines, tables
from curator.dedup.scale.splits import Split, container_of, filesystem
from curator.errors import FormatError

if TYPE_CHECKING:
    import pyarrow as pa

ADDED = ("dropped_reason", "duplicate_row", "similarity", "via_row")
"""What the rows that go are given beside their own columns. There, rows are counted from 1, through all files."""


class Leaving(NamedTuple):
    """The rows of a split that go, by their numbers ascending; all arrays have the same length.

    Attributes:
        numbers: their numbers.
        of: the numbers of the rows that stay in their places.
        similarity: how alike the two are.
        via: the numbers of the rows over which they were joined.
        exact: whether the two are equal in normal form.
    """

    numbers: Any
    of: Any
    similarity: Any
    via: Any
    exact: Any

    def between(self, first: int, last: int) -> Leaving:
        """Return those of the rows from `first` up to, not with, `last`."""
        here = slice(*np.searchsorted(self.numbers, (first, last)))
        return Leaving(*(column[here] for column in self))

    def added(self) -> dict[str, list[Any]]:
        """Return the columns that are added, by name."""
        reasons = np.where(self.exact, "exact-duplicate", "near-duplicate")
        columns = (reasons, self.of + 1, np.round(self.similarity, 4), self.via + 1)
        return {name: column.tolist() for name, column in zip(ADDED, columns, strict=True)}


def written(split: Split, columns: Mapping[str, Any], kept: str, dropped: str) -> pa.Table:
    """Write the parts of a split: Parquet with its schema and compression, JSON Lines byte for byte.

    Args:
        split: the split.
        columns: `index`, its place among all splits; and those of `Leaving`.
        kept: the folder of the rows that stay.
        dropped: the folder of the rows that go; "" to write none.

    Returns:
        `kept`, `dropped`: how many rows there are of each.

    Raises:
        FormatError: the input is damaged, or the output cannot be written.
    """
    import pyarrow as pa

    leaving = Leaving(*(columns[name] for name in Leaving._fields))
    container = container_of(split.path)
    name = f"part-{int(columns['index'][0]):05d}.{container}"
    write = _write_parquet if container == "parquet" else _write_lines
    gone = len(leaving.numbers)
    try:
        write(split, leaving, f"{kept}/{name}", f"{dropped}/{name}" if dropped and gone else "")
    except (OSError, pa.ArrowException) as error:
        raise FormatError(f"{kept}: cannot be written: {str(error).splitlines()[0]}") from error
    return pa.table({"kept": [split.rows - gone], "dropped": [gone]})


def free_folder(path: str) -> list[str]:
    """Make a folder to write to, and those above it.

    Args:
        path: the folder.

    Returns:
        Which of them were not there before, the innermost first.

    Raises:
        FormatError: it holds something already, or cannot be made.
    """
    from pyarrow import fs

    try:
        files, inner = filesystem(path)
        info = files.get_file_info(inner)
        taken = info.type == fs.FileType.File
        if info.type == fs.FileType.Directory:
            taken = bool(files.get_file_info(fs.FileSelector(inner)))
        made = _missing(files, inner)
        if not taken:
            files.create_dir(inner, recursive=True)
    except OSError as error:
        raise FormatError(f"{path}: cannot be made: {error}") from error
    if taken:
        raise FormatError(f"{path}: is there already; choose a new name or an empty folder")
    return made


def taken_back(path: str, made: Sequence[str]) -> None:
    """Undo what was written to a folder.

    Args:
        path: the folder.
        made: what `free_folder` made; of the folders above, one that others have written to remains.
    """
    from pyarrow import fs

    files, inner = filesystem(path)
    files.delete_dir_contents(inner)
    for folder in made:
        if files.get_file_info(fs.FileSelector(folder)):
            break
        files.delete_dir(folder)


def _missing(files: Any, folder: str) -> list[str]:
    from pyarrow import fs

    folder, missing = files.normalize_path(folder), list[str]()
    while folder and files.get_file_info(folder).type == fs.FileType.NotFound:
        missing.append(folder)
        folder = folder.rpartition("/")[0]
    return missing


def _write_parquet(split: Split, leaving: Leaving, kept: str, dropped: str) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    with ExitStack() as open_files:
        files, inner = filesystem(split.path)
        source = open_files.enter_context(parquet.ParquetFile(inner, filesystem=files))
        schema = source.schema_arrow
        codec = source.metadata.row_group(split.start).column(0).compression if schema.names else "snappy"
        stay = open_files.enter_context(_writer(kept, schema, codec))
        go = open_files.enter_context(_writer(dropped, _widened(schema, split.path), codec)) if dropped else None
        for first, table in _large(tables(split, None)):
            here = leaving.between(first, first + table.num_rows)
            mask = np.ones(table.num_rows, dtype=np.bool_)
            mask[here.numbers - first] = False
            stay.write_table(table.filter(pa.array(mask)))
            if go is not None and len(here.numbers):
                gone = table.filter(pa.array(~mask))
                for name, column in here.added().items():
                    gone = gone.append_column(go.schema.field(name), pa.array(column, go.schema.field(name).type))
                go.write_table(gone)


def _write_lines(split: Split, leaving: Leaving, kept: str, dropped: str) -> None:
    found = lines(split)
    gone = set((leaving.numbers - split.first).tolist())
    with _stream(kept) as stay:
        stay.write(b"".join(line + b"\n" for at, line in enumerate(found) if at not in gone))
    if not dropped:
        return
    added = leaving.added()
    with _stream(dropped) as go:
        for place, number in enumerate((leaving.numbers - split.first).tolist()):
            row = json.loads(found[number])
            _refuse_taken(row, split.path)
            more = json.dumps({name: column[place] for name, column in added.items()}).encode("ascii")
            go.write(found[number][:-1] + (b", " if row else b"") + more[1:] + b"\n")


def _large(found: Iterator[tuple[int, pa.Table]], rows: int = 1 << 16, size_bytes: int = 64 << 20) -> Iterator[Any]:
    """Yield tables put together, because each becomes a row group."""
    import pyarrow as pa

    waiting: list[tuple[int, pa.Table]] = []
    for each in found:
        waiting.append(each)
        whole = [table for _first, table in waiting]
        if sum(table.num_rows for table in whole) >= rows or sum(table.nbytes for table in whole) >= size_bytes:
            yield waiting[0][0], pa.concat_tables(whole)
            waiting = []
    if waiting:
        yield waiting[0][0], pa.concat_tables([table for _first, table in waiting])


def _widened(schema: pa.Schema, path: str) -> pa.Schema:
    import pyarrow as pa

    _refuse_taken(schema.names, path)
    for name, kind in zip(ADDED, (pa.string(), pa.int64(), pa.float64(), pa.int64()), strict=True):
        schema = schema.append(pa.field(name, kind))
    return schema


def _refuse_taken(names: Sequence[str] | Mapping[str, Any], path: str) -> None:
    if taken := [name for name in ADDED if name in names]:
        raise FormatError(f"{path}: has a column {taken[0]!r} already; rename it, or write no dropped rows")


def _writer(path: str, schema: pa.Schema, codec: str) -> Any:
    from pyarrow import parquet

    files, inner = filesystem(path)
    compression = codec.lower().replace("uncompressed", "none")
    return parquet.ParquetWriter(inner, schema, filesystem=files, compression=compression)


def _stream(path: str) -> Any:
    files, inner = filesystem(path)
    return files.open_output_stream(inner, compression=None)
