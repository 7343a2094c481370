"""Tests of the prompt-completion format."""

from __future__ import annotations

from typing import Any

import pytest

from curator.errors import FormatError
from curator.formats.prompt_completion import PromptCompletion
from curator.record import Record, Turn, single_turn

ASKED = [{"role": "user", "content": "Q"}]
ANSWERED = [{"role": "assistant", "content": "A"}]


def test_the_last_reply_is_the_completion() -> None:
    row = PromptCompletion().write_row(single_turn("Q", "A", system="S"))
    assert row == {"prompt": [{"role": "system", "content": "S"}, *ASKED], "completion": ANSWERED}


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": ASKED, "completion": ANSWERED},
        {"prompt": "Q", "completion": "A"},
        {"prompt": "Q", "completion": ANSWERED},
        {"prompt": '[{"role": "user", "content": "Q"}]', "completion": "A"},
    ],
)
def test_lists_and_plain_texts_are_read(row: dict[str, Any]) -> None:
    assert PromptCompletion().read_row(row) == single_turn("Q", "A")


@pytest.mark.parametrize("prompt", ["[1, 2]", "[see below", "[]", '["role"]', "  x"])
def test_a_plain_text_that_only_looks_like_a_list_stays_text(prompt: str) -> None:
    assert PromptCompletion().read_row({"prompt": prompt, "completion": "A"}) == single_turn(prompt, "A")


@pytest.mark.parametrize(("columns", "fits"), [("", True), ("label", False), ("source", True)])
def test_unpaired_preferences_are_not_taken_for_it(columns: str, fits: bool) -> None:
    assert PromptCompletion().recognises(frozenset({"prompt", "completion", *columns.split()})) is fits


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (single_turn("Q", ""), "no response"),
        (Record((Turn("assistant", "A"),)), "no prompt"),
        (Record((Turn("user", "Q"), Turn("assistant", "A"), Turn("tool", "T"))), "no response"),
        (single_turn("Q", "A", rejected="B"), "preference pair"),
    ],
)
def test_what_cannot_be_held_is_refused(record: Record, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        PromptCompletion().write_row(record)


def test_an_empty_completion_is_a_bad_row() -> None:
    with pytest.raises(FormatError, match="completion is empty"):
        PromptCompletion().read_row({"prompt": "Q", "completion": ""})
