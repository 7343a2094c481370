"""Signs on which the sense turns, and the many that say nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.text.signs import _found, signs
from curator.text.words import normalise


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("3 + 4", ["+"]),
        ("3-4", ["-"]),
        ("x < y\nx>y", ["<", ">"]),
        ("a × b ÷ 2 ≤ c ≠ 1", ["*", "/", "<=", "!="]),
        ("10²", ["^"]),
        ("f(a) - f(b)", ["-"]),
        ("name == other, name != other", ["==", "!="]),
        ("count < limit", ["<"]),
        ("price + tax, price+tax", ["+", "+"]),
        ("total += 1; i++", ["+=", "++"]),
        ("ready() || !done", ["||", "!"]),
        ("C", []),
        ("C++ and C++11", ["++", "++"]),
        ("C#, F#.", ["#", "#"]),
        ("guests of 18+", ["+"]),
    ],
)
def test_signs_that_say_something(text: str, found: list[str]) -> None:
    assert signs(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "a well-known e-mail - and/or a letter - of the 3-year-old",
        "- eggs\n- 2 spoons\n* salt\n> a quotation\n# A heading",
        "<p>**Bold** and _slanted_</p> ![a picture](of/it.png)",
        "Great! ---- ==== **** a -> b",
        "issue #5, it's - a pity",
        "",
    ],
)
def test_signs_that_say_nothing(text: str) -> None:
    assert signs(text) == []


@given(st.text("ab1 \n'+-*/%^|<>=!#()[].") | st.text())
def test_a_text_that_is_passed_over_has_none_and_its_normal_form_has_the_same(text: str) -> None:
    assert (
        signs(text)
        == list(
            _found(
                normalise(text).translate({0xD7: "*", 0xF7: "/", 0x2044: "/", 0x2264: "<=", 0x2265: ">=", 0x2260: "!="})
            )
        )
        == signs(normalise(text))
    )
