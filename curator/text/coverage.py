"""Which parts of a document a dataset rests on.

Counted are the records of each tenth of each chapter, and where in its passage the evidence of a record stands. A
generator that reads beginnings more closely than endings, or one chapter more than the others, shows
here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from curator.record import Source
from curator.text.document import Chapter, Document
from curator.text.evidence import find_quote

PARTS = 10
"""A chapter, and a passage, is counted in tenths."""


class ChapterCoverage(msgspec.Struct, frozen=True):
    """How often each tenth of a chapter is rested on.

    Attributes:
        title: the chapter's heading.
        cells: the count of each tenth, in the text's order.
    """

    title: str
    cells: tuple[int, ...]

    @property
    def total(self) -> int:
        """How often the chapter is rested on."""
        return sum(self.cells)


class Coverage(msgspec.Struct, frozen=True):
    """How much of a document is rested on, and how evenly.

    Attributes:
        document: the document's name.
        title: its title.
        chapters: one entry a chapter, in order; a document without chapters is one.
        outside: how many passages lie outside the chapters: a preface, a list of contents.
        positions: how many pieces of evidence stand in each tenth of their passage.
    """

    document: str
    title: str
    chapters: tuple[ChapterCoverage, ...]
    outside: int
    positions: tuple[int, ...]

    @property
    def total(self) -> int:
        """How many passages of records were counted."""
        return sum(chapter.total for chapter in self.chapters) + self.outside

    @property
    def covered_chapters_share(self) -> float:
        """The share of chapters with at least one, 0..1."""
        return sum(chapter.total > 0 for chapter in self.chapters) / len(self.chapters)

    @property
    def covered_cells_share(self) -> float:
        """The share of tenths of chapters with at least one, 0..1."""
        cells = [count for chapter in self.chapters for count in chapter.cells]
        return sum(count > 0 for count in cells) / len(cells)

    @property
    def gini(self) -> float:
        """How unevenly the chapters are rested on; see `gini`."""
        return gini([chapter.total for chapter in self.chapters])


class _Place(NamedTuple):
    """Where a record rests in its document, and whether its evidence says so."""

    at: float
    exact: bool


def coverage(document: Document, sources: Iterable[Source]) -> Coverage:
    """Count where records rest in a document.

    A record counts where its evidence has its middle; where it quotes none, or none that is found, in the middle of its
    passage.

    Args:
        document: the document.
        sources: the passages of the records, all of this document.

    Returns:
        The counts.
    """
    chapters = document.chapters or (Chapter(document.title, 0, len(document.text)),)
    counts = [[0] * PARTS for _ in chapters]
    positions = [0] * PARTS
    outside = 0
    for source in sources:
        place = _place(source, document)
        if place.exact:
            positions[_part(place.at, source.start, source.end)] += 1
        number = next((n for n, chapter in enumerate(chapters) if chapter.start <= place.at < chapter.end), None)
        if number is None:
            outside += 1
        else:
            counts[number][_part(place.at, chapters[number].start, chapters[number].end)] += 1
    rows = zip(chapters, counts, strict=True)
    covered = tuple(ChapterCoverage(chapter.title, tuple(cells)) for chapter, cells in rows)
    return Coverage(document.name, document.title, covered, outside, tuple(positions))


def gini(counts: Sequence[float]) -> float:
    """Return how unevenly a quantity is spread: Σᵢ Σⱼ |xᵢ - xⱼ| / (2·n²·mean).

    Source: C. Gini, 1912, "Variabilità e mutabilità"; computed as 2·Σ i·xᵢ / (n·Σ xᵢ) - (n + 1)/n over sorted xᵢ.

    Args:
        counts: the quantity of each of n bearers, 0 and up.

    Returns:
        0 (all the same; also where there is nothing to spread) to 1 - 1/n (one has it all).
    """
    ordered = sorted(counts)
    size, total = len(ordered), sum(ordered)
    if not total:
        return 0.0
    ranked = sum(rank * count for rank, count in enumerate(ordered, start=1))
    return 2 * ranked / (size * total) - (size + 1) / size


def _place(source: Source, document: Document) -> _Place:
    if source.evidence_at is not None:
        return _Place(source.evidence_at + len(source.evidence) / 2, exact=True)
    found = find_quote(source.evidence, document.text[source.start : source.end]) if source.evidence else None
    if found is None:
        return _Place((source.start + source.end) / 2, exact=False)
    return _Place(source.start + sum(found) / 2, exact=True)


def _part(at: float, start: int, end: int) -> int:
    """Return the tenth of a stretch that holds a position, from 0."""
    return min(max(int(PARTS * (at - start) / max(end - start, 1)), 0), PARTS - 1)
