"""The values of a row, checked as they come in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from curator.errors import FormatError


def text_of(row: Mapping[str, Any], column: str) -> str:
    """Return the text in one column of a row.

    Args:
        row: the row.
        column: the column's name.

    Returns:
        The text; "" where the column is missing or null.

    Raises:
        FormatError: the value is no text.
    """
    value = row.get(column)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise FormatError(f"{column} is {kind_of(value)}, not text")
    return value


def list_of(row: Mapping[str, Any], column: str) -> list[Any]:
    """Return the list in one column of a row, also where it is written as JSON text.

    Args:
        row: the row.
        column: the column's name.

    Returns:
        The list; empty where the column is missing, null or empty text.

    Raises:
        FormatError: the value is no list.
    """
    value = row.get(column)
    if value is None or value == "":
        return []
    found = parsed_list(value) if isinstance(value, str) else value
    if not isinstance(found, list):
        raise FormatError(f"{column} is {kind_of(value)}, not a list{' in JSON' if isinstance(value, str) else ''}")
    return found


def parsed_list(text: str) -> list[Any] | None:
    """Return the list that JSON text holds.

    Args:
        text: any text.

    Returns:
        The list; None where the text is no JSON, or JSON of something else.
    """
    if not text.lstrip().startswith("["):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def kind_of(value: object) -> str:
    """Return what a value is, in the words of an error message.

    Args:
        value: any value of a row.

    Returns:
        As in "a number".
    """
    names = {str: "text", bool: "a truth value", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return "null" if value is None else names.get(type(value), f"a {type(value).__name__}")
