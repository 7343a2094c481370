"""The one extra column that carries what no dataset format has a place for.

The column `curator` holds JSON text: the record's id, origin, scores, drop and `input_at`. Trainers ignore it; reading
it back restores all of it. The id is checked: where somebody edited the row in between, what was measured no longer
holds, so the row becomes a new record whose parent is the old one.
"""

from __future__ import annotations

import msgspec

from curator.record import Drop, Origin, Record, Score

COLUMN = "curator"
"""The name of the provenance column."""


class Provenance(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the column holds; see `curator.record.Record` for the fields."""

    id: str
    origin: Origin = Origin()
    scores: tuple[Score, ...] = ()
    drop: Drop | None = None
    input_at: int | None = None


def provenance_of(record: Record) -> str:
    """Return the text of the column for one record.

    Args:
        record: the record.

    Returns:
        JSON text.
    """
    fields = Provenance(record.id, record.origin, record.scores, record.drop, record.input_at)
    return msgspec.json.encode(fields).decode()


def restored(record: Record, text: object) -> tuple[Record, str]:
    """Give a record that was read from a row what the column says about it.

    Args:
        record: the record, as the format read it.
        text: the column's value in the same row.

    Returns:
        The record, and what a person must be told about it; "" when all is well.
    """
    try:
        found = msgspec.json.decode(text if isinstance(text, str) else b"", type=Provenance)
    except (ValueError, RecursionError):
        return record, f"the column {COLUMN!r} does not hold provenance that we wrote; it was ignored"
    if found.id != record.id:
        changed = msgspec.structs.replace(record, origin=Origin(parents=(found.id,)))
        return changed, f"the content was changed since export; read as a new record, child of {found.id}"
    full = msgspec.structs.replace(record, origin=found.origin, scores=found.scores, drop=found.drop)
    return msgspec.structs.replace(full, input_at=found.input_at), ""
