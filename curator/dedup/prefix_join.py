"""All pairs of sets at a similarity, none missed: an inverted index over the rarest members of each set.

Two sets of Jaccard similarity t or more have at least ceil(t / (1 + t) * (|A| + |B|)) members in common; so, with all
members in one global order, some member is common among the first |A| - ceil(t |A|) + 1 of A and the like of B. With
the rarest members first, those prefixes meet by chance seldom.

How rare a member is, is told by how many members of all sets fall in its slot, which is named by its upper bits.

Source: S. Chaudhuri, V. Ganti and R. Kaushik, 2006, "A primitive operator for similarity joins in data cleaning"; C.
Xiao et al., 2008, "Efficient similarity joins for near duplicate detection" (PPJoin), of which the length filter is
used here; the kernel uses its filter by position, too.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from curator.dedup.forest import Groups
from curator.dedup.shingles import Sets

_ROUNDING = 1e-9
"""What a product of floating-point numbers may be too large by, which must not cost a pair at exactly the threshold."""

_MOST_COUNTED = 65535
"""Members that occur more often are all equally common."""


def prefix_join(sets: Sets, threshold: float, groups: Groups) -> Iterator[tuple[int, int, float]]:
    """Find every pair at the threshold.

    Texts are gone through by the size of their sets, then by number; each is compared with the earlier ones that share
    a member of its prefix: by that member's place in the prefix, then the latest first.

    Args:
        sets: the sets; an empty one is in no pair.
        threshold: the smallest similarity, above 0 and at most 1.
        groups: pairs are found within a group only. Shape: (texts,).

    Yields:
        (smaller number, larger number, similarity), each pair once.
    """
    slots = sets.values >> np.uint32(32 - index_bits(sets))
    counts = np.minimum(np.bincount(slots[sets.offsets[0] : sets.offsets[-1]]), _MOST_COUNTED).astype(np.uint64)
    sizes = np.diff(sets.offsets)
    prefixes = prefix_sizes(sizes, threshold)
    index: dict[tuple[int, int], list[int]] = {}
    members: dict[int, frozenset[int]] = {}
    for text in np.argsort(sizes, kind="stable").tolist():
        size = int(sizes[text])
        if not size:
            continue
        span = slice(sets.offsets[text], sets.offsets[text + 1])
        rarest = np.argsort(counts[slots[span]], kind="stable")[: prefixes[text]]
        own, group = frozenset(sets.of(text).tolist()), int(groups[text])
        prefix = sets.of(text)[rarest].tolist()
        for other in dict.fromkeys(other for member in prefix for other in reversed(index.get((group, member), []))):
            if len(members[other]) < threshold * size - _ROUNDING:
                continue
            common = len(own & members[other])
            similarity = common / (size + len(members[other]) - common)
            if similarity >= threshold:
                yield min(text, other), max(text, other), similarity
        members[text] = own
        for member in prefix:
            index.setdefault((group, member), []).append(text)


def prefix_sizes(sizes: npt.NDArray[np.int64], threshold: float) -> npt.NDArray[np.int64]:
    """Return how many members of sets have to be indexed.

    Args:
        sizes: how many members the sets have.
        threshold: the smallest similarity that is to be found, above 0 and at most 1.

    Returns:
        For each, |A| - ceil(t |A|) + 1; 0 for an empty set. Shape: that of `sizes`.
    """
    needed = np.ceil(threshold * sizes - _ROUNDING).astype(np.int64)
    fewest: npt.NDArray[np.int64] = np.minimum(sizes - needed + 1, sizes)
    return fewest


def index_bits(sets: Sets) -> int:
    """Return by how many of their upper bits members are told apart where they are counted: about four to a slot."""
    return min(26, max(8, int(sets.offsets[-1] - sets.offsets[0]).bit_length() - 2))
