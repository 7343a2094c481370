"""The chat format: what chat templates and most trainers take ("conversational language modeling" in TRL)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from curator.formats.base import Format
from curator.formats.dialogue import Message, messages_of, refuse_pair, turns_of
from curator.record import Record


class Messages(Format):
    """A list of messages, each with `role` (system, user, assistant, tool) and `content`.

    Reads the synonyms in `curator.formats.dialogue.ROLES`. Tool calls in a field of their own make a bad row.

    Refuses: preference pairs.
    Loses: other columns and other keys of a message; `input_at`.
    """

    name: ClassVar[str] = "messages"
    columns: ClassVar[Mapping[str, object]] = MappingProxyType({"messages": list[Message]})
    needed: ClassVar[frozenset[str]] = frozenset({"messages"})

    def read_row(self, row: Mapping[str, Any]) -> Record:
        """Read one row."""
        return Record(turns_of(row, "messages"))

    def write_row(self, record: Record) -> dict[str, Any]:
        """Lay one record out."""
        refuse_pair(record)
        return {"messages": messages_of(record.messages)}
