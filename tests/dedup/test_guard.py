"""Twins that state other facts stay apart, and telling their facts does not cost more than it must."""

from __future__ import annotations

import re
from typing import Any

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
    ("one", "other"),
    [
        ("It takes sha1 sums.", "It takes sha256 sums."),
        ("It runs on python2.7 today.", "It runs on python3.11 today."),
        ("Read the file page_1.html now.", "Read the file page_2.html now."),
        ("请总结第１２章的内容", "请总结第１３章的内容"),
        ("It costs $.50 each.", "It costs $.60 each."),
        ("It is 10² metres.", "It is 102 metres."),
        ("What is 3 + 4?", "What is 3 - 4?"),
        ("Prove that x < y holds.", "Prove that x > y holds."),
        ("Why learn C?", "Why learn C++?"),
        ("Why learn C++?", "Why learn C#?"),
        ("Why learn F?", "Why learn F#?"),
        ("What does a == b do?", "What does a != b do?"),
        ("Is it safe?", "Is it not safe?"),
        ("It works with salt.", "It works without salt."),
        ("It can be done.", "It can\u2019t be done."),
    ],
)
def test_other_numbers_in_words_signs_and_negations_are_other_facts(one: str, other: str) -> None:
    first, second = fact_keys([one, other], common=frozenset({"it", "read"}))
    assert first != second


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("It takes sha1 sums.", "It makes sha1 sums."),
        ("gpt2 writes", "gpt-2 wrote"),
        ("第１２章", "第12章"),
        ("it is 10² metres", "it is 10^2 metres"),
        ("for x≤3 - so", "for x <= 3, so"),
        ("it isn't so", "it is not so"),
        ("3 + 4", "3+4"),
    ],
)
def test_the_same_in_another_spelling_is_the_same_fact(one: str, other: str) -> None:
    first, second = fact_keys([one, other], common=frozenset({"it"}))
    assert first == second


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


@pytest.mark.parametrize(
    ("texts", "options", "error", "said"),
    [
        ("a string", {}, TypeError, "a list of strings, not one string"),
        (["a", None], {}, TypeError, "text 1 is None"),
        (["a", 7], {"engine": "datasketch"}, TypeError, "text 1 is 7"),
        (["a"], {"threshold": 7}, ValueError, "at most 1, not 7"),
        (["a"], {"threshold": 0}, ValueError, "above 0"),
        (["a"], {"threshold": float("nan")}, ValueError, "not nan"),
        (["a"], {"method": "fast"}, ValueError, "there is no method 'fast'; choose one of near, exact"),
        (["a"], {"shingles": "lines"}, ValueError, "no shingles 'lines'"),
        (["a"], {"engine": "spark"}, ValueError, "no engine 'spark'"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    texts: list[str], options: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        near_duplicates(texts, **options)
