"""The prompt-completion format of TRL: what is asked, and the reply that alone is trained on."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from curator.formats.base import Format
from curator.formats.dialogue import Message, before_reply, messages_of, refuse_pair, turns_or_text_of
from curator.record import Record


class PromptCompletion(Format):
    """The dialogue up to the last reply in `prompt`, the last reply in `completion`, both as lists of messages.

    Reads plain texts too: a prompt is the user's, a completion the assistant's. Rows with a `label` are unpaired
    preferences, good and bad replies mixed, and are not taken for this format.

    Refuses: a dialogue that does not end with a response, one without a prompt, preference pairs.
    Loses: other columns; `input_at`.
    """

    name: ClassVar[str] = "prompt-completion"
    columns: ClassVar[Mapping[str, object]] = MappingProxyType({"prompt": list[Message], "completion": list[Message]})
    needed: ClassVar[frozenset[str]] = frozenset({"prompt", "completion"})

    def recognises(self, columns: frozenset[str]) -> bool:
        """Return whether rows with these columns are of this format."""
        return self.needed <= columns and "label" not in columns

    def read_row(self, row: Mapping[str, Any]) -> Record:
        """Read one row."""
        return Record(turns_or_text_of(row, "prompt", "user") + turns_or_text_of(row, "completion", "assistant"))

    def write_row(self, record: Record) -> dict[str, Any]:
        """Lay one record out."""
        refuse_pair(record)
        prompt = before_reply(record)
        return {"prompt": messages_of(prompt), "completion": messages_of(record.messages[len(prompt) :])}
