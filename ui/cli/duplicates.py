"""Which rows of a file repeat others: equal texts first, then alike ones, then those that mean the same."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from curator.dedup.choices import EngineName, Shingles
from curator.errors import RecipeError
from curator.record import Record, Turn
from curator.stage import Context
from curator.stage.ordered import as_stream

if TYPE_CHECKING:
    from curator.dedup.clusters import Numbers
    from curator.dedup.texts import Texts
    from curator.formats.row_reading import Reading

Method = Literal["near", "exact", "semantic"]

NEAR_THRESHOLD = 0.8
"""At which Jaccard similarity texts are near-duplicates unless another one is wanted."""

LEAST_COSINE = 0.5
"""The least threshold of `semantic-dedup`."""

COLUMNS = {"dropped_reason": str, "duplicate_of": str, "duplicate_row": int, "similarity": float, "via_row": int}
"""What is said about a row that goes, and its type."""


class Choice(NamedTuple):
    """How duplicates are told.

    Attributes:
        method: how they are found.
        threshold: the least similarity: Jaccard's, or with `semantic` the cosine; None for the method's usual one.
        shingles: what texts are compared by.
        guard: whether texts that state other numbers or names stay apart.
        engine: who compares.
    """

    method: Method = "near"
    threshold: float | None = None
    shingles: Shingles = "auto"
    guard: bool = True
    engine: EngineName = "auto"


class Found(NamedTuple):
    """What was found.

    Attributes:
        gone: for each row that goes, by its place, why.
        crowded: how many rows lie in families too large to be compared completely.
    """

    gone: dict[int, Gone]
    crowded: int = 0


class Gone(NamedTuple):
    """Why a row goes.

    Attributes:
        reason: `exact-duplicate`, `near-duplicate` or `semantic-duplicate`.
        of: the place of the row that stays.
        similarity: to that one, 0..1; of semantic duplicates, to the row over which they were joined.
        via: the place of the row over which the two were joined; `of` itself if directly.
    """

    reason: str
    of: int
    similarity: float
    via: int


def find_duplicates(texts: Texts, choice: Choice, order: Numbers | None, doing: Callable[[str], None]) -> Found:
    """Find the rows that are not to stay.

    Args:
        texts: the rows' texts.
        choice: how duplicates are told.
        order: each row's place in the order of preference; None for the order of the rows. Shape: (rows,).
        doing: told what is being done.

    Returns:
        The rows that go, and how many could not be compared with all.
    """
    from curator.dedup.equal import equal_texts

    if choice.method == "semantic" and choice.threshold is not None and choice.threshold < LEAST_COSINE:
        raise RecipeError(f"--threshold {choice.threshold}: of meanings, below {LEAST_COSINE} everything is alike")
    doing(f"comparing {len(texts):,} texts")
    gone = {place: Gone("exact-duplicate", of, 1.0, of) for place, of in equal_texts(texts, order).items()}
    crowded = 0
    if choice.threshold != 1 or choice.method == "semantic":
        near = _near(texts, choice, order, gone)
        _join(gone, near.gone)
        crowded = near.crowded
    if choice.method == "semantic":
        doing(f"embedding {len(texts) - len(gone):,} texts")
        _join(gone, _semantic(texts, choice, order, gone))
    return Found(gone, crowded)


def ranked(reading: Reading) -> Numbers | None:
    """Return each row's place in the order of preference: by falling rank, equals as they come; None without ranks."""
    import numpy as np

    if not len(reading.ranks):
        return None
    places = np.empty(len(reading.ranks), dtype=np.int64)
    places[np.argsort(-reading.ranks, kind="stable")] = np.arange(len(places))
    return places


def described(reading: Reading, gone: dict[int, Gone]) -> dict[int, dict[str, Any]]:
    """Return what is written about each row that goes, as `COLUMNS` says."""
    return {
        place: {
            "dropped_reason": why.reason,
            "duplicate_of": reading.name(why.of),
            "duplicate_row": int(reading.numbers[why.of]),
            "similarity": round(why.similarity, 4),
            "via_row": int(reading.numbers[why.via]),
        }
        for place, why in gone.items()
    }


def summary(reading: Reading, found: Found) -> dict[str, int]:
    """Return the counts that a person wants to see."""
    gone = found.gone
    reasons = Counter(why.reason for why in gone.values())
    sizes = Counter(why.of for why in gone.values())
    rows = len(reading.numbers)
    return {
        "rows": rows,
        "exact_duplicates": reasons["exact-duplicate"],
        "near_duplicates": reasons["near-duplicate"],
        "semantic_duplicates": reasons["semantic-duplicate"],
        "unreadable": len(reading.unreadable),
        "kept": rows - len(gone) - len(reading.unreadable),
        "without_text": reading.without_text,
        "clusters": len(sizes),
        "largest_cluster": max(sizes.values(), default=0) + 1 if sizes else 0,
        "crowded": found.crowded,
    }


def _near(texts: Texts, choice: Choice, order: Numbers | None, gone: dict[int, Gone]) -> Found:
    from curator.dedup.equal import chosen_texts
    from curator.dedup.near import near_duplicates

    left = _left(texts, gone)
    found = near_duplicates(
        chosen_texts(texts, left),
        threshold=NEAR_THRESHOLD if choice.threshold is None or choice.method == "semantic" else choice.threshold,
        shingles=choice.shingles,
        method="exact" if choice.method == "exact" else "near",
        guard=choice.guard,
        engine=choice.engine,
        order=None if order is None else order[left],
    )
    near = {
        int(left[place]): Gone("near-duplicate", int(left[twin.of]), twin.similarity, int(left[twin.via]))
        for place, twin in found.items()
    }
    return Found(near, found.crowded)


def _semantic(texts: Texts, choice: Choice, order: Numbers | None, gone: dict[int, Gone]) -> dict[int, Gone]:
    """Ask the stage `semantic-dedup`, which looks at records in the order of preference."""
    from evaluators.semantic_dedup import SemanticDedup

    left = [int(place) for place in _left(texts, gone) if texts[int(place)].strip()]
    if order is not None:
        left.sort(key=order.__getitem__)
    options = {"drop": True, "guard": choice.guard}
    stage = SemanticDedup(options if choice.threshold is None else {**options, "threshold": choice.threshold})
    context = Context()
    records = [Record((Turn("user", texts[place]),)) for place in left]
    judged = asyncio.run(_collected(stage.run(as_stream(records), context)))
    places = dict(zip((record.id for record in records), left, strict=True))
    found: dict[int, Gone] = {}
    for place, record in zip(left, judged, strict=True):
        if record.drop is not None:
            [score] = record.scores
            of, via = places[record.drop.of[0]], places[score.of]
            found[place] = Gone(record.drop.reason, of, score.value or 0.0, via)
    return found


async def _collected(records: AsyncIterator[Record]) -> list[Record]:
    return [record async for record in records]


def _left(texts: Texts, gone: dict[int, Gone]) -> Numbers:
    """Return the places of the rows that still stay, ascending."""
    import numpy as np

    stays = np.ones(len(texts), dtype=np.bool_)
    stays[list(gone)] = False
    return np.flatnonzero(stays)


def _join(gone: dict[int, Gone], found: dict[int, Gone]) -> None:
    """Add rows that go; those that they were to stay in place of go for the same row then."""
    for place, why in gone.items():
        if why.of in found:
            end = found[why.of]
            gone[place] = Gone(why.reason, end.of, end.similarity, why.of)
    gone.update(found)
