"""From a row of a file to a record: the counterpart of `curator.formats.layout`."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from curator.errors import FormatError
from curator.formats.base import Format
from curator.formats.containers.base import Row
from curator.formats.detection import misfit
from curator.formats.provenance import COLUMN, restored
from curator.record import Record, Turn

NO_TEXT = "no text in any turn"
"""Why a record that says nothing is neither read nor written."""

_HALF_PAIRS = re.compile("[\ud800-\udfff]")


def record_of(row: Row, format: Format, formats: Sequence[Format]) -> tuple[Record, str]:
    """Read one row of a file.

    Args:
        row: the row.
        format: the file's format.
        formats: the formats that are known, to name the one that would fit.

    Returns:
        The record, and what a person must be told about how it was read; "" for nothing.

    Raises:
        FormatError: what is wrong with the row.
    """
    if row.value is None:
        raise FormatError(row.problem)
    if not format.needed <= row.value.keys():
        raise FormatError(misfit(frozenset(row.value), format, formats))
    record, mended = _valid_unicode(format.read_row(row.value))
    if not has_text(record):
        raise FormatError(NO_TEXT)
    kept = row.value.get(COLUMN)
    if kept is None or kept == "":
        return record, mended
    record, changed = restored(record, kept)
    return record, "; ".join(filter(None, [mended, changed]))


def has_text(record: Record) -> bool:
    """Return whether a record says anything at all.

    Args:
        record: the record.

    Returns:
        Whether one of its turns is more than blanks.
    """
    return any(turn.content.strip() for turn in record.messages)


def _valid_unicode(record: Record) -> tuple[Record, str]:
    """Return the record with each half of a surrogate pair, which no UTF-8 file can hold, replaced by U+FFFD."""
    texts = [turn.content for turn in record.messages] + [record.rejected or ""]
    found = sum(len(_HALF_PAIRS.findall(text)) for text in texts if not text.isascii())
    if not found:
        return record, ""
    turns = tuple(Turn(turn.role, _HALF_PAIRS.sub("\ufffd", turn.content)) for turn in record.messages)
    rejected = None if record.rejected is None else _HALF_PAIRS.sub("\ufffd", record.rejected)
    mended = msgspec.structs.replace(record, messages=turns, rejected=rejected)
    return mended, f"{found} half surrogate pairs, which are no characters, were replaced by U+FFFD"
