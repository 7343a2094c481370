"""The format of ShareGPT exports, as FastChat, LLaMA-Factory and Axolotl read it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, TypedDict

from curator.formats.base import Format
from curator.formats.dialogue import refuse_pair, turns_of
from curator.formats.rows import text_of
from curator.record import Record, Role, Turn

ShareGptTurn = TypedDict("ShareGptTurn", {"from": str, "value": str})
"""A turn as ShareGPT names its parts."""

SPEAKERS: Mapping[Role, str] = MappingProxyType(
    {"system": "system", "user": "human", "assistant": "gpt", "tool": "tool"}
)
"""What each role is called in a file that we write."""


class ShareGpt(Format):
    """A list of turns, each with `from` (human, gpt, system, tool) and `value`.

    Reads the synonyms in `curator.formats.dialogue.ROLES`, `role` and `content` for `from` and `value`, and a system
    prompt in a `system` column of its own.

    Refuses: preference pairs.
    Loses: other columns and other keys of a turn; `input_at`.
    """

    name: ClassVar[str] = "sharegpt"
    columns: ClassVar[Mapping[str, object]] = MappingProxyType({"conversations": list[ShareGptTurn]})
    needed: ClassVar[frozenset[str]] = frozenset({"conversations"})

    def read_row(self, row: Mapping[str, Any]) -> Record:
        """Read one row."""
        turns = turns_of(row, "conversations")
        system = text_of(row, "system")
        return Record((Turn("system", system), *turns) if system else turns)

    def write_row(self, record: Record) -> dict[str, Any]:
        """Lay one record out."""
        refuse_pair(record)
        return {"conversations": [{"from": SPEAKERS[turn.role], "value": turn.content} for turn in record.messages]}
