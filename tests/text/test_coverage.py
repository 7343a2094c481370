"""Where records rest, counted by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.record import Source
from curator.text.coverage import coverage, gini
from curator.text.document import Chapter, Document

TEXT = "P" * 100 + "".join(f"{number:03}" + "." * 97 for number in range(20))
DOCUMENT = Document("a.txt", TEXT, "A", (Chapter("One", 100, 1100), Chapter("Two", 1100, 2100)))


def source(start: int, end: int, evidence: str = "", at: int | None = None) -> Source:
    """Return a passage of the document."""
    return Source(DOCUMENT.name, DOCUMENT.digest, 0, start, end, "", evidence, at)


def test_evidence_counts_where_it_stands() -> None:
    found = coverage(DOCUMENT, [source(100, 1100, "x" * 10, 100), source(100, 1100, "x" * 10, 1050)])
    assert found.chapters[0].cells == (1, 0, 0, 0, 0, 0, 0, 0, 0, 1)
    assert found.positions == (1, 0, 0, 0, 0, 0, 0, 0, 0, 1)
    assert (found.total, found.outside) == (2, 0)


def test_evidence_without_a_place_is_looked_for() -> None:
    found = coverage(DOCUMENT, [source(100, 1100, "005")])
    assert found.chapters[0].cells[5] == 1
    assert found.positions[5] == 1


@pytest.mark.parametrize("evidence", ["", "stands nowhere"])
def test_without_evidence_the_middle_of_the_passage_counts(evidence: str) -> None:
    found = coverage(DOCUMENT, [source(1100, 1500, evidence)])
    assert found.chapters[1].cells == (0, 0, 1, 0, 0, 0, 0, 0, 0, 0)
    assert sum(found.positions) == 0


def test_what_lies_outside_the_chapters_is_not_lost() -> None:
    found = coverage(DOCUMENT, [source(0, 100), source(100, 200)])
    assert (found.outside, found.total) == (1, 2)
    assert found.covered_chapters_share == 1 / 2
    assert found.covered_cells_share == 1 / 20


def test_a_document_without_chapters_is_one() -> None:
    found = coverage(Document("b.txt", "x" * 100, "B"), [Source("b.txt", "", 0, 90, 100)])
    assert [(chapter.title, chapter.cells[9]) for chapter in found.chapters] == [("B", 1)]


def test_nothing_rests_on_it() -> None:
    found = coverage(DOCUMENT, [])
    assert (found.total, found.covered_chapters_share, found.covered_cells_share, found.gini) == (0, 0, 0, 0)


@given(st.lists(st.integers(0, len(TEXT) - 2).flatmap(lambda a: st.tuples(st.just(a), st.integers(a + 1, len(TEXT))))))
def test_every_passage_is_counted_once(spans: list[tuple[int, int]]) -> None:
    found = coverage(DOCUMENT, [source(*span) for span in spans])
    assert sum(sum(chapter.cells) for chapter in found.chapters) + found.outside == len(spans) == found.total


@pytest.mark.parametrize(
    ("counts", "value"),
    [
        ([], 0.0),
        ([0, 0], 0.0),
        ([3], 0.0),
        ([2, 2, 2], 0.0),
        ([0, 1], 1 / 2),
        ([0, 0, 0, 8], 3 / 4),
        ([1, 2, 3, 4], 1 / 4),
    ],
)
def test_gini_by_hand(counts: list[float], value: float) -> None:
    assert gini(counts) == pytest.approx(value)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=12))
def test_gini_is_the_mean_difference_over_twice_the_mean(counts: list[int]) -> None:
    size, total = len(counts), sum(counts)
    differences = sum(abs(left - right) for left in counts for right in counts)
    assert gini(counts) == pytest.approx(differences / (2 * size * total) if total else 0, abs=1e-9)
    assert -1e-9 <= gini(counts) <= 1 - 1 / size + 1e-9
