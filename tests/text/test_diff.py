"""The word diff: readable, short, and true to the new text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.text.diff import word_diff

LONG = "one two three four five six seven eight nine ten"


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("a b", "a  b\n", ""),
        ("", "", ""),
        ("", "all new", "{+all new+}"),
        ("all gone", "", "[-all gone-]"),
        ("Name a fruit.", "Name a red fruit.", "Name a {+red+} fruit."),
        ("Name a fruit.", "Name a tree.", "Name a [-fruit.-] {+tree.+}"),
        (LONG, f"{LONG} eleven", "… eight nine ten {+eleven+}"),
        (LONG, f"zero {LONG}", "{+zero+} one two three …"),
        (f"x {LONG} y", f"X {LONG} Y", "[-x-] {+X+} one two three … eight nine ten [-y-] {+Y+}"),
        ("a b c d e", "a b c d e f", "… c d e {+f+}"),
        ("a b c d", "a b c d f", "a b c d {+f+}"),
    ],
)
def test_what_is_shown(before: str, after: str, shown: str) -> None:
    assert word_diff(before, after) == shown


@given(st.lists(st.sampled_from("abcdef"), max_size=12), st.lists(st.sampled_from("abcdef"), max_size=12))
def test_without_the_marks_it_is_the_new_text(before: list[str], after: list[str]) -> None:
    shown = word_diff(" ".join(before), " ".join(after), context=99)
    kept = re.sub(r"\{\+(.*?)\+\}", r"\1", re.sub(r"\[-.*?-\]", "", shown))
    assert kept.split() == ([] if before == after else after)
