"""Twins that state other facts stay apart, and telling their facts does not cost more than it must."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.dedup import guard
from curator.dedup.guard import common_words, fact_keys
from curator.dedup.near import near_duplicates
from curator.text.names import lower_case_words
from tests.dedup.corpus import ALPHABETS

LATIN = "".join(map(chr, (*range(0x300), *range(0x2000, 0x2070))))


@given(st.text(LATIN) | st.text("aB c'’_2²½ß\n") | st.text("".join(ALPHABETS)))
def test_the_quick_way_finds_the_same_words(text: str) -> None:
    assert guard._lower_case_words(text) == lower_case_words(text)


def test_every_latin_letter_is_told_the_same_way() -> None:
    for letter in LATIN:
        text = f"{letter} a{letter}b a'{letter} {letter}a"
        assert guard._lower_case_words(text) == lower_case_words(text), hex(ord(letter))


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
