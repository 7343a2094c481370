"""Records and near copies of them."""

from __future__ import annotations

from collections.abc import Sequence

from curator.record import Record, single_turn
from tests.dedup.harbour_texts import near, text


def record(seed: int) -> Record:
    """Return a record that resembles none of another seed."""
    return single_turn(f"What is known of {text(seed, 8)}?", text(seed))


def copy_of(original: Record, word: str = "changed") -> Record:
    """Return a record whose answer differs in one word."""
    return single_turn(original.instruction, near(original.response, word))


def dropped(records: Sequence[Record]) -> list[str | None]:
    """Return of each record the id of what it repeats."""
    return [None if each.drop is None else each.drop.of[0] for each in records]
