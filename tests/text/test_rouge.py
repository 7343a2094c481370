"""ROUGE-L as the reference computes it, and an index that finds the same as comparing with everything."""

from __future__ import annotations

import sys

import pytest
from absl import logging as absl_logging
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from curator.text.rouge import NoveltyIndex, Similar, ascii_words, rouge_l

# rouge-score brings absl, whose log handler closes its stream when logging is set up anew: pytest's, at this moment.
absl_logging.get_absl_handler().python_handler.stream = sys.__stderr__

SENTENCES = st.lists(st.sampled_from("a b c d e f g Write the poem's sea-side".split()), max_size=9).map(" ".join)
ANY_TEXT = st.text(max_size=40)
POOLS = st.lists(SENTENCES, max_size=25)


def index_of(*texts: str) -> NoveltyIndex:
    """Return an index that holds `texts`."""
    index = NoveltyIndex()
    for text in texts:
        index.add(text)
    return index


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("write a short poem about the sea", "write a short poem about the moon", 0.8571),
        ("write a poem about the sea", "compose a poem about the ocean", 0.6667),
        ("list five fruits", "list five vegetables", 0.6667),
        ("what is the capital of france", "what is the capital of spain", 0.8333),
        ("the same", "the same", 1.0),
        ("one two three", "three two one", 1 / 3),
        ("nothing in common", "at all", 0.0),
        ("", "something", 0.0),
        ("", "", 0.0),
    ],
)
def test_golden_values(left: str, right: str, expected: float) -> None:
    assert rouge_l(left, right) == pytest.approx(expected, abs=5e-5)
    assert rouge_l(left, right, str.split) == pytest.approx(expected, abs=5e-5)


@given(left=st.one_of(SENTENCES, ANY_TEXT), right=st.one_of(SENTENCES, ANY_TEXT))
def test_with_its_words_we_say_what_rouge_score_says(left: str, right: str) -> None:
    theirs = RougeScorer(["rougeL"], use_stemmer=False).score(left, right)["rougeL"].fmeasure
    assert rouge_l(left, right, ascii_words) == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("text", ["Опиши море одним словом", "写一首关于大海的诗", "وصف البحر في جملة"])
def test_words_of_other_scripts_do_not_vanish(text: str) -> None:
    assert rouge_l(text, text) == 1.0
    assert rouge_l(text, text, ascii_words) == 0.0
    assert index_of(text).most_similar(text) == [Similar(0, 1.0)]


@given(pool=POOLS, text=SENTENCES, k=st.integers(1, 12))
def test_the_most_similar_are_those_of_all_comparisons(pool: list[str], text: str, k: int) -> None:
    scored = sorted((-rouge_l(text, other), number) for number, other in enumerate(pool))
    expected = [Similar(number, -score) for score, number in scored if score][:k]
    assert index_of(*pool).most_similar(text, k) == expected


def test_a_large_pool_is_looked_through_in_several_steps() -> None:
    """More texts than one look takes have the same bound, and only the last of them scores."""
    shuffled = "five four three two one"
    pool = [shuffled] * 500 + ["one two three four five"]
    index = index_of(*pool)
    assert index.most_similar("one two three four five", 2) == [Similar(500, 1.0), Similar(0, 0.2)]


def test_a_score_on_a_threshold_is_not_below_it() -> None:
    """7 of 10 words in order: 2·7 / 20 is 0.7 to the last bit."""
    left, right = "a b c d e f g x y z", "a b c d e f g u v w"
    assert rouge_l(left, right) == 0.7
    assert index_of(left).most_similar(right) == [Similar(0, 0.7)]


def test_words_that_are_not_in_the_pool_count_in_the_length() -> None:
    assert index_of("list five fruits").most_similar("list five unheard-of things") == [Similar(0, 4 / 8)]


def test_an_index_counts_what_it_holds() -> None:
    index = index_of("a", "", "a")
    assert len(index) == 3
    assert index.add("b") == 3
    assert index.most_similar("a") == [Similar(0, 1.0), Similar(2, 1.0)]
    assert index.most_similar("") == []
