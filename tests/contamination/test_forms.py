"""Texts are compared without case, punctuation, typography and accents; short sums with their signs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.contamination.forms import compared_words, signed_words
from curator.text.words import words


@given(st.text(st.characters(max_codepoint=127)))
def test_the_short_cut_for_ascii_finds_the_same_words(text: str) -> None:
    assert list(compared_words(text)) == words(text)


@given(st.text())
def test_any_text_has_words_of_some_kind(text: str) -> None:
    assert compared_words(text) == compared_words(f"  {text}\n")
    assert all(compared_words(text))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Don’t STOP – now!", "don't stop now"),
        ("Café, naïve, Ångström", "cafe naive angstrom"),
        ("Ｆｕｌｌ　ｗｉｄｔｈ", "full width"),
        ("Ἀθῆναι", "Αθηναι"),
        ("月亮为什么会发光？", "月亮为什么会发光"),
    ],
)
def test_what_does_not_matter(left: str, right: str) -> None:
    assert compared_words(left) == compared_words(right)


def test_voiced_kana_stay_other_kana() -> None:
    assert compared_words("はか") != compared_words("はが")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What is 7 + 5?", "what is 7 + 5"),
        ("7-5, 7 − 5", "7 - 5 7 - 5"),
        ("17 × 24 ÷ 2", "17 * 24 / 2"),
        ("co-operate with an X-ray", "co operate with an x ray"),
        ("f(x) - y = -3", "f x - y = - 3"),
        ("= 5 =", "5"),
        ("", ""),
    ],
)
def test_signs_stand_between_words(text: str, expected: str) -> None:
    assert " ".join(signed_words(text)) == expected
