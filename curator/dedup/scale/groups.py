"""From links to groups, and from groups to cells: what the driver does with numbers alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from curator.dedup.scale.splits import Split

Numbers = npt.NDArray[np.int64]

CELL_TEXTS = 1 << 15
"""How many texts a cell has, about; a group is never cut."""

_MOST_LINKS = 1 << 24


class Links:
    """Pairs of texts that were proposed to each other; no more of them are held than it takes to know the groups."""

    def __init__(self) -> None:
        self._left: list[Numbers] = []
        self._right: list[Numbers] = []
        self._held = 0

    def add(self, left: Numbers, right: Numbers) -> None:
        """Take in links.

        Args:
            left: one text of each.
            right: the other.
        """
        self._left.append(left)
        self._right.append(right)
        self._held += len(left)
        if self._held > _MOST_LINKS:
            members, firsts = self.groups()
            self._left, self._right = [firsts], [members]
            self._held = 0  # what remains is at most one link a text, and shrinks no further

    def groups(self) -> tuple[Numbers, Numbers]:
        """Return the linked texts, ascending, and the first text of each one's group."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        left, right = (np.concatenate([np.zeros(0, np.int64), *ends]) for ends in (self._left, self._right))
        members, places = np.unique(np.concatenate([left, right]), return_inverse=True)
        if not len(members):
            return members, members
        ends = places[: len(left)], places[len(left) :]
        graph = coo_array((np.ones(len(left), dtype=np.int8), ends), shape=(len(members), len(members)))
        _count, group = connected_components(graph, directed=False)
        _groups, first = np.unique(group, return_index=True)  # members ascend, so the first seen is the smallest
        return members, members[first][group]


class Cells(NamedTuple):
    """Which texts are compared, and where.

    Attributes:
        numbers: the texts, ascending.
        cells: the cell of each.
        largest_group: how many texts the largest group has, which no two workers can share.
    """

    numbers: Numbers
    cells: Numbers
    largest_group: int

    @classmethod
    def of(cls, members: Numbers, firsts: Numbers) -> Cells:
        """Pack whole groups into cells.

        Args:
            members: the linked texts, ascending.
            firsts: the first text of each one's group.

        Returns:
            The cells.
        """
        _firsts, group, sizes = np.unique(firsts, return_inverse=True, return_counts=True)
        before = np.cumsum(sizes) - sizes
        cells = (before // CELL_TEXTS)[group] if len(sizes) else group
        return cls(members, cells.astype(np.int64), int(sizes.max(initial=0)))

    def only(self, numbers: Numbers) -> Cells:
        """Return the cells with no other texts than these, which ascend."""
        here = np.searchsorted(self.numbers, numbers)
        return Cells(numbers, self.cells[here], self.largest_group)

    def slices(self, count: int) -> list[Cells]:
        """Return the cells in so many parts, each with whole cells and about as many texts."""
        order = np.sort(self.cells)
        bounds = [order[len(order) * at // count] for at in range(1, count)] if len(order) else []
        part = np.searchsorted(np.array(bounds, dtype=np.int64), self.cells, side="right")
        chosen = [part == at for at in range(count)]
        found = [Cells(self.numbers[mask], self.cells[mask], self.largest_group) for mask in chosen]
        return [each for each in found if len(each.numbers)]

    def by_split(self, splits: Sequence[Split]) -> tuple[list[Split], list[dict[str, Any]]]:
        """Return the splits that have any of the texts, and for each its `numbers` and `cells`."""
        found = [(split, range_of(split, self.numbers)) for split in splits]
        found = [(split, here) for split, here in found if here.stop > here.start]
        columns = [{"numbers": self.numbers[here], "cells": self.cells[here]} for _split, here in found]
        return [split for split, _here in found], columns


def range_of(split: Split, numbers: Numbers) -> slice:
    """Return where the rows of a split are among numbers that ascend."""
    return slice(*np.searchsorted(numbers, (split.first, split.first + split.rows)).tolist())
