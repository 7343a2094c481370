"""Near vectors are found: all of them in a small set, nearly all in a large one."""

from __future__ import annotations

import sys

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.embedding.base import unit_rows
from curator.embedding.neighbours import Pairs, neighbours, pairs_at_least
from curator.errors import StageError

pytestmark = pytest.mark.filterwarnings("default")  # faiss's bindings warn about themselves

Vectors = npt.NDArray[np.float32]


def clustered(count: int, dimensions: int = 96, seed: int = 0) -> Vectors:
    """Return vectors in small clusters of all densities, within topics."""
    draw = np.random.default_rng(seed)
    topics = draw.normal(size=(60, dimensions))
    centres = draw.normal(size=(count // 4, dimensions)) + 1.2 * topics[draw.integers(0, 60, count // 4)]
    spread = draw.uniform(0.1, 0.7, size=(count, 1))
    noise = draw.normal(size=(count, dimensions)) * spread
    return unit_rows((centres[draw.integers(0, len(centres), count)] + noise).astype(np.float32))


def listed(pairs: Pairs) -> list[tuple[int, int]]:
    """Return pairs as they come."""
    return list(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 60), st.sampled_from([0.3, 0.6, 0.9]), st.integers(0, 5))
def test_all_pairs_of_a_small_set(count: int, threshold: float, seed: int) -> None:
    vectors = clustered(max(count, 4), 8, seed)[:count]
    wanted = [
        (left, right) for left in range(count) for right in range(left + 1, count)
        if float(np.einsum("d,d->", vectors[left], vectors[right])) >= threshold
    ]  # fmt: skip
    found = pairs_at_least(vectors, threshold)
    assert listed(found) == wanted
    assert found.cosine == pytest.approx([vectors[left] @ vectors[right] for left, right in wanted], abs=1e-5)


def test_pairs_across_blocks() -> None:
    vectors = clustered(2500, 32)
    products = vectors @ vectors.T
    left, right = np.nonzero(np.triu(products >= 0.9, k=1))
    assert listed(pairs_at_least(vectors, 0.9)) == list(zip(left.tolist(), right.tolist(), strict=True))


def test_the_inverted_file_finds_nearly_all_pairs_and_no_others() -> None:
    vectors = clustered(6000)
    wanted, found = pairs_at_least(vectors, 0.9), pairs_at_least(vectors, 0.9, dense_rows=0)
    assert len(wanted.left) > 5000
    assert set(listed(found)) <= set(listed(wanted))
    assert len(found.left) >= 0.99 * len(wanted.left)
    assert len(set(listed(found))) == len(found.left)
    cosines = dict(zip(listed(wanted), wanted.cosine.tolist(), strict=True))
    assert [cosines[pair] for pair in listed(found)] == found.cosine.tolist()


def test_a_pair_at_the_threshold_is_proposed_though_8_bits_tell_it_lower() -> None:
    vectors = clustered(2000)
    whole = pairs_at_least(vectors, 0.85)
    places = range(0, len(whole.left), len(whole.left) // 20)
    found = [listed(pairs_at_least(vectors, float(whole.cosine[place]), dense_rows=0)) for place in places]
    hits = [listed(whole)[place] in pairs for place, pairs in zip(places, found, strict=True)]
    assert np.mean(hits) >= 0.9


@pytest.mark.parametrize("dense_rows", [0, 10_000])
def test_the_same_is_found_again(dense_rows: int) -> None:
    vectors = clustered(3000)
    first, second = (pairs_at_least(vectors, 0.9, dense_rows=dense_rows) for _again in range(2))
    assert listed(first) == listed(second)
    assert first.cosine.tobytes() == second.cosine.tobytes()


@pytest.mark.parametrize("dense_rows", [0, 10_000])
def test_with_most_each_keeps_its_nearest_earlier_partners(dense_rows: int) -> None:
    vectors = clustered(1500)
    whole = pairs_at_least(vectors, 0.7, dense_rows=dense_rows)
    some = pairs_at_least(vectors, 0.7, most=2, dense_rows=dense_rows)
    expected = []
    for later in range(len(vectors)):
        mine = whole.taken(whole.right == later)
        expected += [(int(mine.left[at]), later) for at in np.lexsort((mine.left, -mine.cosine))[:2]]
    assert listed(some) == sorted(expected)
    assert len(some.left) < len(whole.left)


@pytest.mark.parametrize("dense_rows", [0, 10_000])
def test_thousands_alike_stay_few_pairs(dense_rows: int) -> None:
    vectors = np.repeat(clustered(4)[:1], 3000, axis=0)
    found = pairs_at_least(vectors, 0.9, most=3, dense_rows=dense_rows)
    assert len(found.left) <= 3 * 3000
    assert set(found.right.tolist()) == set(range(1, 3000))


def test_a_crowd_is_thinned_to_its_nearest_and_of_equals_to_the_earliest() -> None:
    crowd = clustered(4)[:1] + 0.01 * np.random.default_rng(1).normal(size=(300, 96)).astype(np.float32)
    vectors = np.concatenate([unit_rows(crowd), np.repeat(np.eye(1, 96, dtype=np.float32), 300, axis=0)])
    whole, some = pairs_at_least(vectors, 0.9), pairs_at_least(vectors, 0.9, most=2)
    expected = []
    for later in range(600):
        mine = whole.taken(whole.right == later)
        expected += [(int(mine.left[at]), later) for at in np.lexsort((mine.left, -mine.cosine))[:2]]
    assert listed(some) == sorted(expected)
    assert listed(some)[-1] == (301, 599)


@pytest.mark.parametrize("count", [3, 4, 5, 6])
def test_a_pair_at_the_threshold_is_found_however_a_block_rounds(count: int) -> None:
    """The threshold is the exact cosine of a pair, whose product in a block may be a little smaller."""
    vectors = clustered(2000, seed=count)
    whole = pairs_at_least(vectors, 0.8)
    for place in range(0, len(whole.left), len(whole.left) // 8):
        found = pairs_at_least(vectors, float(whole.cosine[place]))
        assert (whole.left[place], whole.right[place]) in listed(found)
        assert len(found.left) == int((whole.cosine >= whole.cosine[place]).sum())


@pytest.mark.parametrize("dense_rows", [0, 10_000])
def test_the_nearest_of_each(dense_rows: int) -> None:
    vectors = clustered(2000)
    places, cosines = neighbours(vectors, 3, dense_rows=dense_rows)
    products = vectors @ vectors.T
    np.fill_diagonal(products, -2)
    nearest = products.max(axis=1)
    near = nearest >= 0.9
    assert near.sum() > 1000
    assert np.mean(np.abs(cosines[near, 0] - nearest[near]) < 1e-5) >= 0.99
    assert (np.diff(cosines, axis=1) <= 0).all()
    assert (places != np.arange(2000)[:, None]).all()
    assert np.take_along_axis(products, places, axis=1) == pytest.approx(cosines, abs=1e-5)


def test_equally_near_ones_come_as_they_stand() -> None:
    vectors = np.repeat(np.eye(2, dtype=np.float32), 3, axis=0)
    places, cosines = neighbours(vectors, 2)
    assert places.tolist() == [[1, 2], [0, 2], [0, 1], [4, 5], [3, 5], [3, 4]]
    assert cosines.tolist() == [[1, 1]] * 6


@pytest.mark.parametrize(("count", "wanted"), [(0, []), (1, [[-1, -1]]), (2, [[1, -1], [0, -1]])])
def test_where_there_are_too_few(count: int, wanted: list[list[int]]) -> None:
    places, cosines = neighbours(clustered(8)[:count], 2)
    assert places.tolist() == wanted
    assert cosines.shape == (count, 2)
    assert (cosines[places == -1] == -1).all()


def test_a_large_set_needs_faiss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(StageError, match=r"pip install 'instruct-curator\[embeddings\]'"):
        pairs_at_least(clustered(100), 0.9, dense_rows=50)
    assert pairs_at_least(clustered(100), 0.9).left.size
