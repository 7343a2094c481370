"""What is decided about the texts of a cell: which of them repeat others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from curator.dedup.equal import equal_texts
from curator.dedup.near import duplicates, engine_of
from curator.dedup.scale.steps import Search, schema_of
from curator.dedup.texts import Texts

if TYPE_CHECKING:
    import pyarrow as pa

EXACT, NEAR, SUSPECT, WORD, CROWDED = range(5)
"""What a verdict says: the text repeats another letter for letter; it resembles another; it resembles another unless
the guard holds them apart; here is a word that is capitalised in such a text; the text is of a family too large to be
compared completely."""

_WORD = re.compile(r"\b[^\W\d_]\w*")


def judged(cell: pa.Table, search: Search, again: bool) -> pa.Table:
    """Compare the texts of a cell: all texts that can be duplicates of each other are in it.

    Args:
        cell: `number`, `text`, `rank` and `group` of its texts.
        search: what is looked for.
        again: whether this is the guard's second round: equal texts are out, facts are known.

    Returns:
        Verdicts; see `EXACT`. Of the first round with the guard: exact duplicates, suspects and words.
    """
    cell = cell.sort_by("number")
    verdicts = Verdicts()
    if not again:
        cell = _without_equal(cell, verdicts)
    if search.threshold == 1:  # nothing but equal texts is wanted
        return verdicts.table()
    engine, texts = engine_of("auto"), Texts.from_arrow(cell["text"])
    numbers, groups = cell["number"].to_numpy(), cell["group"].to_numpy()
    sets = engine.shingled(texts, search.shingles, search.threshold)
    forest = engine.near_forest(sets, search.threshold, groups)
    if search.guard and not again:
        alike = np.unique(np.concatenate([forest.left, forest.right, np.flatnonzero(forest.crowded)]))
        verdicts.suspect(numbers[alike], [texts[int(at)] for at in alike])
        return verdicts.table()
    verdicts.crowded(numbers[forest.crowded])
    for at, found in duplicates(sets, forest, engine, _order(cell)).items():
        verdicts.add(NEAR, numbers[at], numbers[found.of], found.similarity, numbers[found.via])
    return verdicts.table()


class Verdicts:
    """Verdicts on texts, collected."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, int, int, float, int, str]] = []

    def add(self, kind: int, number: int, of: int, similarity: float, via: int) -> None:
        """Say that a text repeats another.

        Args:
            kind: `EXACT` or `NEAR`.
            number: the text that goes.
            of: the text that stays in its place.
            similarity: of these two.
            via: the text over which they were joined.
        """
        self._rows.append((kind, int(number), int(of), float(similarity), int(via), ""))

    def suspect(self, numbers: npt.NDArray[np.int64], texts: list[str]) -> None:
        """Say which texts resemble others, and which words are capitalised in them.

        Args:
            numbers: the texts' numbers.
            texts: the texts.
        """
        self._rows += [(SUSPECT, int(number), 0, 0.0, 0, "") for number in numbers]
        words = {word.group() for text in texts for word in _WORD.finditer(text)}
        capitalised = {word.casefold() for word in words if word[0].isupper()}
        self._rows += [(WORD, 0, 0, 0.0, 0, word) for word in sorted(capitalised)]

    def crowded(self, numbers: npt.NDArray[np.int64]) -> None:
        """Say which texts are of families too large to be compared completely.

        Args:
            numbers: the texts' numbers.
        """
        self._rows += [(CROWDED, int(number), 0, 0.0, 0, "") for number in numbers]

    def table(self) -> pa.Table:
        """Return the verdicts: `kind`, `number`, `of`, `similarity`, `via`, `word`."""
        import pyarrow as pa

        columns = [list(column) for column in zip(*self._rows, strict=True)] or [[]] * 6
        return pa.table(columns, schema=schema_of("judged"))


def _without_equal(cell: pa.Table, verdicts: Verdicts) -> pa.Table:
    """Return the cell without texts whose normal form another has; of equals the preferred one remains."""
    import pyarrow as pa

    numbers = cell["number"].to_numpy()
    gone = equal_texts(Texts.from_arrow(cell["text"]), _order(cell))
    for at, of in gone.items():
        verdicts.add(EXACT, numbers[at], numbers[of], 1.0, numbers[of])
    stays = np.ones(len(numbers), dtype=np.bool_)
    stays[list(gone)] = False
    return cell.filter(pa.array(stays))


def _order(cell: pa.Table) -> npt.NDArray[np.int64] | None:
    """Return each text's place in the order of preference: by falling rank, equals as they come."""
    ranks = cell["rank"].to_numpy()
    if not len(ranks) or np.all(ranks == ranks[0]):
        return None
    places = np.empty(len(ranks), dtype=np.int64)
    places[np.argsort(-ranks, kind="stable")] = np.arange(len(ranks))
    return places
