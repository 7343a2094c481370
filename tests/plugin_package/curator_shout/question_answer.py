"""Format `question-answer`: two columns, `q` and `a`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from curator.errors import FormatError
from curator.formats import Format
from curator.record import Record, single_turn


class QuestionAnswer(Format):
    """One question and one answer.

    Refuses: all but a single turn without a system prompt; preference pairs.
    """

    name: ClassVar[str] = "question-answer"
    columns: ClassVar[Mapping[str, object]] = MappingProxyType({"q": str, "a": str})
    needed: ClassVar[frozenset[str]] = frozenset({"q", "a"})

    def read_row(self, row: Mapping[str, Any]) -> Record:
        """Read one row."""
        question, answer = row["q"], row["a"]
        if not isinstance(question, str) or not isinstance(answer, str):
            raise FormatError("`q` and `a` must be text")
        return single_turn(question, answer)

    def write_row(self, record: Record) -> dict[str, Any]:
        """Lay one record out."""
        if record.rejected is not None or [turn.role for turn in record.messages] != ["user", "assistant"]:
            raise FormatError("question-answer holds one question and one answer")
        return {"q": record.messages[0].content, "a": record.messages[1].content}
