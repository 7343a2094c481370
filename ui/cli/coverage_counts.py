"""What the accepted records of a run rest on, counted, and the shades that counts are shown in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from curator.record import Source
from curator.store import Query, Run, Store
from curator.text.coverage import Coverage, coverage
from ui.cli.output import counted, percent

LEVELS = 4
"""How many shades tell counts apart, besides that of none."""


class Rests(NamedTuple):
    """What a run's accepted records rest on.

    Attributes:
        coverages: one entry a document, in the order in which candidates were made of them.
        records: how many accepted records there are.
        sourceless: how many of them rest on no document.
        unknown: the names of documents whose text the store does not have.
    """

    coverages: tuple[Coverage, ...]
    records: int
    sourceless: int
    unknown: tuple[str, ...]


def rests_of(store: Store, run: Run) -> Rests:
    """Measure what the accepted records of a run rest on.

    Args:
        store: the workspace's store.
        run: the run.

    Returns:
        The coverage of each document that a candidate of the run was made from.
    """
    resting: dict[tuple[str, str], list[Source]] = {}
    records = sourceless = 0
    for record in store.candidates.select(run, Query(status="settled")):
        origin = record.origin
        sources = (origin.source, *origin.further_sources) if origin.source else ()
        records += record.drop is None
        sourceless += record.drop is None and not sources
        for source in sources:
            listed = resting.setdefault((source.digest, source.document), [])
            listed += [source] if record.drop is None else []
    documents = [(name, store.documents.get(digest), sources) for (digest, name), sources in resting.items()]
    return Rests(
        tuple(coverage(document, sources) for _name, document, sources in documents if document is not None),
        records,
        sourceless,
        tuple(name for name, document, _sources in documents if document is None),
    )


def steps(most: int) -> tuple[int, ...]:
    """Return the lowest count of each shade.

    Args:
        most: the highest count there is.

    Returns:
        `LEVELS` numbers, rising: 1 to 4, or four steps of about the same height where there are more.
    """
    if most <= LEVELS:
        return tuple(range(1, LEVELS + 1))
    return tuple(1 + (most * level) // LEVELS for level in range(LEVELS))


def level(count: int, lowest: Iterable[int]) -> int:
    """Return the shade of a count: 0 for none, else 1 to `LEVELS`.

    Args:
        count: the count.
        lowest: the lowest count of each shade.

    Returns:
        The shade's number.
    """
    return sum(count >= bound for bound in lowest)


def step_names(lowest: tuple[int, ...], most: int) -> tuple[str, ...]:
    """Return what each shade stands for, as in `1`, `2-3`, `7+`; those that are not in use are left out.

    Args:
        lowest: the lowest count of each shade.
        most: the highest count there is.

    Returns:
        One name a shade.
    """
    used = [bound for bound in lowest if bound <= most]
    above = [*used, most + 1][1:]
    return tuple(str(low) if high - low == 1 else f"{low}-{high - 1}" for low, high in zip(used, above, strict=True))


def highest(found: Rests) -> int:
    """Return the highest count of a tenth of a chapter, in any document.

    Args:
        found: what the records rest on.

    Returns:
        The count; 0 where there is none.
    """
    return max((max(chapter.cells) for one in found.coverages for chapter in one.chapters), default=0)


def summary(one: Coverage) -> str:
    """Return a document's coverage in one line.

    Args:
        one: the coverage.

    Returns:
        How many, in what share of chapters and tenths, and how evenly.
    """
    covered = sum(chapter.total > 0 for chapter in one.chapters)
    return (
        f"{counted(one.total, 'passage')} in {covered} of {counted(len(one.chapters), 'chapter')} and in "
        f"{percent(one.covered_cells_share)} of their tenths; Gini over chapters {one.gini:.2f}"
    )


def rests_data(found: Rests) -> dict[str, Any]:
    """Return what records rest on for JSON output.

    Args:
        found: what they rest on.

    Returns:
        The counts of records, and of each document its measures and its chapters.
    """
    documents = [
        {
            "document": one.document,
            "title": one.title,
            "passages": one.total,
            "chapters_share": one.covered_chapters_share,
            "cells_share": one.covered_cells_share,
            "gini": one.gini,
            "outside": one.outside,
            "evidence_positions": one.positions,
            "chapters": [
                {"title": chapter.title, "passages": chapter.total, "cells": chapter.cells} for chapter in one.chapters
            ],
        }
        for one in found.coverages
    ]
    return {
        "records": found.records,
        "without_source": found.sourceless,
        "unknown_documents": found.unknown,
        "documents": documents,
    }
