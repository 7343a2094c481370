"""The order of passages: each beginning of it is spread over the whole."""

from __future__ import annotations

import pytest

from generators.book.order import spread


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 8, 61, 1000])
def test_nothing_is_lost(count: int) -> None:
    assert sorted(spread(range(count))) == list(range(count))


def test_a_known_order() -> None:
    assert spread(range(8)) == [0, 4, 2, 6, 1, 5, 3, 7]


@pytest.mark.parametrize("share", [0.1, 0.25, 0.6])
def test_every_tenth_of_the_book_gets_its_share_of_a_beginning(share: float) -> None:
    beginning = spread(range(700))[: int(700 * share)]
    tenths = [sum(place // 70 == tenth for place in beginning) for tenth in range(10)]
    assert max(tenths) <= 2 * min(tenths)
