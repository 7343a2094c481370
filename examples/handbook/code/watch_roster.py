"""A roster of watches: three watches a day, each with enough net hands, nobody on two in a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import cycle

WATCHES = {"Dew Watch": ("06:00", 3), "Turn Watch": ("14:00", 2), "Lamp Watch": ("22:00", 2)}
"""Each watch's beginning, and the fewest net hands it needs."""

NET_HANDS = ["Ada", "Bram", "Cora", "Dirk", "Elin", "Finn", "Greta", "Hugo", "Iris", "Jory"]


def roster(days: int, hands: list[str]) -> Iterator[tuple[int, str, list[str]]]:
    """Yield each day's watches with the hands on them, taken in turn."""
    needed = max(count for _begins, count in WATCHES.values())
    if len(hands) < 2 * needed:
        raise ValueError(f"{len(hands)} hands are too few; {2 * needed} keep anybody from two watches in a row")
    turn = cycle(hands)
    for day in range(1, days + 1):
        for watch, (_begins, count) in WATCHES.items():
            yield day, watch, [next(turn) for _ in range(count)]


def watches_of(days: int, hands: list[str]) -> Counter[str]:
    """Return how many watches each hand stands."""
    return Counter(hand for _day, _watch, on_watch in roster(days, hands) for hand in on_watch)


def clashes(days: int, hands: list[str]) -> list[tuple[int, str, str]]:
    """Return who stands two watches in a row, as (day, watch, hand)."""
    found = []
    before: set[str] = set()
    for day, watch, on_watch in roster(days, hands):
        found += [(day, watch, hand) for hand in on_watch if hand in before]
        before = set(on_watch)
    return found


if __name__ == "__main__":
    for day, watch, on_watch in roster(3, NET_HANDS):
        print(f"day {day}, {watch:<10} from {WATCHES[watch][0]}: {', '.join(on_watch)}")
    print(watches_of(30, NET_HANDS).most_common())
