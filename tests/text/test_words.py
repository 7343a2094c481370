"""Words, n-grams and their overlap, checked by hand."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.text.words import (
    _LATIN_WORD,
    _RAISED,
    _WORD,
    content_words,
    count_words,
    jaccard,
    normalise,
    word_ngrams,
    word_spans,
    words,
)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("  A\n\tB\u00a0C ", "a b c"),
        ("“Don’t” – he said — «no»", '"don\'t" - he said - "no"'),
        ("ＦＵＬＬ ﬁ Straße", "full fi strasse"),
        ("zero\u200bwidth soft\u00adhyphen", "zerowidth softhyphen"),
        ("10² 10⁻³ xⁿ⁺¹ ⁱ", "10^2 10^-3 x^n+1 ^i"),
        ("x₁ CO₂ aₙ₋₁ 2\u00ad³\u200b³", "x1 co2 an-1 2^33"),
        ("10² = 10^2", "10^2 = 10^2"),
        ("", ""),
    ],
)
def test_normalise(text: str, form: str) -> None:
    assert normalise(text) == form


@given(st.text() | st.text("a1²³⁻ⁿ₁₋ⁱ^_\u0301\u00ad ＾"))
def test_normalise_is_idempotent(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


def test_every_raised_number_is_known() -> None:
    raised = ""
    for number in range(0x110000):
        kind, _, of = unicodedata.decomposition(chr(number)).partition(" ")
        if kind == "<super>" and chr(int(of.split()[0], 16)) in "0123456789+\u2212=()ni":
            raised += chr(number)
    assert sorted(raised) == sorted(_RAISED)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Don’t stop — it's 4.30!", ["don't", "stop", "it's", "4", "30"]),
        ("well-known snake_case", ["well", "known", "snake", "case"]),
        ("你好 ok", ["你", "好", "ok"]),
        ("हिन्दी مرحبا", ["हिन्दी", "مرحبا"]),
        ("10² and H₂", ["10", "2", "and", "h2"]),
        ("😀 … !", []),
        ("", []),
    ],
)
def test_words(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_word_spans_refer_to_the_text_as_it_is() -> None:
    assert word_spans("  Don’t go") == [(2, 7), (8, 10)]


def test_content_words() -> None:
    assert content_words("What is the name of the King?") == ["name", "king"]


def test_ngrams() -> None:
    assert word_ngrams("a b c d") == [("a", "b", "c"), ("b", "c", "d")]
    assert word_ngrams("a b") == [("a", "b")]
    assert word_ngrams("!") == []


@pytest.mark.parametrize(
    ("left", "right", "value"),
    [({"a", "b"}, {"b", "c"}, 1 / 3), ({"a"}, {"a"}, 1.0), ({"a"}, set(), 0.0), (set(), set(), 1.0)],
)
def test_jaccard(left: set[str], right: set[str], value: float) -> None:
    assert jaccard(left, right) == value == jaccard(right, left)


LATIN = st.text(st.characters(max_codepoint=0x2FF) | st.characters(min_codepoint=0x2000, max_codepoint=0x206F))


@given(LATIN)
def test_the_quick_pattern_finds_the_same_words_in_latin_text(text: str) -> None:
    assert [match.span() for match in _LATIN_WORD.finditer(text)] == [match.span() for match in _WORD.finditer(text)]


@given(st.text())
def test_words_are_counted_as_they_are_found(text: str) -> None:
    assert count_words(text) == len(word_spans(text))
