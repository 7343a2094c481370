"""The types that rows of a text file have in columns."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from curator.errors import FormatError
from curator.formats.row_source import TextRows

if TYPE_CHECKING:
    import pyarrow as pa

_HALF_PAIRS = re.compile("[\ud800-\udfff]")


def schema_of(named: str, source: TextRows) -> pa.Schema:
    """Return the types of a text file's columns, told by all of its rows.

    Args:
        named: what the user called the file that is to be written.
        source: the file that is read.

    Returns:
        The types.

    Raises:
        FormatError: the rows do not fit into columns of one type each.
    """
    import pyarrow as pa

    found: list[pa.Schema] = []
    try:
        for block in source.blocks():
            rows = [row.value for row in block.rows if row.value is not None]
            kind = typed(rows).type if rows else pa.struct([])
            found = [pa.unify_schemas([*found, pa.schema(list(kind))], promote_options="permissive")]
    except pa.ArrowException as error:
        raise FormatError(f"{named}: the rows of {source.path} do not fit into typed columns: {error}") from error
    return found[0] if found else pa.schema([])


def with_columns(schema: pa.Schema, added: Mapping[str, type]) -> pa.Schema:
    """Return a schema with further columns.

    Args:
        schema: the schema.
        added: the columns, each `str`, `int`, `float`, or `list` of texts; one that is there already is replaced.

    Returns:
        The new schema.
    """
    import pyarrow as pa

    kinds = {str: pa.string(), int: pa.int64(), float: pa.float64(), list: pa.list_(pa.string())}
    for name, kind in added.items():
        at, field = schema.get_field_index(name), pa.field(name, kinds[kind])
        schema = schema.append(field) if at < 0 else schema.set(at, field)
    return schema


def typed(rows: Sequence[Mapping[str, Any]], kind: pa.StructType | None = None) -> pa.StructArray:
    """Return rows as Arrow has them; half surrogate pairs, which it cannot hold, become U+FFFD.

    Args:
        rows: the rows.
        kind: their type; told by the rows themselves unless given.

    Returns:
        The rows.
    """
    import pyarrow as pa

    try:
        return pa.array(rows, kind)
    except UnicodeEncodeError:
        text = json.dumps(rows, ensure_ascii=False)
        return pa.array(json.loads(without_half_pairs(text)), kind)


def without_half_pairs(text: str) -> str:
    """Return a text with U+FFFD in the place of half surrogate pairs, which no encoding can hold."""
    return _HALF_PAIRS.sub("\ufffd", text)
