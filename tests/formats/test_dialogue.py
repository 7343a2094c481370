"""Tests of reading dialogues, through the formats that hold them."""

from __future__ import annotations

from typing import Any

import pytest

from curator.errors import FormatError
from curator.formats.dialogue import ROLES
from curator.formats.messages import Messages
from curator.formats.sharegpt import ShareGpt
from curator.record import Record, Turn, single_turn

RECORD = Record(
    (Turn("system", "S"), Turn("user", "Q"), Turn("assistant", ""), Turn("tool", "T"), Turn("assistant", "A"))
)


def test_messages_are_laid_out_as_chat_templates_take_them() -> None:
    assert Messages().write_row(single_turn("Q", "A")) == {
        "messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]
    }


def test_sharegpt_has_its_own_names() -> None:
    turns = ShareGpt().write_row(RECORD)["conversations"]
    assert [turn["from"] for turn in turns] == ["system", "human", "gpt", "tool", "gpt"]
    assert [turn["value"] for turn in turns] == ["S", "Q", "", "T", "A"]
    assert ShareGpt().read_row({"conversations": turns}) == RECORD


@pytest.mark.parametrize(("role", "meant"), [*ROLES.items(), ("Human", "user"), ("GPT", "assistant")])
def test_synonyms_of_roles(role: str, meant: str) -> None:
    row = {"conversations": [{"from": role, "value": "x"}]}
    assert ShareGpt().read_row(row).messages == (Turn(meant, "x"),)  # type: ignore[arg-type]


def test_mixed_keys_and_null_keys_of_a_column_store() -> None:
    row = {
        "messages": [{"from": "human", "value": "Q", "role": None}, {"role": "assistant", "content": "A", "name": "x"}]
    }
    assert Messages().read_row(row) == single_turn("Q", "A")


def test_system_prompt_in_a_column_of_its_own() -> None:
    row = {"system": "S", "conversations": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}]}
    assert ShareGpt().read_row(row) == single_turn("Q", "A", system="S")


@pytest.mark.parametrize(
    ("messages", "problem"),
    [
        ([], "messages is empty"),
        (None, "messages is empty"),
        ("", "messages is empty"),
        ("hello", "messages is text, not a list in JSON"),
        ("[{", "messages is text, not a list in JSON"),
        ({"role": "user"}, "messages is an object, not a list"),
        (["hello"], "turn 1 of messages is text, not a message"),
        ([{"role": "user", "content": "x"}, {"role": "narrator", "content": "x"}], "turn 2 of messages .*'narrator'"),
        ([{"content": "x"}], "turn 1 of messages has the role None"),
        ([{"role": "user"}], "turn 1 of messages has null for content"),
        ([{"role": "user", "content": [{"type": "image"}]}], "has a list for content, not text"),
        ([{"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}], "tool_calls"),
    ],
)
def test_bad_dialogues_say_which_turn_is_wrong(messages: Any, problem: str) -> None:
    with pytest.raises(FormatError, match=problem):
        Messages().read_row({"messages": messages})


@pytest.mark.parametrize("format", [Messages(), ShareGpt()])
def test_pairs_are_refused_rather_than_cut(format: Messages | ShareGpt) -> None:
    with pytest.raises(FormatError, match="preference pair"):
        format.write_row(single_turn("Q", "A", rejected="B"))
