"""The format of Stanford Alpaca, with the two columns that LLaMA-Factory added for dialogues.

Source: Taori et al. (2023), Stanford Alpaca, "Data Release"; `system` and `history`: LLaMA-Factory, data/README.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from curator.errors import FormatError
from curator.formats.base import Format
from curator.formats.dialogue import NO_RESPONSE, refuse_pair
from curator.formats.rows import kind_of, list_of, text_of
from curator.record import INPUT_SEPARATOR, Record, Turn


class Alpaca(Format):
    """An instruction, the input it works on, and the output; earlier rounds stand in `history`, oldest first.

    Reads a row without output as a question still to be answered.

    Keeps: `input_at` in records of one round whose input a blank line sets apart.
    Refuses: tool turns, a dialogue that does not alternate between user and assistant, one without a response, empty
        turns, preference pairs.
    Loses: other columns; `input_at` in dialogues of several rounds.
    """

    name: ClassVar[str] = "alpaca"
    columns: ClassVar[Mapping[str, object]] = MappingProxyType(
        {"instruction": str, "input": str, "output": str, "system": str, "history": list[list[str]]}
    )
    needed: ClassVar[frozenset[str]] = frozenset({"instruction", "output"})
    optional: ClassVar[frozenset[str]] = frozenset({"system", "history"})

    def read_row(self, row: Mapping[str, Any]) -> Record:
        """Read one row."""
        instruction, given = text_of(row, "instruction"), text_of(row, "input")
        if not instruction and not given:
            raise FormatError("instruction is empty")
        turns = [Turn("system", text) for text in [text_of(row, "system")] if text]
        earlier = [turn for pair in list_of(row, "history") for turn in _round(pair)]
        question = INPUT_SEPARATOR.join(part for part in (instruction, given) if part)
        turns += [*earlier, Turn("user", question)]
        turns += [Turn("assistant", text) for text in [text_of(row, "output")] if text]
        split = bool(instruction and given and not earlier)
        return Record(tuple(turns), input_at=len(instruction) + len(INPUT_SEPARATOR) if split else None)

    def write_row(self, record: Record) -> dict[str, Any]:
        """Lay one record out."""
        refuse_pair(record)
        turns = list(record.messages)
        system = turns.pop(0).content if turns and turns[0].role == "system" else None
        _check(turns, system)
        texts = [turn.content for turn in turns[:-2]]
        instruction, given = _split(turns[-2].content, None if texts else record.input_at)
        return {
            "instruction": instruction,
            "input": given,
            "output": turns[-1].content,
            "system": system or "",
            "history": [list(pair) for pair in zip(texts[::2], texts[1::2], strict=True)],
        }


def _round(pair: object) -> tuple[Turn, Turn]:
    match pair:
        case [str(question), str(answer)]:
            return Turn("user", question), Turn("assistant", answer)
        case _:
            raise FormatError(f"history holds {kind_of(pair)} that is no pair of question and answer")


def _check(turns: Sequence[Turn], system: str | None) -> None:
    roles = [turn.role for turn in turns]
    if "tool" in roles:
        raise FormatError("tool turns have no place here; write it as `messages` or `sharegpt`")
    if not roles or roles[-1] != "assistant" or not turns[-1].content:
        raise FormatError(NO_RESPONSE)
    if len(roles) % 2 or roles != ["user", "assistant"] * (len(roles) // 2):
        raise FormatError("after the system prompt, user and assistant must alternate, the user first")
    if system == "" or not turns[-2].content:
        raise FormatError("the system prompt or the last question is an empty turn, which would be lost")


def _split(question: str, input_at: int | None) -> tuple[str, str]:
    """Return instruction and input; the whole question and "" where joining them would not give it back."""
    head, tail = (question, "") if input_at is None else (question[:input_at], question[input_at:])
    instruction = head.removesuffix(INPUT_SEPARATOR)
    return (instruction, tail) if tail and instruction and instruction != head else (question, "")
