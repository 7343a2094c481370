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
            if not _may_draw(forms[place], drawn[place], total):
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


class Turns:
    """Whose turn it is among templates whose fillings are not drawn but come from elsewhere, one after the other."""

    def __init__(self, forms: Sequence[Form]) -> None:
        """Begin with the first one.

        Args:
            forms: the templates.
        """
        self._forms = forms
        self._drawn = [0] * len(forms)
        self._place = 0

    def next(self, total: int) -> int | None:
        """Return the place of the next template whose share allows one more.

        Args:
            total: how many records were made so far, of these templates and all others.

        Returns:
            Its place among the templates; None where each has its share.
        """
        count = len(self._forms)
        places = (place % count for place in range(self._place, self._place + count))
        return next((place for place in places if _may_draw(self._forms[place], self._drawn[place], total)), None)

    def take(self, place: int) -> Form:
        """Return the template at a place, count it, and go on behind it.

        Args:
            place: what `next` returned.

        Returns:
            The template.
        """
        self._drawn[place] += 1
        self._place = place + 1
        return self._forms[place]


def _may_draw(form: Form, drawn: int, total: int) -> bool:
    """Return whether one more record of a template stays within its share of all; its first one always does."""
    share = form.entry.share
    return share is None or not drawn or drawn + 1 <= share * (total + 1)
