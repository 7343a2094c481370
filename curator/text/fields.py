"""Which words of a record a comparison looks at."""

from __future__ import annotations

from typing import Literal

from curator.record import Record

Field = Literal["instruction", "response", "both", "dialogue"]
"""`instruction`: the first question with its input. `response`: the last answer. `both`: these two. `dialogue`: every
turn and the rejected reply, so that dialogues that differ anywhere differ here."""


def text_of(record: Record, field: Field) -> str:
    """Return what of a record is compared.

    Args:
        record: the record.
        field: which part.

    Returns:
        The text, its parts joined by blank lines; "" where the record has no such part.
    """
    if field == "dialogue":
        turns = [turn.content for turn in record.messages]
        return "\n\n".join(turns if record.rejected is None else [*turns, record.rejected])
    question = next((turn.content for turn in record.messages if turn.role == "user"), "")
    if field == "instruction":
        return question
    return record.response if field == "response" else "\n\n".join(filter(None, [question, record.response]))
