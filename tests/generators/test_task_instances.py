"""Instances: how they stand in replies, and each rule that turns one away."""

from __future__ import annotations

import random

import pytest

from generators.tasks.instances import judge_instances, read_input_first, read_output_first
from generators.tasks.layouts import WITH_INPUT, WITHOUT_INPUT, laid_out, without_field_name
from generators.tasks.seeds import Instance


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Example 1\nInput: a\nOutput: b\nExample 2\nInput: c\nOutput: d", [("a", "b"), ("c", "d")]),
        ("Example 1.\nOutput: b\n\nExample 2.\nOutput: d", [("", "b"), ("", "d")]),
        ("**Example 1:**\nInput: a\n**Output:** b", [("a", "b")]),
        ("Example 1: \nText: a\nTone: calm\nOutput: b\nc", [("Text: a\nTone: calm", "b\nc")]),
        ("Input: a\nOutput: b", [("a", "b")]),
        ("Output: b", [("", "b")]),
        ("OUTPUT:\nb", [("", "b")]),
        ("Input: <noinput>\nOutput: b", [("", "b")]),
        ("```\nInput: a\nOutput: b\n```", [("a", "b")]),
        ("Output:", [("", "")]),
        ("Input: a\nAnswer: b", [("a", "b")]),
    ],
)
@pytest.mark.parametrize("faithful", [False, True])
def test_input_first(text: str, expected: list[tuple[str, str]], faithful: bool) -> None:
    assert [(each.input, each.output) for each in read_input_first(text, faithful=faithful)] == expected


@pytest.mark.parametrize(
    ("text", "faithful", "expected"),
    [
        ("It is foggy.", True, []),
        ("It is foggy.", False, [("", "It is foggy.")]),
        ("Input: a", False, [("a", "")]),
        ("", False, []),
        ("Input: a\nOutput: b\nInput: c\nOutput: d", False, [("a", "b"), ("c", "d")]),
        ("Input: a\nOutput: b\nInput: c\nOutput: d", True, [("a", "b\nInput: c\nOutput: d")]),
    ],
)
def test_input_first_without_marks(text: str, faithful: bool, expected: list[tuple[str, str]]) -> None:
    assert [(each.input, each.output) for each in read_input_first(text, faithful=faithful)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Class label: good\nReview: fine soup\nClass label: bad\nReview: cold fish",
            [("Review: fine soup", "good"), ("Review: cold fish", "bad")],
        ),
        ("Class label: good", [("", "good")]),
        ("label: good\nInput: soup\nand bread", [("soup\nand bread", "good")]),
        ("Sure!\n**Class label:** good\nsoup", [("soup", "good")]),
        ("Example 1\nClass label: good\nsoup\nExample 2\nClass label: bad\nfish", [("soup", "good"), ("fish", "bad")]),
        ("It is good.", []),
        ("", []),
    ],
)
def test_output_first(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(each.input, each.output) for each in read_output_first(text)] == expected


def verdicts(*pairs: tuple[str, str], truncated: bool = False, most: int = 5) -> list[str]:
    """Return the reason against each instance, "" for none."""
    judged = judge_instances(
        [Instance(*pair) for pair in pairs], truncated=truncated, most=most, numbers=random.Random(1)
    )
    assert [(instance.input, instance.output) for instance, _reason in judged] == list(pairs)
    return [reason.reason if reason else "" for _instance, reason in judged]


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("a", "b"), ("c", "d")], ["", ""]),
        ([("a", "a")], ["input-equals-output"]),
        ([("a", "")], ["empty-output"]),
        ([("", "")], ["empty-output"]),
        ([("a:", "b")], ["cut-generation"]),
        ([("a", "b:")], ["cut-generation"]),
        ([("a", "b"), ("a", "c"), ("d", "e")], ["conflicting-outputs"] * 3),
        ([("", "b"), ("", "c")], ["", ""]),
        ([("a", "b"), ("a", "b"), ("c", "d")], ["", "duplicate-instance", ""]),
        ([("a", "b"), ("a", ""), ("a", "a")], ["", "empty-output", "input-equals-output"]),
        ([], []),
    ],
)
def test_each_rule(pairs: list[tuple[str, str]], expected: list[str]) -> None:
    assert verdicts(*pairs) == expected


def test_the_length_limit_costs_the_last_instance() -> None:
    assert verdicts(("a", "b"), ("c", "d"), truncated=True) == ["", "truncated"]


def test_no_more_than_five_are_kept_and_the_others_are_not_lost() -> None:
    found = verdicts(*[(str(number), "b") for number in range(8)])
    assert sorted(found) == [""] * 5 + ["surplus-instance"] * 3
    assert found == verdicts(*[(str(number), "b") for number in range(8)])


def test_seven_layouts_with_an_input_and_six_without() -> None:
    assert (len(set(WITH_INPUT)), len(set(WITHOUT_INPUT))) == (7, 6)
    for given, count in (("x {task} y", 7), ("", 6)):
        seen = {laid_out("Do {input}", Instance(given, "b"), random.Random(number)) for number in range(300)}
        assert len({layout for _text, layout in seen}) == count
        assert all("Do {input}" in text and given in text for text, _layout in seen)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Text: The tide is low.", "The tide is low."),
        ("Text: low.\n\n\nIt is.", "low.\nIt is."),
        ("Text: low. Time: noon.", "Text: low. Time: noon."),
        ("The time: noon.", "The time: noon."),
        ("low", "low"),
    ],
)
def test_a_single_field_name_goes(given: str, expected: str) -> None:
    assert without_field_name(given) == expected
