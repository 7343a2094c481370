"""Tests of the Alpaca format."""

from __future__ import annotations

from typing import Any

import pytest

from curator.errors import FormatError
from curator.formats.alpaca import Alpaca
from curator.record import Record, Role, Turn, single_turn


def dialogue(*turns: tuple[Role, str]) -> Record:
    return Record(tuple(Turn(role, content) for role, content in turns))


def test_instruction_input_and_output() -> None:
    record = single_turn("Sum up.", "Short.", input="A long text.")
    row = {"instruction": "Sum up.", "input": "A long text.", "output": "Short.", "system": "", "history": []}
    assert Alpaca().write_row(record) == row
    assert Alpaca().read_row(row) == record


def test_earlier_rounds_stand_in_the_history() -> None:
    record = dialogue(("system", "S"), ("user", "1"), ("assistant", "2"), ("user", "3"), ("assistant", "4"))
    row = {"instruction": "3", "input": "", "output": "4", "system": "S", "history": [["1", "2"]]}
    assert Alpaca().write_row(record) == row
    assert Alpaca().read_row(row) == record


@pytest.mark.parametrize(
    "row",
    [
        {"instruction": "Q", "output": "A"},
        {"instruction": "Q", "input": None, "output": "A", "history": None, "system": None},
        {"instruction": "Q", "input": "", "output": "A", "history": "", "source": "elsewhere"},
        {"instruction": "", "input": "Q", "output": "A", "history": "[]"},
    ],
)
def test_empty_columns_may_be_missing_and_further_ones_do_no_harm(row: dict[str, Any]) -> None:
    assert Alpaca().read_row(row) == single_turn("Q", "A")


def test_without_output_the_question_is_still_to_be_answered() -> None:
    assert Alpaca().read_row({"instruction": "Q", "output": ""}) == single_turn("Q", "")


def test_history_as_json_text() -> None:
    row = {"instruction": "3", "output": "4", "history": '[["1", "2"]]'}
    assert [turn.content for turn in Alpaca().read_row(row).messages] == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"instruction": "", "output": "A"}, "instruction is empty"),
        ({"instruction": 7, "output": "A"}, "instruction is a number, not text"),
        ({"instruction": "Q", "output": ["A"]}, "output is a list, not text"),
        ({"instruction": "Q", "output": "A", "history": "1, 2"}, "history is text, not a list"),
        ({"instruction": "Q", "output": "A", "history": [["1"]]}, "history holds a list that is no pair"),
        ({"instruction": "Q", "output": "A", "history": ["ab"]}, "history holds text that is no pair"),
    ],
)
def test_bad_rows_say_what_is_wrong(row: dict[str, Any], problem: str) -> None:
    with pytest.raises(FormatError, match=problem):
        Alpaca().read_row(row)


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (single_turn("Q", ""), "no response"),
        (dialogue(), "no response"),
        (dialogue(("system", "S")), "no response"),
        (dialogue(("user", "Q"), ("assistant", "")), "no response"),
        (dialogue(("user", "Q"), ("assistant", "A"), ("tool", "T"), ("assistant", "A")), "tool turns"),
        (dialogue(("assistant", "A"), ("user", "Q"), ("assistant", "A")), "must alternate"),
        (dialogue(("user", "Q"), ("user", "Q"), ("assistant", "A")), "must alternate"),
        (dialogue(("user", "Q"), ("system", "S"), ("user", "Q"), ("assistant", "A")), "must alternate"),
        (dialogue(("system", ""), ("user", "Q"), ("assistant", "A")), "empty turn"),
        (dialogue(("user", ""), ("assistant", "A")), "empty turn"),
        (single_turn("Q", "A", rejected="B"), "`preference`"),
    ],
)
def test_what_cannot_be_held_is_refused(record: Record, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        Alpaca().write_row(record)


@pytest.mark.parametrize(
    ("question", "input_at"), [("\n\ntext", 2), ("a text", 2), ("a\n\n", 3), ("text", 0), ("text", 4)]
)
def test_an_input_that_would_not_come_back_stays_in_the_instruction(question: str, input_at: int) -> None:
    record = Record((Turn("user", question), Turn("assistant", "A")), input_at=input_at)
    row = Alpaca().write_row(record)
    assert (row["instruction"], row["input"]) == (question, "")
    assert Alpaca().read_row(row).id == record.id
