"""JSON text as rows: fast where all is well, patient where it is not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from curator.formats.containers.base import Row
from curator.formats.rows import kind_of

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""What some editors put at the start of a UTF-8 file."""


def parsed_row(number: int, data: bytes) -> Row:
    """Parse one row.

    Args:
        number: the row's number.
        data: its JSON text, in UTF-8.

    Returns:
        The row, or its problem.
    """
    try:
        return row_of(number, msgspec.json.decode(data))
    except (ValueError, RecursionError):
        # The standard parser is slower, but takes what other programs write (NaN, half surrogate pairs), and where it
        # fails too, says in what place.
        return _patiently_parsed(number, data)


def row_of(number: int, value: object) -> Row:
    """Return a parsed value as a row.

    Args:
        number: the row's number.
        value: what its text holds.

    Returns:
        The row, or the problem that it is no object.
    """
    if isinstance(value, Mapping):
        return Row(number, value)
    return Row(number, problem=f"the row is {kind_of(value)}, not an object with columns")


def compact(value: Any) -> bytes:
    """Return JSON text without needless spaces, its keys in the order they stand in.

    Args:
        value: what to write.

    Returns:
        UTF-8.
    """
    return msgspec.json.encode(value)


def _patiently_parsed(number: int, data: bytes) -> Row:
    try:
        return row_of(number, json.loads(data.decode()))
    except UnicodeDecodeError as error:
        return Row(number, problem=f"not UTF-8: byte {data[error.start]:#04x} at position {error.start + 1}")
    except json.JSONDecodeError as error:
        return Row(number, problem=f"broken JSON at position {error.pos + 1}: {error.msg}")
    except RecursionError:
        return Row(number, problem="broken JSON: nested too deeply")
    except ValueError as error:  # a number with thousands of digits
        return Row(number, problem=f"broken JSON: {error}")
