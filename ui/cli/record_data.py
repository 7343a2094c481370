"""A record as the command line's JSON shows it."""

from __future__ import annotations

from typing import Any

import msgspec

from curator.record import Record


def record_data(record: Record) -> dict[str, Any]:
    """Return a record for JSON output.

    Args:
        record: the record.

    Returns:
        Its id and fields; turns as `role` and `content`, labels as a mapping.
    """
    data = msgspec.to_builtins(record)
    turns = [{"role": turn.role, "content": turn.content} for turn in record.messages]
    origin = {**data.get("origin", {}), "labels": dict(record.origin.labels)}
    return {"id": record.id, **data, "messages": turns, "origin": origin}
