"""Which words of a record a comparison looks at."""

from __future__ import annotations

from typing import Literal

from curator.record import Record

Field = Literal["instruction", "response", "both"]
"""`instruction`: the first question with its input. `response`: the last answer. `both`: the whole dialogue."""


def text_of(record: Record, field: Field) -> str:
    """Return what of a record is compared.

    Args:
        record: the record.
        field: which part; `both` takes in every turn and the rejected reply, so that dialogues that differ anywhere
            differ here.

    Returns:
        The text; "" where the record has no such part.
    """
    if field == "instruction":
        return next((turn.content for turn in record.messages if turn.role == "user"), "")
    if field == "response":
        return record.response
    turns = [turn.content for turn in record.messages]
    return "\n\n".join(turns if record.rejected is None else [*turns, record.rejected])
