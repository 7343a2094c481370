"""Equal texts are those of one normal form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.dedup import kernel
from curator.dedup.equal import chosen_texts, equal_texts
from curator.dedup.texts import Texts
from curator.text.words import normalise

pieces = st.sampled_from([*"aAb \t\x1c\u00a0`’'“\"ﬁéÉ\x00", "fi"])
texts = st.lists(st.lists(pieces, max_size=4).map("".join), max_size=12)


@given(texts)
def test_the_first_of_each_normal_form_stays(column: list[str]) -> None:
    first: dict[str, int] = {}
    expected = {}
    for number, form in enumerate(map(normalise, column)):
        if form and first.setdefault(form, number) != number:
            expected[number] = first[form]
    assert equal_texts(Texts.of(column)) == expected
    with pytest.MonkeyPatch.context() as without:
        without.setattr(kernel, "is_built", lambda: False)
        assert equal_texts(Texts.of(column)) == expected


@given(texts)
def test_the_preferred_one_stays(column: list[str]) -> None:
    order = np.random.default_rng(len(column)).permutation(len(column)).astype(np.int64)
    for gone, stays in equal_texts(Texts.of(column), order).items():
        assert normalise(column[gone]) == normalise(column[stays])
        alike = [number for number, text in enumerate(column) if normalise(text) == normalise(column[gone])]
        assert order[stays] == min(order[alike])


def test_half_a_surrogate_pair_is_a_character() -> None:
    assert equal_texts(Texts.of(["\ud800 a", "\ud801 a", "\ud800  A"])) == {2: 0}


@pytest.mark.parametrize("places", [[], [0], [2], [0, 1, 3], [1, 2], [0, 1, 2, 3]])
def test_some_texts(places: list[int]) -> None:
    column = ["one", "", "drei: é", "four"]
    for given_texts in (Texts.of(column), Texts.of(["before", *column])[1:]):
        assert list(chosen_texts(given_texts, np.array(places, dtype=np.int64))) == [column[at] for at in places]
