"""The preference format of TRL: a prompt with a better and a worse reply."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile
from types import MappingProxyType
from typing import Any, ClassVar

from curator.errors import FormatError
from curator.formats.base import Format
from curator.formats.dialogue import Message, before_reply, messages_of, turns_or_text_of
from curator.record import Record, Turn


class Preference(Format):
    """The dialogue up to the last reply in `prompt`, then `chosen` and `rejected`, all as lists of messages.

    Reads plain texts too, and dialogues that repeat the prompt in `chosen` and `rejected`, with or without a `prompt`
    column (TRL's implicit prompt). The two dialogues must differ in their last reply only.

    Refuses: records without a rejected reply, without a response or without a prompt.
    Loses: other columns; `input_at`.
    """

    name: ClassVar[str] = "preference"
    columns: ClassVar[Mapping[str, object]] = MappingProxyType(
        {"prompt": list[Message], "chosen": list[Message], "rejected": list[Message]}
    )
    needed: ClassVar[frozenset[str]] = frozenset({"chosen", "rejected"})

    def read_row(self, row: Mapping[str, Any]) -> Record:
        """Read one row."""
        prompt = turns_or_text_of(row, "prompt", "user") if row.get("prompt") else ()
        chosen = _whole(prompt, turns_or_text_of(row, "chosen", "assistant"))
        rejected = _whole(prompt, turns_or_text_of(row, "rejected", "assistant"))
        if len(chosen) == 1:
            raise FormatError("no prompt: neither a prompt column nor a dialogue in chosen and rejected")
        if chosen[:-1] != rejected[:-1]:
            same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(chosen, rejected, strict=False)))
            raise FormatError(f"chosen and rejected part at turn {same + 1}; only their last reply may differ")
        if {chosen[-1].role, rejected[-1].role} != {"assistant"}:
            raise FormatError("chosen and rejected must end with an assistant turn")
        return Record(chosen, rejected=rejected[-1].content)

    def write_row(self, record: Record) -> dict[str, Any]:
        """Lay one record out."""
        if record.rejected is None:
            raise FormatError("no rejected reply; write it as `messages` or `prompt-completion`")
        prompt = before_reply(record)
        return {
            "prompt": messages_of(prompt),
            "chosen": messages_of(record.messages[-1:]),
            "rejected": messages_of([Turn("assistant", record.rejected)]),
        }


def _whole(prompt: tuple[Turn, ...], reply: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """Return prompt and reply as one dialogue, whether or not the reply repeats the prompt."""
    repeats = len(reply) > len(prompt) and reply[: len(prompt)] == prompt
    return reply if repeats else prompt + reply
