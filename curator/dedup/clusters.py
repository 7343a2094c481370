"""From pairs to clusters, and from a cluster to the one member that stays."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]


class Joined:
    """Which of n things belong together, by union-find with path halving; the smallest number is a tree's root.

    Source: R. Tarjan and J. van Leeuwen, 1984, "Worst-case analysis of set union algorithms", Journal of the ACM 31(2).
    Differs in that the smaller number becomes the root, so that the result does not depend on the order of joining.
    """

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))

    def root(self, thing: int) -> int:
        """Return the smallest number that `thing` belongs together with."""
        parent = self._parent
        while parent[thing] != thing:
            parent[thing] = thing = parent[parent[thing]]
        return thing

    def together(self, one: int, other: int) -> bool:
        """Return whether two things were joined, be it through others."""
        return self.root(one) == self.root(other)

    def join(self, one: int, other: int) -> None:
        """Put two things, and all that belongs to them, together."""
        low, high = sorted((self.root(one), self.root(other)))
        self._parent[high] = low

    def roots(self) -> Numbers:
        """Return the root of each thing. Shape: (count,)."""
        return np.fromiter(map(self.root, range(len(self._parent))), dtype=np.int64, count=len(self._parent))


def components(count: int, left: Iterable[int], right: Iterable[int]) -> Numbers:
    """Return which cluster each thing is in.

    Args:
        count: how many things there are.
        left: one thing of each pair, by its number.
        right: the other.

    Returns:
        For each thing the smallest number in its cluster; its own if it stands alone. Shape: (count,).
    """
    joined = Joined(count)
    for one, other in zip(left, right, strict=True):
        joined.join(int(one), int(other))
    return joined.roots()


def stand_ins(clusters: Numbers, order: Numbers | None = None) -> Numbers:
    """Choose who stays of each cluster.

    Args:
        clusters: as `components` gives them. Shape: (count,).
        order: who goes first, each thing's place in the order of preference; the order of numbers unless given.
            Shape: (count,).

    Returns:
        For each thing the number of the member that stays for it; its own if it stays itself. Shape: (count,).
    """
    if order is None:
        return clusters.copy()
    best = np.arange(len(clusters), dtype=np.int64)
    for thing in np.argsort(order, kind="stable")[::-1].tolist():  # the most preferred is written last
        best[clusters[thing]] = thing
    return best[clusters]


def neighbours_towards(stays: Numbers, left: Iterable[int], right: Iterable[int]) -> Numbers:
    """Return for each thing the next one on its way to the member that stays.

    Args:
        stays: as `stand_ins` gives it. Shape: (count,).
        left: one thing of each pair.
        right: the other.

    Returns:
        The neighbour over which it was joined; its own number if it stays, or stands alone. Shape: (count,).
    """
    near: dict[int, list[int]] = {}
    for one, other in zip(map(int, left), map(int, right), strict=True):
        near.setdefault(one, []).append(other)
        near.setdefault(other, []).append(one)
    towards = np.arange(len(stays), dtype=np.int64)
    for start in sorted(thing for thing in near if stays[thing] == thing):
        seen, waiting = {start}, deque([start])
        while waiting:
            at = waiting.popleft()
            for thing in near[at]:
                if thing not in seen:
                    seen.add(thing)
                    towards[thing] = at
                    waiting.append(thing)
    return towards
