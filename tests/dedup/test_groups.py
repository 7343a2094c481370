"""Texts of different groups are never joined, and cost no comparison, of either engine."""

from __future__ import annotations

import numpy as np
import pytest

from curator.dedup import kernel, portable
from curator.dedup.minhash import band_keys, signatures
from curator.dedup.near import Engine, near_duplicates
from tests.dedup.test_reference import ENGINES, every_engine

ALIKE = ["the ferry leaves the old pier at seven every morning", "the ferry leaves the old pier at nine every evening"]
LOW = 0.3
"""A threshold at which a band is a single value."""


def twins(count: int) -> list[str]:
    """Return texts that differ in a number only."""
    end = "in which a dog and a cat walk to the old ferryman's house and listen to his tales of the river"
    return [f"Write a long story about {number} {end}." for number in range(count)]


@every_engine
def test_texts_of_different_groups_whose_keys_are_equal_are_not_joined(engine: Engine) -> None:
    sets = portable.shingled(ALIKE, "words", LOW)
    one, other = (row.astype(np.uint64) for row in signatures(sets.words))
    band = int(np.flatnonzero(one != other)[0])
    groups = np.array([(other - one)[band], 0], dtype=np.uint64)
    keys = band_keys(signatures(sets.words), LOW, groups)
    assert keys[band, 0] == keys[band, 1]
    assert len(engine.near_forest(sets, LOW, groups).left) == 0
    assert len(engine.near_forest(sets, LOW, np.zeros(2, dtype=np.uint64)).left) == 1


def test_twins_of_as_many_groups_are_not_looked_at_pair_by_pair() -> None:
    """Pair by pair they would be 20 thousand million: five minutes instead of a moment."""
    texts = twins(200_000)
    for engine in ENGINES[1:]:
        sets = engine.shingled(texts, "words", 0.5)
        for groups in (np.arange(len(texts), dtype=np.uint64), np.arange(len(texts), dtype=np.uint64) << np.uint64(32)):
            assert len(engine.exact_forest(sets, 0.5, groups).left) == 0


def test_twins_that_the_guard_holds_apart_take_a_moment_by_the_exact_method() -> None:
    assert near_duplicates(twins(50_000), method="exact", shingles="words", threshold=0.5, engine="auto") == {}


@pytest.mark.skipif(not kernel.is_built(), reason="the kernel was not compiled")
@pytest.mark.parametrize("members", [2, 3, 50])
@pytest.mark.parametrize("threshold", [0.5, 0.9])
def test_groups_are_joined_within_themselves(members: int, threshold: float) -> None:
    texts = twins(600)
    groups = np.arange(len(texts), dtype=np.uint64) // np.uint64(members) * np.uint64(0x9E3779B97F4A7C15)
    sets = kernel.shingled(texts, "words", threshold)
    ours, wanted = kernel.exact_forest(sets, threshold, groups), portable.exact_forest(sets, threshold, groups)
    assert [column.tolist() for column in ours] == [column.tolist() for column in wanted]
    assert len(ours.left) == (len(texts) - len(texts) // members if threshold == 0.5 else 0)
    assert (groups[ours.left] == groups[ours.right]).all()
