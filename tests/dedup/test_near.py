"""From a forest to what is left out: each text's way to the one that stays."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.dedup import minhash, near, portable
from curator.dedup.clusters import Numbers, components, neighbours_towards, stand_ins
from curator.dedup.forest import Forest
from curator.dedup.near import Duplicate, duplicates, near_duplicates
from curator.dedup.shingles import Shingled
from tests.dedup.corpus import corpus


def all_looked_at(sets: Shingled, forest: Forest, order: Numbers | None) -> dict[int, Duplicate]:
    """Return what `duplicates` returns, text by text, with every text numbered."""
    stays = stand_ins(components(len(sets.short), forest.left, forest.right), order)
    towards = neighbours_towards(stays, forest.left, forest.right)
    leave = np.flatnonzero(stays != np.arange(len(stays)))
    direct = portable.similarities(sets, leave, stays[leave])
    steps = portable.similarities(sets, leave, towards[leave])
    return {
        int(text): Duplicate(int(stays[text]), float(whole), int(towards[text]), float(step))
        for text, whole, step in zip(leave, direct, steps, strict=True)
    }


@pytest.mark.parametrize("ordered", [False, True])
def test_what_is_left_out_is_what_looking_at_all_texts_says(ordered: bool) -> None:
    texts = corpus(4, 400)
    order = np.random.default_rng(1).permutation(len(texts)).astype(np.int64) if ordered else None
    sets = portable.shingled(texts, "auto", 0.5)
    forest = portable.near_forest(sets, 0.5, np.zeros(len(texts), dtype=np.uint64))
    found = duplicates(sets, forest, portable, order)
    assert found == all_looked_at(sets, forest, order)
    assert list(found) == sorted(found)
    assert len(found) > 30


@given(st.integers(0, 10_000), st.integers(1, 70), st.sampled_from([1, 3, 100]))
def test_ways_through_any_trees(seed: int, count: int, reach: int) -> None:
    draw = random.Random(seed)
    parents = [
        (draw.randrange(max(0, child - reach), child), child) for child in range(1, count) if draw.random() < 0.9
    ]
    numbers = draw.sample(range(count), count)
    pairs = sorted((min(numbers[one], numbers[other]), max(numbers[one], numbers[other])) for one, other in parents)
    left, right = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    order = np.array(draw.sample(range(count), count), dtype=np.int64)
    stays = stand_ins(components(count, left, right), order)
    assert near._towards(stays, left, right).tolist() == neighbours_towards(stays, left, right).tolist()


def test_of_crowded_texts_as_many_are_said_as_the_guard_left_crowded() -> None:
    """Among the like of their facts, all can be compared."""
    end = "in which a dog and a cat walk to the old ferryman's house and listen to his tales of the river"
    texts = [f"write a story about {number % 100} {'abcdefghijklmnop'[number // 100]}x {end}" for number in range(1200)]
    assert near_duplicates(texts, threshold=0.9, guard=False).crowded > 1000
    assert near_duplicates(texts, threshold=0.9).crowded == 0
    assert near_duplicates(texts, threshold=0.9, guard=False, method="exact").crowded == 0
    joined = near_duplicates(texts, threshold=0.5, guard=False)
    assert (len(joined), joined.crowded) == (1199, 0)


def test_rows_of_a_ragged_array() -> None:
    draw = np.random.default_rng(1)
    sizes = draw.integers(0, 4, 2000)
    offsets = np.concatenate([[5], 5 + np.cumsum(sizes)])
    values = draw.integers(0, 1 << 32, offsets[-1], dtype=np.uint32)
    rows = np.flatnonzero(draw.integers(0, 3, len(sizes)))
    wanted = [values[offsets[row] : offsets[row + 1]].tolist() for row in rows]
    chosen, ends = near._rows(values, offsets, rows)
    assert [chosen[first:end].tolist() for first, end in itertools.pairwise(ends)] == wanted


def test_nothing_alike_leaves_nothing_out() -> None:
    assert near_duplicates([]) == {}
    assert near_duplicates(["It rains in Bergen.", ""]) == {}


def test_permutations_are_those_of_datasketch() -> None:
    from datasketch import MinHash

    theirs = MinHash(num_perm=minhash.PERMUTATIONS, scheme=minhash.SCHEME).permutations
    assert minhash.permutations().tolist() == theirs.tolist()
    assert minhash.permutations().dtype == theirs.dtype
    assert minhash.permutations().flags.c_contiguous


def test_the_kernel_loads_no_library_but_numpy() -> None:
    program = (
        "import sys; from curator.dedup.near import near_duplicates; "
        "near_duplicates(['rain in Bergen', 'rain in Bergen']); "
        "from curator.dedup.kernel import is_built; "
        "sys.exit(is_built() and bool({'scipy', 'datasketch'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
