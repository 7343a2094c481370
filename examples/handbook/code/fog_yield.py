"""How much water the fog brings: the five grades, the nets of a rank, and a year on the ridge."""

from __future__ import annotations

NET_AREA_M2 = 48

LITRES_PER_M2 = {"clear": 0.0, "wisp": 0.5, "veil": 2.0, "fleece": 5.0, "wool": 9.0, "wall": 14.0}
"""Litres that a square metre of net catches in a day, by the grade of the fog."""

NETS = {"Lugsail": 44, "Jib": 48, "Staysail": 56, "Mizzen": 64, "Topsail": 72, "Royal": 52}

DAYS_IN_A_YEAR = {"wisp": 96, "veil": 84, "fleece": 71, "wool": 38, "wall": 12, "clear": 64}


def grade(posts: int, *, thumb_visible: bool = False) -> str:
    """Return the grade of the fog for the number of posts that can be seen, 0 to 10."""
    if not 0 <= posts <= 10:
        raise ValueError(f"there are ten posts, not {posts}")
    if posts == 10 and thumb_visible:
        return "clear"
    for least, name in ((9, "wisp"), (7, "veil"), (4, "fleece"), (2, "wool")):
        if posts >= least:
            return name
    return "wall"


def litres_in_a_day(fog: str, reefed: frozenset[str] = frozenset()) -> float:
    """Return what all ranks catch in a day; a reefed rank catches nothing."""
    nets = sum(count for rank, count in NETS.items() if rank not in reefed)
    return nets * NET_AREA_M2 * LITRES_PER_M2[fog]


def litres_in_a_year() -> float:
    """Return what an average year brings."""
    return sum(days * litres_in_a_day(fog) for fog, days in DAYS_IN_A_YEAR.items())


if __name__ == "__main__":
    for fog in LITRES_PER_M2:
        print(f"{fog:>7}: {litres_in_a_day(fog):>10,.0f} litres a day")
    print(f"   year: {litres_in_a_year():>10,.0f} litres")
