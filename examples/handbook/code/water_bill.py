"""A household's daily share of water, and its monthly bill in marls and bits."""

from __future__ import annotations

STANDING_CHARGE_BITS = 600
PRICE_WITHIN_SHARE_BITS = 4
PRICE_ABOVE_SHARE_BITS = 15
LITRES_PER_ANIMAL = {"cow": 40, "mule": 25, "goat": 6}


def daily_share(people: int, animals: dict[str, int] | None = None) -> int:
    """Return how many litres a household may draw in a day.

    A full share serves up to four people; each further one adds 35 litres. Hens and cats bring nothing.
    """
    if people < 1:
        raise ValueError("a household has at least one person")
    litres = 180 + 35 * max(0, people - 4)
    for animal, count in (animals or {}).items():
        litres += LITRES_PER_ANIMAL.get(animal, 0) * count
    return litres


def bill_bits(litres_drawn: int, share: int, days: int = 30, *, dry_step: bool = False) -> int:
    """Return the bill for a month in bits; in a dry step water above the share costs double."""
    allowed = share * days
    within = min(litres_drawn, allowed)
    above = litres_drawn - within
    price_above = PRICE_ABOVE_SHARE_BITS * (2 if dry_step else 1)
    return STANDING_CHARGE_BITS + within // 10 * PRICE_WITHIN_SHARE_BITS + above // 10 * price_above


def in_marls(bits: int) -> str:
    """Return an amount as people write it: 100 bits are one marl."""
    marls, rest = divmod(bits, 100)
    return f"{marls} marls {rest} bits" if rest else f"{marls} marls"


if __name__ == "__main__":
    share = daily_share(people=5, animals={"goat": 2})
    print(f"share: {share} litres a day")
    print(f"bill:  {in_marls(bill_bits(7_500, share))}")
