"""Twins that state other facts stay apart, and telling their facts does not cost more than it must."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.dedup import kernel
from curator.dedup.guard import common_words, fact_keys
from curator.dedup.near import near_duplicates
from curator.text.names import lower_case_words

pieces = st.sampled_from(
    ["Rain", "rain", "'rain'", "RAIN's", "it`s", "\u00a0sun", "Éa", "éa", "ß", "7th", "漢A", "\ud800b"]
)
columns = st.lists(st.lists(pieces, max_size=5).map(" ".join) | st.lists(pieces, max_size=3).map("\n".join), max_size=6)


@given(columns, columns)
def test_common_words_are_those_that_stand_in_lower_case(openers: list[str], others: list[str]) -> None:
    corpus = [*openers, *others]
    opening = {word.casefold() for word in re.findall(r"[^\W\d_][^\W_]*", "\n".join(openers)) if word[0].isupper()}
    wanted = opening & lower_case_words("\n".join(corpus))
    assert common_words(openers, corpus) == wanted
    with pytest.MonkeyPatch.context() as without:
        without.setattr(kernel, "is_built", lambda: False)
        assert common_words(openers, corpus) == wanted


def test_only_capitalised_words_are_looked_for() -> None:
    corpus = ["Rain fell on Bergen. Sun shone.", "the rain and the sun", *["More of it."] * 3000, "sun of bergens"]
    assert common_words(corpus[:1], corpus) == {"rain", "sun"}
    assert common_words([], corpus) == frozenset()


def test_equal_texts_have_equal_keys_and_other_facts_others() -> None:
    texts = ["It rains in Bergen.", "It rains in Oslo.", "It rains in Bergen.", "It rains in Bergen 2 days.", "\ud800"]
    keys = fact_keys(texts, common=frozenset())
    assert keys[0] == keys[2]
    assert len(set(keys)) == 4
    assert all(len(key) == 16 for key in keys)


@pytest.mark.parametrize(
    ("one", "other", "joined"),
    [
        ("The ferry leaves the harbour at noon in March.", "The ferry leaves the harbour at noon in April.", False),
        ("The ferry has a crew of 12 and a cook on board.", "The ferry has a crew of 13 and a cook on board.", False),
        ("The ferry leaves the harbour at noon, every day.", "The ferry leaves the harbour at noon every day!", True),
    ],
)
def test_twins_with_other_facts_stay_apart(one: str, other: str, joined: bool) -> None:
    assert bool(near_duplicates([one, other], threshold=0.6)) == joined
    assert near_duplicates([one, other], threshold=0.6, guard=False)
