"""The pairs that were found alike: no more of them than it takes to join each cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Groups = npt.NDArray[np.uint64]
"""A number for each text; texts with different numbers are never joined. Shape: (texts,)."""


class Forest(NamedTuple):
    """Verified pairs of near-duplicates, without a circle: each tree is a cluster, each edge a proof.

    Attributes:
        left: the smaller number of each pair. Shape: (pairs,).
        right: the larger number. Shape: (pairs,).
        similarity: the exact Jaccard similarity, threshold..1. Shape: (pairs,).
        crowded: the texts that were not compared with all others of a bucket, because it is so full, while not all of
            it are in one tree: they may belong to clusters to which they were not joined. Shape: (texts,).
    """

    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    similarity: npt.NDArray[np.float64]
    crowded: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, edges: Sequence[tuple[int, int, float]], crowded: npt.NDArray[np.bool_]) -> Forest:
        """Build a forest of edges, sorted by their texts' numbers.

        Args:
            edges: the pairs with their similarity.
            crowded: see the class.

        Returns:
            The forest.
        """
        ordered = sorted((min(one, other), max(one, other), similarity) for one, other, similarity in edges)
        left, right, similarity = zip(*ordered, strict=True) if ordered else ((), (), ())
        return cls(
            np.array(left, dtype=np.int64),
            np.array(right, dtype=np.int64),
            np.array(similarity, dtype=np.float64),
            crowded,
        )
