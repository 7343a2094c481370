"""Exact match and token F1 as SQuAD has them, by hand; and the stretch of a text that is nearest to a quote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.text.overlap import NEAR, exact_match, nearest_stretch, squad_normalise, token_f1

PASSAGE = "The library opens at nine o'clock. It closes at 4.30 p.m. on Mondays. Mrs. Long keeps the keys of Room 12."


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("The Eiffel Tower!", "eiffel tower"),
        ("  an   apple, a day ", "apple day"),
        ("“Don’t”", "dont"),
        ("theatre at Athens", "theatre at athens"),  # no article inside a word
        ("the", ""),
        ("...", ""),
        ("", ""),
        ("10,000", "10000"),
        ("naïve – café", "naïve café"),
        ("你好。", "你好。"),  # SQuAD takes only ASCII punctuation away
    ],
)
def test_squad_normal_form(text: str, form: str) -> None:
    assert squad_normalise(text) == form


@pytest.mark.parametrize(
    ("answer", "reference", "em", "f1"),
    [
        ("Denver Broncos", "denver broncos.", 1.0, 1.0),
        ("the Denver Broncos", "Denver Broncos", 1.0, 1.0),
        ("Denver", "Denver Broncos", 0.0, 2 / 3),  # precision 1, recall 1/2
        ("Broncos of Denver", "Denver Broncos", 0.0, 4 / 5),  # precision 2/3, recall 1
        ("in 1804 in 1804", "in 1804", 0.0, 2 / 3),  # tokens are counted as often as they stand
        ("Paris", "London", 0.0, 0.0),
        ("", "", 1.0, 1.0),
        ("the", "a", 1.0, 1.0),  # nothing is left of either
        ("", "London", 0.0, 0.0),
        ("London", "", 0.0, 0.0),
    ],
)
def test_exact_match_and_token_f1(answer: str, reference: str, em: float, f1: float) -> None:
    assert exact_match(answer, reference) == em
    assert token_f1(answer, reference) == pytest.approx(f1)


@given(st.text(max_size=60), st.text(max_size=60))
def test_f1_is_symmetric_in_range_and_1_for_the_same(left: str, right: str) -> None:
    assert token_f1(left, right) == token_f1(right, left)
    assert 0 <= token_f1(left, right) <= 1
    assert token_f1(left, left) == exact_match(left, left) == 1
    if exact_match(left, right):
        assert token_f1(left, right) == 1


@pytest.mark.parametrize(
    ("quote", "f1", "stretch"),
    [
        ("IT CLOSES at 4.30 p.m. on Mondays", 1.0, "It closes at 4.30 p.m. on Mondays"),
        ("It closes at 4.30 p.m. on a Monday", 16 / 18, "It closes at 4.30 p.m. on"),  # 8 of 10 words, 8 long
        (
            "It opens at nine o'clock",
            8 / 9,
            "opens at nine o'clock",
        ),  # order counts: "opens at nine o'clock. It" is none
        ("zebras dance", None, ""),
        ("", None, ""),
    ],
)
def test_nearest_stretch(quote: str, f1: float | None, stretch: str) -> None:
    found = nearest_stretch(quote, PASSAGE)
    if f1 is None:
        assert found is None
    else:
        assert found is not None
        assert PASSAGE[found.start : found.end] == stretch
        assert found.f1 == pytest.approx(f1)


def test_a_stretch_may_be_longer_or_shorter_than_the_quote() -> None:
    """A word left out of a long quote, or put in, still leaves it near."""
    words = "Mrs. Long keeps the keys of Room 12"
    for quote in ("Mrs. Long keeps all the keys of Room 12", "Mrs. Long keeps keys of Room 12"):
        found = nearest_stretch(quote, PASSAGE)
        assert found is not None
        assert PASSAGE[found.start : found.end] == words
        assert found.f1 >= NEAR


WORDS = st.lists(st.sampled_from("a b c d".split()), max_size=7)


@given(WORDS, WORDS)
def test_no_stretch_of_the_quotes_length_is_nearer(quote: list[str], text: list[str]) -> None:
    """Held against trying every window."""
    found = nearest_stretch(" ".join(quote), " ".join(text))
    size = min(len(quote), len(text))
    windows = [text[at : at + size] for at in range(len(text) - size + 1)] if size else []
    best = max((2 * common_subsequence(quote, window) / (len(quote) + size) for window in windows), default=0)
    assert (found.f1 if found else 0) >= best
    assert found is None or 0 < found.f1 <= 1


def common_subsequence(left: list[str], right: list[str]) -> int:
    """Return the length of the longest common subsequence, by its definition."""
    if not left or not right:
        return 0
    if left[0] == right[0]:
        return 1 + common_subsequence(left[1:], right[1:])
    return max(common_subsequence(left[1:], right), common_subsequence(left, right[1:]))
