"""The rows of a split, as tables of Arrow."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import TYPE_CHECKING

from curator.dedup.scale.row_text import ColumnText, TextOf
from curator.dedup.scale.splits import Split, container_of, filesystem, naming
from curator.errors import FormatError

if TYPE_CHECKING:
    import pyarrow as pa


def tables(split: Split, text: TextOf | None, also: Sequence[str] = ()) -> Iterator[tuple[int, pa.Table]]:
    """Read a split.

    Args:
        split: which.
        text: what is looked at; None to read all columns.
        also: further columns.

    Yields:
        (the number of the first row, some rows), in order.

    Raises:
        FormatError: the file is damaged, or was changed meanwhile.
    """
    first = split.first
    with naming(split.path):
        for table in _parquet(split, text, also) if container_of(split.path) == "parquet" else _json(split, text, also):
            yield first, table
            first += table.num_rows
    if first != split.first + split.rows:
        raise FormatError(f"{split.path}: was changed while it was read; run it again")


def texts_of(split: Split, table: pa.Table, text: TextOf) -> pa.Array:
    """Return the texts of a table of a split, "" where there is none."""
    with naming(split.path):
        return text(table).fill_null("")


def lines(split: Split) -> list[bytes]:
    """Return the lines of a split of JSON Lines that are not blank, without their ends.

    Args:
        split: which.

    Returns:
        The lines, in order.

    Raises:
        FormatError: the file cannot be read.
    """
    with naming(split.path):
        files, inner = filesystem(split.path)
        begin = max(0, split.start - 1)
        with files.open_input_file(inner) as stream:
            data = stream.read_at(split.stop - begin, begin)
            end = split.stop
            while data and not data.endswith(b"\n") and (more := stream.read_at(1 << 20, end)):
                upto = more.find(b"\n") + 1 or len(more)
                data, end = data + more[:upto], end + upto
    if split.start:
        data = data[data.find(b"\n") + 1 :] if b"\n" in data[: split.stop - begin] else b""
    found = (line.strip() for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n"))
    return [line for line in found if line]


def _parquet(split: Split, text: TextOf | None, also: Sequence[str]) -> Iterator[pa.Table]:
    import pyarrow as pa
    from pyarrow import parquet

    files, inner = filesystem(split.path)
    with parquet.ParquetFile(inner, filesystem=files) as source:
        names = source.schema_arrow.names
        wanted = set(names if text is None else (*text.needs(names), *also))
        columns = [name for name in names if name in wanted]
        # Without a column, there would be rows of nothing, and no word of which column is missing.
        batches = source.iter_batches(split.batch_rows, range(split.start, split.stop), columns or None)
        for batch in batches:
            yield pa.Table.from_batches([batch])


def _json(split: Split, text: TextOf | None, also: Sequence[str]) -> Iterator[pa.Table]:
    import pyarrow as pa
    from pyarrow import json as arrow_json

    options = None
    if isinstance(text, ColumnText):  # other columns may then hold what they like
        kinds = [(text.column, pa.large_string()), *((each, pa.float64()) for each in also)]
        options = arrow_json.ParseOptions(explicit_schema=pa.schema(kinds), unexpected_field_behavior="ignore")
    found, step = lines(split), split.batch_rows
    for at in range(0, len(found), step):
        some = found[at : at + step]
        data = b"\n".join(some)
        try:
            table = arrow_json.read_json(
                BytesIO(data), arrow_json.ReadOptions(use_threads=False, block_size=len(data) + 1), options
            )
        except pa.ArrowInvalid as error:
            table = _by_row(some, text, also, _about_line(some, str(error)))
        if table.num_rows != len(some):
            raise FormatError("a line holds more than one object; write one on each line")
        yield table


def _by_row(lines_read: Sequence[bytes], text: TextOf | None, also: Sequence[str], problem: str) -> pa.Table:
    """Return rows that Arrow cannot read, with only the columns that are looked at: the others may be too mixed.

    Half surrogate pairs, which Arrow cannot hold, are compared as question marks.
    """
    import pyarrow as pa

    try:
        plain = (json.dumps(json.loads(line), ensure_ascii=False).encode("utf-8", "replace") for line in lines_read)
        rows = [json.loads(line) for line in plain]
        names = list(dict.fromkeys(name for row in rows for name in row))
        wanted = names if text is None else [*text.needs(names), *also]
        return pa.Table.from_pylist([{name: row.get(name) for name in wanted} for row in rows])
    except (ValueError, TypeError, AttributeError, pa.ArrowException) as error:  # the parser of Arrow says it better
        raise FormatError(problem) from error


def _about_line(lines_read: Sequence[bytes], said: str) -> str:
    """Return what a parser says about some lines, with the line that it means."""
    found = re.fullmatch(r"(.*?)[. ]* in row (\d+)", said, re.DOTALL)
    if not found or int(found[2]) >= len(lines_read):
        return said.splitlines()[0]
    return f"{found[1]}: {lines_read[int(found[2])][:80].decode('utf-8', 'replace')}"
