"""The engine without a compiler: signatures by `datasketch`, the rest by numpy. It defines what the kernel does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache, partial

import numpy as np
import numpy.typing as npt

from curator.dedup import shingles as cutting
from curator.dedup.choices import Shingles
from curator.dedup.clusters import Joined
from curator.dedup.forest import Forest, Groups
from curator.dedup.minhash import UNCROWDED, WINDOW, band_keys, signatures
from curator.dedup.prefix_join import prefix_join
from curator.dedup.shingles import Sets, Shingled

name = "datasketch"
"""What this engine is called by the user."""


def shingled(texts: Sequence[str], shingles: Shingles, threshold: float) -> Shingled:
    """Cut texts into shingles; see `curator.dedup.shingles.shingled`."""
    return cutting.shingled(texts, shingles, threshold)


def near_forest(sets: Shingled, threshold: float, groups: Groups) -> Forest:
    """Join the pairs that bands propose and their sets confirm.

    First by words, then by characters: for each band in turn, texts with equal keys form a bucket. Buckets are gone
    through by ascending key, in a bucket texts by ascending number; each text is compared with those before it in the
    bucket, the nearest first: with all of them in a bucket of up to `UNCROWDED` texts, with `WINDOW` in a fuller one.
    A pair whose texts are in one tree already is passed over, and so is a pair of different groups, whose keys may be
    equal by chance, and by characters a pair without a short text.

    Args:
        sets: the texts' shingles.
        threshold: the similarity at which two texts are joined.
        groups: the group of each text; texts of different groups are never joined. Shape: (texts,).

    Returns:
        The forest.
    """
    joined = Joined(len(sets.short))
    crowded = np.zeros(len(sets.short), dtype=np.bool_)
    edges: list[tuple[int, int, float]] = []
    for space, needs_short in ((sets.words, False), (sets.characters, True)):
        members = lru_cache(2 * UNCROWDED)(partial(_members, space))
        for left, right in _proposed(space, threshold, groups, crowded, joined):
            if groups[left] != groups[right] or (needs_short and not (sets.short[left] or sets.short[right])):
                continue
            similarity = _jaccard(members(left), members(right))
            if similarity >= threshold:
                joined.join(left, right)
                edges.append((left, right, similarity))
    return Forest.of(edges, crowded)


def exact_forest(sets: Shingled, threshold: float, groups: Groups) -> Forest:
    """Join all pairs at the threshold, none missed; see `curator.dedup.prefix_join`.

    Args:
        sets: the texts' shingles.
        threshold: the similarity at which two texts are joined.
        groups: the group of each text; texts of different groups are never joined. Shape: (texts,).

    Returns:
        The forest.
    """
    joined = Joined(len(sets.short))
    edges: list[tuple[int, int, float]] = []
    for space, needs_short in ((sets.words, False), (sets.characters, True)):
        for left, right, similarity in prefix_join(space, threshold, groups):
            if needs_short and not (sets.short[left] or sets.short[right]):
                continue
            if not joined.together(left, right):
                joined.join(left, right)
                edges.append((left, right, similarity))
    return Forest.of(edges, np.zeros(len(sets.short), dtype=np.bool_))


def similarities(sets: Shingled, left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the exact Jaccard similarity of pairs of texts.

    Args:
        sets: the texts' shingles.
        left: the number of one text of each pair.
        right: the number of the other.

    Returns:
        Their similarities, 0..1; by characters if one of the two is short, and 0 if the other is too long for that.
    """
    found = np.zeros(len(left), dtype=np.float64)
    for pair, (one, other) in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
        space = sets.characters if sets.short[one] or sets.short[other] else sets.words
        found[pair] = _jaccard(_members(space, one), _members(space, other))
    return found


def _proposed(
    space: Sets, threshold: float, groups: Groups, crowded: npt.NDArray[np.bool_], joined: Joined
) -> Iterator[tuple[int, int]]:
    """Yield the pairs that share a band and are of two trees, in the order that `near_forest` describes."""
    for bucket in _buckets(space, threshold, groups):
        is_crowded = len(bucket) > UNCROWDED
        window = WINDOW if is_crowded else UNCROWDED
        texts = bucket.tolist()
        in_one_tree = True
        for place, text in enumerate(texts):
            for before in reversed(texts[max(0, place - window) : place]):
                if not joined.together(before, text):
                    yield before, text
                elif in_one_tree:
                    break
            in_one_tree = in_one_tree and joined.together(texts[0], text)
        crowded[bucket] |= is_crowded and not in_one_tree


def _buckets(space: Sets, threshold: float, groups: Groups) -> Iterator[npt.NDArray[np.int64]]:
    """Yield the texts with equal keys, band by band."""
    texts = np.flatnonzero(np.diff(space.offsets))
    if not len(texts):
        return
    for keys in band_keys(signatures(space)[texts], threshold, groups[texts]):
        order = np.argsort(keys, kind="stable")
        for bucket in np.split(order, np.flatnonzero(np.diff(keys[order])) + 1):
            yield texts[bucket]


def _members(space: Sets, text: int) -> frozenset[int]:
    return frozenset(space.of(text).tolist())


def _jaccard(one: frozenset[int], other: frozenset[int]) -> float:
    common = len(one & other)
    return common / (len(one) + len(other) - common) if common else 0.0
