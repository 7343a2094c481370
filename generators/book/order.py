"""The order in which passages are asked about: one of which every beginning is spread over the whole book.

Source:
    The van der Corput sequence in base 2 (van der Corput 1935): places in the order of their bits read backwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

LARGEST_SPREAD_CHARS = 20_000_000
"""Longer libraries are asked about from their beginning: to spread, all of the text has to be cut before the first
question."""


def spread(items: Sequence[T]) -> list[T]:
    """Return items so that each beginning of the list is spread evenly over all of it.

    Args:
        items: in any order.

    Returns:
        The same items: the first, that in the middle, those at the quarters, and so on.
    """
    bits = max(1, (len(items) - 1).bit_length())
    places = sorted(range(len(items)), key=lambda place: f"{place:0{bits}b}"[::-1])
    return [items[place] for place in places]
