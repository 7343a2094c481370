"""What a judge is asked, and how its verdict is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from curator.errors import StageError, UnparsableReply
from curator.llm.base import ChatReply
from evaluators.contamination.verdict import (
    MOST_SHOWN_CHARS,
    Verdict,
    kind_of_problem,
    prompt_folder,
    question,
    read_verdict,
)
from tests.evaluators.contamination_set import items


@pytest.mark.parametrize(
    ("reply", "same", "reason"),
    [
        ("Reason: both ask for the river.\nSame: yes", True, "both ask for the river."),
        ("reason - two cities\n**Same:** No.", False, "reason - two cities"),
        ("Explanation: the same sum.\nSame problem: YES", True, "the same sum."),
        ("Verdict: no", False, ""),
        ("Yes", True, ""),
        ("No, they differ.", False, ""),
        ("They share a topic.\n\nno", False, "They share a topic."),
        ("Reason: one river.\nSame: yes\nNote: the wording is not the same, no numbers differ.", True, "one river."),
        ("Reason: the answer: no one knows it.\nSame: yes", True, "the answer: no one knows it."),
        ("Both want the answer: no one knows it.\nYes.", True, "Both want the answer: no one knows it."),
        ("In the end my verdict: yes", True, ""),
        ("Same: yes? On reflection they differ.\nSame: no", False, ""),
    ],
)
def test_a_verdict_is_read_however_it_is_laid_out(reply: str, same: bool, reason: str) -> None:
    verdict = read_verdict(ChatReply(reply))
    assert verdict.same == same
    assert verdict == Verdict(same, verdict.reason)
    if reason:
        assert verdict.reason == reason


@pytest.mark.parametrize(
    "reply", ["", " \n", "Hard to say.", "Nothing is the same here", "Same: perhaps", "是", "Not the same, no numbers"]
)
def test_a_reply_without_a_verdict_is_asked_again(reply: str) -> None:
    with pytest.raises(UnparsableReply, match="Same: yes"):
        read_verdict(ChatReply(reply))


def test_the_kind_of_a_problem_is_told() -> None:
    by_topic = {"maths": "maths", "code": "code", "short": "knowledge", "long": "knowledge"}
    wrong = [
        row["question"]
        for row in items()
        if row["topic"] in by_topic and kind_of_problem(row["question"]) != by_topic[row["topic"]]
    ]
    assert wrong == []


def test_each_kind_has_its_own_rule_and_the_reason_comes_first() -> None:
    asked = {
        kind: question(prompt_folder(None), item, "x").turns
        for kind, item in [("knowledge", "Who wrote Hamlet?"), ("maths", "Solve 2 + 3."), ("code", "def f(x):")]
    }
    assert "another fact is another question" in asked["knowledge"][0].content
    assert "only the numbers were exchanged" in asked["maths"][0].content
    assert "same output for the same input" in asked["code"][0].content
    for turns in asked.values():
        assert [turn.role for turn in turns] == ["system", *["user", "assistant"] * 3, "user"]
        assert all(turn.content.startswith("Reason: ") for turn in turns if turn.role == "assistant")


def test_what_is_shown_is_bounded() -> None:
    turns = question(prompt_folder(None), "x" * 50_000, "y" * 50_000).turns
    assert turns[-1].content.count("x") == turns[-1].content.count("y") == MOST_SHOWN_CHARS


def test_prompts_can_be_overridden(tmp_path: Path) -> None:
    (tmp_path / "knowledge.jinja").write_text("Compare.", encoding="utf-8")
    assert question(prompt_folder(tmp_path), "Who wrote Hamlet?", "x").turns[0].content == "Compare."
    (tmp_path / "other.jinja").write_text("?", encoding="utf-8")
    with pytest.raises(StageError, match="overrides nothing"):
        prompt_folder(tmp_path)
