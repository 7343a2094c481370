"""What Parquet files and `datasets` folders share: typed columns, and rows in batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints, is_typeddict

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 1000


def schema_of(columns: Mapping[str, object]) -> pa.Schema:
    """Return the Arrow schema of a format's columns.

    Args:
        columns: names and types, as `curator.formats.base.Format.columns` gives them.

    Returns:
        The schema.

    Raises:
        TypeError: a type is none that a column may have.
    """
    import pyarrow as pa

    return pa.schema([(name, _arrow_type(kind)) for name, kind in columns.items()])


def batches(
    rows: Iterable[Mapping[str, Any]], schema: pa.Schema, batch_rows: int = BATCH_ROWS
) -> Iterator[pa.RecordBatch]:
    """Gather rows into Arrow batches.

    Args:
        rows: the rows.
        schema: their columns.
        batch_rows: how many rows a batch has.

    Yields:
        The batches.
    """
    import pyarrow as pa

    stream = iter(rows)
    while batch := list(islice(stream, batch_rows)):
        yield pa.RecordBatch.from_pylist(batch, schema=schema)


def _arrow_type(kind: object) -> pa.DataType:
    import pyarrow as pa

    if kind is str:
        return pa.string()
    if get_origin(kind) is list:
        return pa.list_(_arrow_type(get_args(kind)[0]))
    if isinstance(kind, type) and is_typeddict(kind):
        return pa.struct([(name, _arrow_type(part)) for name, part in get_type_hints(kind).items()])
    raise TypeError(f"a column cannot be of the type {kind!r}; use str, list[...] or a TypedDict")
