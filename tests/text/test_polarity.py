"""The words on which a statement turns."""

from __future__ import annotations

import pytest

from curator.text.polarity import negations, polarity


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", set()),
        ("Guests may use the kitchen; many set up a tent.", set()),
        ("Guests may NOT use it.", {"not"}),
        ("Nobody can\u2019t: it isn't, cannot, never", {"not"}),
        ("No.", {"not"}),
        ("YES, turn left before the maximum", {"yes", "left", "before", "maximum"}),
        ("notes, knot, lefty, nevertheless", set()),
        ("\ud800 fewer", {"fewer"}),
    ],
)
def test_it_is_told_by_its_words(text: str, words: set[str]) -> None:
    assert polarity(text) == words


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("It is safe.", 0),
        ("It is NOT safe.", 1),
        ("It isn\u2019t safe without a guide, and no one cannot say so.", 4),
        ("Never! Do not", 2),
        ("knot, notes, nose", 0),
    ],
)
def test_negations_are_counted(text: str, count: int) -> None:
    assert negations(text) == count
