"""One line out of what models write around it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.errors import UnparsableReply
from curator.llm.base import ChatReply
from generators.shared.plain_reply import answer_in, is_much_like, line_in, score_in


@pytest.mark.parametrize(
    "reply",
    [
        "Name three colours.",
        "  Instruction: Name three colours.  ",
        "INSTRUCTION : Name three colours.",
        "**Instruction:** Name three colours.",
        '"Name three colours."',
        "“Name three colours.”",
        "1. Name three colours.",
        "- Name three colours.",
        "Sure, here is the instruction:\nName three colours.",
        "Here's one!\n\n1) Name three colours.\n2) Name four.",
        "Okay. It is hard to say.\nInstruction: Name three colours.",
        "Instruction:\nName three colours.",
        "```text\nName three colours.\n```",
        "<think>They want colours:\nmany of them</think>Name three colours.",
        "Name three colours.\n\nInstruction 2 follows.",
    ],
)
def test_a_line_is_taken_from_what_stands_around_it(reply: str) -> None:
    assert line_in(reply, "instruction") == "Name three colours."


@pytest.mark.parametrize("reply", ["", "  \n", "...", "```\n```", "Instruction:", "Sure, here it is:", "<think>Hm"])
def test_a_reply_without_a_line_cannot_be_read(reply: str) -> None:
    with pytest.raises(UnparsableReply, match="blank, or holds no line of words"):
        line_in(reply, "instruction")


@pytest.mark.parametrize(
    ("reply", "line"), [("「ノルウェーの首都は？」", "「ノルウェーの首都は？」"), ("Où est-il ?", "Où est-il ?")]
)
def test_other_languages_are_lines_too(reply: str, line: str) -> None:
    assert line_in(reply) == line


@given(st.text(alphabet='abc :*"\n.1)-`', max_size=40))
def test_a_line_is_one_line_with_words(reply: str) -> None:
    try:
        line = line_in(reply, "a")
    except UnparsableReply:
        return
    assert line == line.strip()
    assert "\n" not in line
    assert any(character.isalnum() for character in line)


@pytest.mark.parametrize(
    ("reply", "score"),
    [
        ("It is complete. Score: 5", 5),
        ("score:1", 1),
        ("A Score: 5 would name more.\n\n**Score:** 3/5", 3),
        ("Fine.\nScore - 4.", 4),
        ("Score: 4.0", 4),
        ("<think>Score: 1</think>Good. Score: 4", 4),
    ],
)
def test_the_score_is_the_digit_behind_the_word(reply: str, score: int) -> None:
    assert score_in(reply, 1, 5) == score


@pytest.mark.parametrize(
    "reply", ["", "5", "Five stars!", "Score:", "Score: five", "Score: 7", "Score: 0", "Score: 3.5", "Score: 10"]
)
def test_what_is_no_score_cannot_be_read(reply: str) -> None:
    with pytest.raises(UnparsableReply):
        score_in(reply, 1, 5)


def test_an_answer_loses_its_reasoning_only() -> None:
    assert answer_in(ChatReply("<think>Hm.</think>\n```py\nx = 1\n```")) == "```py\nx = 1\n```"
    with pytest.raises(UnparsableReply, match="blank"):
        answer_in(ChatReply("<think>Hm."))


@pytest.mark.parametrize(
    ("left", "right", "alike"),
    [
        ("When does the harbour open?", "when does THE harbour open", True),
        ("When does the harbour of Vell open on weekdays?", "When does the harbour of Vell open on Sundays?", False),
        ("one two three four five six seven eight nine ten", "ten one two three four five six seven eight nine", True),
        ("When does the harbour open?", "When does the harbour close?", False),
        ("When?", "Where?", False),
    ],
)
def test_lines_of_the_same_words_say_the_same(left: str, right: str, alike: bool) -> None:
    assert is_much_like(left, (right,)) is alike
    assert is_much_like(left, ()) is False
