"""The engine without a compiler: signatures by `datasketch`, the rest by numpy. It defines what the kernel does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from curator.dedup import shingles as cutting
from curator.dedup.choices import Shingles
from curator.dedup.clusters import Joined
from curator.dedup.forest import Forest, Groups
from curator.dedup.minhash import WINDOW, band_keys, signatures
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
    through by ascending key, in a bucket texts by ascending number; each text is compared with up to `WINDOW` texts
    before it in the bucket, the nearest first. A pair whose texts are in one tree already is passed over, and so is,
    by characters, a pair without a short text.

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
        for left, right in _proposed(space, threshold, groups, crowded):
            if needs_short and not (sets.short[left] or sets.short[right]):
                continue
            if joined.together(left, right):
                continue
            similarity = _jaccard(space, left, right)
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
        found[pair] = _jaccard(space, one, other)
    return found


def _proposed(
    space: Sets, threshold: float, groups: Groups, crowded: npt.NDArray[np.bool_]
) -> Iterator[tuple[int, int]]:
    """Yield the pairs that share a band, in the order that `near_forest` describes; mark who was not shown to all."""
    texts = np.flatnonzero(np.diff(space.offsets))
    if not len(texts):
        return
    for keys in band_keys(signatures(space)[texts], threshold, groups[texts]):
        order = np.argsort(keys, kind="stable")
        bounds = np.flatnonzero(np.diff(keys[order])) + 1
        for bucket in np.split(order, bounds):
            if len(bucket) > WINDOW + 1:
                crowded[texts[bucket]] = True
            members = texts[bucket].tolist()
            for place in range(1, len(members)):
                for before in range(place - 1, max(-1, place - 1 - WINDOW), -1):
                    yield members[before], members[place]


def _jaccard(space: Sets, left: int, right: int) -> float:
    one, other = space.of(left), space.of(right)
    common = len(np.intersect1d(one, other, assume_unique=True))
    union = len(one) + len(other) - common
    return common / union if common else 0.0
