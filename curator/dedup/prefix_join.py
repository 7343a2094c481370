"""All pairs of sets at a similarity, none missed: an inverted index over the rarest members of each set.

Two sets of Jaccard similarity t or more have at least ceil(t / (1 + t) * (|A| + |B|)) members in common; so, with all members
in one global order, some member is common among the first |A| - ceil(t |A|) + 1 of A and the like of B. With the rarest
members first, those prefixes meet by chance seldom.

Source: S. Chaudhuri, V. Ganti and R. Kaushik, 2006, "A primitive operator for similarity joins in data cleaning"; C. Xiao
et al., 2008, "Efficient similarity joins for near duplicate detection" (PPJoin), of which the length filter is used here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from curator.dedup.forest import Groups
from curator.dedup.shingles import Sets


def prefix_join(sets: Sets, threshold: float, groups: Groups) -> Iterator[tuple[int, int, float]]:
    """Find every pair at the threshold.

    Args:
        sets: the sets; an empty one is in no pair.
        threshold: the smallest similarity, above 0 and at most 1.
        groups: pairs are found within a group only. Shape: (texts,).

    Yields:
        (smaller number, larger number, similarity), each pair once.
    """
    distinct, inverse, counts = np.unique(sets.values, return_inverse=True, return_counts=True)
    rank = np.empty(len(distinct), dtype=np.int64)
    rank[np.argsort(counts, kind="stable")] = np.arange(len(distinct))
    ranked = rank[inverse]
    sizes = np.diff(sets.offsets)
    index: dict[tuple[int, int], list[int]] = {}
    members: dict[int, frozenset[int]] = {}
    for text in np.argsort(sizes, kind="stable").tolist():
        size = int(sizes[text])
        if not size:
            continue
        ordered = np.sort(ranked[sets.offsets[text] : sets.offsets[text + 1]]).tolist()
        own, group = frozenset(ordered), int(groups[text])
        prefix = ordered[: size - math.ceil(threshold * size - _ROUNDING) + 1]
        candidates = {other for member in prefix for other in index.get((group, member), ())}
        for other in sorted(candidates):
            if len(members[other]) < threshold * size - _ROUNDING:
                continue
            common = len(own & members[other])
            similarity = common / (size + len(members[other]) - common)
            if similarity >= threshold:
                yield min(text, other), max(text, other), similarity
        members[text] = own
        for member in prefix:
            index.setdefault((group, member), []).append(text)


_ROUNDING = 1e-9
"""What a product of floating-point numbers may be too large by, which must not cost a pair at exactly the threshold."""
