"""Each rule against new instructions, and the order they stand in."""

from __future__ import annotations

import pytest

from generators.tasks.filters import (
    ALPACA_WORDS,
    MODERN_WORDS,
    SELF_INSTRUCT_WORDS,
    first_rejection,
    instruction_filters,
    tidied,
)

FAITHFUL = instruction_filters(SELF_INSTRUCT_WORDS, faithful=True)
MODERN = instruction_filters(MODERN_WORDS)


def reason(instruction: str, *, faithful: bool) -> str:
    """Return why an instruction is turned away; "" if it is not."""
    rejection = first_rejection(instruction, FAITHFUL if faithful else MODERN)
    return rejection.reason if rejection else ""


@pytest.mark.parametrize(
    ("instruction", "faithful", "modern"),
    [
        ("Name three kinds of fog.", "", ""),
        ("", "empty", "empty"),
        ("   ", "empty", "empty"),
        ("Name a fog", "too-short", "too-short"),
        ("Name a thick fog", "", ""),
        (" ".join(["word"] * 150), "", ""),
        (" ".join(["word"] * 151), "too-long", "too-long"),
        ("Describe the Image on the wall.", "blacklisted", "blacklisted"),
        ("Describe what imagery does in poems.", "", ""),
        ("Now go to the shop and buy tea.", "blacklisted", ""),
        ("Go on to the next sentence please.", "", ""),
        ("Map this list to a shorter one.", "blacklisted", ""),
        ("Retell the plot of a novel.", "blacklisted", ""),
        ("Write a program that counts words.", "write-a-program", ""),
        ("Explain how to write a program.", "", ""),
        ("- name three kinds of fog", "bad-first-character", "bad-first-character"),
        ("“Rain” and “mist”: tell them apart.", "bad-first-character", ""),
        ("Übersetze den Satz ins Englische.", "bad-first-character", ""),
        ("Опиши море одним предложением.", "bad-first-character", ""),
        ("写一首关于大海的短诗。", "too-short", ""),
        ("3 kinds of fog: name them.", "", ""),
    ],
)
def test_rules(instruction: str, faithful: str, modern: str) -> None:
    assert reason(instruction, faithful=True) == faithful
    assert reason(instruction, faithful=False) == modern


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("draw it", "too-short"),
        ("- draw a map of the harbour", "blacklisted"),
        ("Write a program that will draw a map.", "blacklisted"),
    ],
)
def test_the_first_rule_in_the_papers_order_counts(instruction: str, expected: str) -> None:
    assert reason(instruction, faithful=True) == expected


@pytest.mark.parametrize("word", ["image", "graphs", "PICTURE", "files", "Map", "draw", "plot", "go to"])
def test_every_word_of_the_papers_list_is_found_in_any_case(word: str) -> None:
    assert reason(f"Please now {word} it again for me.", faithful=True) == "blacklisted"


@pytest.mark.parametrize("word", ["video", "audio", "music", "flowchart", "diagram"])
def test_alpaca_has_five_more_words(word: str) -> None:
    rules = instruction_filters(ALPACA_WORDS, faithful=True)
    rejection = first_rejection(f"Please make a {word} of it.", rules)
    assert rejection is not None
    assert rejection.detail == f"it holds {word!r}"
    assert reason(f"Please make a {word} of it.", faithful=True) == ""


def test_without_forbidden_words_none_is_found() -> None:
    assert first_rejection("Draw an image of the map.", instruction_filters(())) is None


def test_capitals_are_lost_only_where_the_paper_loses_them() -> None:
    assert tidied("  describe\n Elizabeth Bennet ") == "Describe Elizabeth Bennet"
    assert tidied("describe Elizabeth Bennet", faithful=True) == "Describe elizabeth bennet"
