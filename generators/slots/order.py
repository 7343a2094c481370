"""The order in which fillings are drawn: templates in turn, and a longer draw begins with the shorter one."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

from generators.slots.forms import Form


def shuffled(size: int, chance: random.Random) -> Iterator[int]:
    """Yield the numbers below `size` in random order, without holding them all.

    Source: Durstenfeld 1964, "Algorithm 235: Random permutation", Communications of the ACM 7(7); the array is kept
    only where it differs from 0, 1, 2, ...

    Args:
        size: how many numbers.
        chance: where the randomness comes from.

    Yields:
        Each number once; the first ones do not depend on how many are taken.
    """
    moved: dict[int, int] = {}
    for place in range(size):
        other = chance.randrange(place, size)
        yield moved.get(other, other)
        moved[other] = moved.pop(place, place)


def in_turn(forms: Sequence[Form], chance: Callable[[str], random.Random]) -> Iterator[tuple[Form, int]]:
    """Draw fillings template by template in turn, each template's in an order of its own.

    At every point a template with a `share` makes up no more than that of what was drawn, its first record apart; a
    longer draw begins with the shorter one.

    Args:
        forms: the templates.
        chance: gives the randomness for a template's name.

    Yields:
        A form and the number of one of its fillings.
    """
    orders = [shuffled(form.combinations, chance(form.entry.name)) for form in forms]
    drawn, total = [0] * len(forms), 0
    open_places = list(range(len(forms)))
    while open_places:
        before = total
        for place in list(open_places):
            share = forms[place].entry.share
            if share is not None and drawn[place] and drawn[place] + 1 > share * (total + 1):
                continue
            number = next(orders[place], None)
            if number is None:
                open_places.remove(place)
                continue
            drawn[place] += 1
            total += 1
            yield forms[place], number
        if total == before and all(forms[place].entry.share is not None for place in open_places):
            return
