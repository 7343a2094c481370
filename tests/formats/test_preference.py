"""Tests of the preference format."""

from __future__ import annotations

from typing import Any

import pytest

from curator.errors import FormatError
from curator.formats.preference import Preference
from curator.record import Record, Turn, single_turn

PAIR = single_turn("Q", "good", rejected="bad")
ASKED = {"role": "user", "content": "Q"}
GOOD = {"role": "assistant", "content": "good"}
BAD = {"role": "assistant", "content": "bad"}


def test_a_pair_is_laid_out_as_trl_takes_it() -> None:
    assert Preference().write_row(PAIR) == {"prompt": [ASKED], "chosen": [GOOD], "rejected": [BAD]}


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": [ASKED], "chosen": [GOOD], "rejected": [BAD]},
        {"prompt": "Q", "chosen": "good", "rejected": "bad"},
        {"chosen": [ASKED, GOOD], "rejected": [ASKED, BAD]},
        {"prompt": None, "chosen": [ASKED, GOOD], "rejected": [ASKED, BAD]},
        {"prompt": "Q", "chosen": [ASKED, GOOD], "rejected": [ASKED, BAD]},
    ],
    ids=["lists", "texts", "implicit prompt", "null prompt", "repeated prompt"],
)
def test_all_layouts_give_the_same_pair(row: dict[str, Any]) -> None:
    assert Preference().read_row(row) == PAIR


def test_equal_replies_and_an_empty_rejected_reply_survive() -> None:
    for worse in ("good", ""):
        record = single_turn("Q", "good", rejected=worse)
        assert Preference().read_row(Preference().write_row(record)) == record


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"chosen": "good", "rejected": "bad"}, "no prompt"),
        ({"prompt": "Q", "chosen": "good", "rejected": ""}, "rejected is empty"),
        ({"prompt": "Q", "chosen": "good", "rejected": 3}, "rejected is a number"),
        ({"chosen": [ASKED, GOOD], "rejected": [{"role": "user", "content": "Why?"}, BAD]}, "part at turn 1"),
        ({"prompt": "Q", "chosen": [GOOD], "rejected": [BAD, ASKED, BAD]}, "part at turn 2"),
        ({"prompt": "Q", "chosen": [GOOD, ASKED], "rejected": [GOOD, ASKED]}, "end with an assistant"),
    ],
)
def test_bad_rows_say_what_is_wrong(row: dict[str, Any], problem: str) -> None:
    with pytest.raises(FormatError, match=problem):
        Preference().read_row(row)


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (single_turn("Q", "A"), "no rejected reply"),
        (single_turn("Q", "", rejected="bad"), "no response"),
        (Record((Turn("assistant", "A"),), rejected="bad"), "no prompt"),
    ],
)
def test_what_cannot_be_held_is_refused(record: Record, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        Preference().write_row(record)
