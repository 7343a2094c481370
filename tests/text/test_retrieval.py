"""Passages are found by their words, by hand-computed BM25."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.text.retrieval import BM25, Hit

CATS = ("The cat sat on the mat.", "Dogs bark at night.", "A night in the harbour of Vell.", "Dogs bark at night.")


def places(hits: list[Hit]) -> list[int]:
    """Return which texts were found."""
    return [hit.place for hit in hits]


@pytest.mark.parametrize(
    ("query", "k", "found"),
    [
        ("Which dog barks?", 4, [1, 3]),  # the same stems; equal scores in the texts' order
        ("At night, dogs BARK", 4, [1, 3, 2]),
        ("the harbour", 4, [2, 0]),  # "the" weighs little, and is no stop word
        ("dogs", 1, [1]),
        ("dogs", 0, []),
        ("zebra", 4, []),
        ("", 4, []),
        ("?!", 4, []),
    ],
)
def test_bm25_finds_by_words(query: str, k: int, found: list[int]) -> None:
    assert places(BM25(CATS).top(query, k)) == found


def test_a_score_by_hand() -> None:
    """Lucene's BM25: idf = ln(1 + (N - n + 0.5)/(n + 0.5)), times tf/(tf + k1·(1 - b + b·|d|/mean|d|))."""
    texts = ("cat", "cat dog", "dog dog bird")
    found = {hit.place: hit.score for hit in BM25(texts).top("dog", 3)}
    idf = math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))

    def score(times: int, length: int) -> float:
        return idf * times / (times + 1.5 * (1 - 0.75 + 0.75 * length / 2))

    assert found == {1: pytest.approx(score(1, 2), rel=1e-4), 2: pytest.approx(score(2, 3), rel=1e-4)}


def test_there_must_be_something_to_search() -> None:
    with pytest.raises(ValueError, match="no text"):
        BM25(())


@pytest.mark.parametrize("texts", [("",), ("!", "?"), ("", "a cat", "")])
def test_texts_without_words_are_no_hits(texts: tuple[str, ...]) -> None:
    assert places(BM25(texts).top("cat", 3)) == [place for place, text in enumerate(texts) if "cat" in text]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(alphabet="ab c", max_size=12), min_size=1, max_size=8), st.text(alphabet="ab c", max_size=6))
def test_hits_are_ranked_distinct_and_a_prefix_of_more(texts: list[str], query: str) -> None:
    everything = BM25(texts).top(query, len(texts))
    assert len(set(places(everything))) == len(everything)
    assert everything == sorted(everything, key=lambda hit: (-hit.score, hit.place))
    assert all(hit.score > 0 for hit in everything)
    assert BM25(texts).top(query, 2) == everything[:2]


def test_many_passages_are_ranked_in_order() -> None:
    texts = [f"page {number} of the log" for number in range(3000)]
    assert places(BM25(texts).top("page 2718", 2)) == [2718, 0]
