"""Texts are compared without case, punctuation, typography and accents; short sums with their signs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.contamination.forms import compared_words, signed_words, weight, without_layout
from curator.text.words import words


@given(st.text(st.characters(max_codepoint=127)))
def test_the_short_cut_for_ascii_finds_the_same_words(text: str) -> None:
    assert list(compared_words(text)) == words(without_layout(text))


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
        ("What is **7** + *5*?", "what is 7 + 5"),
        ("20% of 50, -3 and √2", "20 % of 50 - 3 and √ 2"),
        ("sin x + cos x", "sin x + cos x"),
        ("> What is\n> the **capital**", "what is the capital"),
        ("- this / that * other, GPT-3", "this that other gpt 3"),
        ("", ""),
    ],
)
def test_signs_stand_between_words(text: str, expected: str) -> None:
    assert " ".join(signed_words(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "What is the **capital** of _France_?",
        "What is the <b class='x'>capital</b> of<br/>France?",
        "> What is\n> the capital of France?",
        "## What is the\n- *capital* of `France`?",
        "What is the [capital](https://example.org/a_b) of France?",
        "What is the&nbsp;capital of ***France***?",
    ],
)
def test_markdown_and_html_do_not_matter(text: str) -> None:
    assert compared_words(text) == ("what", "is", "the", "capital", "of", "france")
    assert signed_words(text) == compared_words(text)


@pytest.mark.parametrize("text", ["2 * 3 * 4", "2*3*4", "a_b_c", "a < b and c > d", "x[0](y)", "a<b", "-3"])
def test_what_is_no_layout_stays(text: str) -> None:
    assert without_layout(text) == text


def test_a_character_weighs_what_it_says() -> None:
    assert weight(compared_words("naïve café")) == 2
    assert weight(compared_words("中国最长的河流")) == 3.5
    assert weight(compared_words("กรุงเทพ")) == 1.5
