"""Whole paragraphs: letter for letter, without headings, within their bounds."""

from __future__ import annotations

import pytest

from curator.text.document import Chapter, Document
from generators.shared.paragraphs import whole_paragraphs

LONG = "The harbour of Vell opens at six. " * 30
SHORT = "It is closed on the first of May every year."
MIDDLE = "Captain Orla Finch has kept the log of Vell since 1984 and writes every entry by hand."


def texts(text: str, least: int = 5, most: int = 40, chapters: tuple[Chapter, ...] = ()) -> list[str]:
    document = Document("a.md", text, "A", chapters)
    found = list(whole_paragraphs([document], least, most))
    for passage in found:
        source = passage.source
        assert document.text[source.start : source.end] == passage.text == source.evidence
        assert source.evidence_at == source.start
        assert source.digest == document.digest
    return [passage.text for passage in found]


def test_paragraphs_are_packed_while_they_fit() -> None:
    assert texts(f"{MIDDLE}\n\n{SHORT}") == [f"{MIDDLE}\n\n{SHORT}"]
    assert texts(f"{MIDDLE}\n\n{SHORT}", most=20) == [MIDDLE, SHORT]


@pytest.mark.parametrize(
    "heading", ["# The log\n\n", "# The log\n", "The log\n=======\n\n", "# Part\n\n## The log\n\n"]
)
def test_headings_stay_out(heading: str) -> None:
    assert texts(f"{heading}{MIDDLE}") == [MIDDLE]


def test_pieces_of_a_long_paragraph_are_no_whole_ones() -> None:
    assert texts(f"{LONG}\n\n{MIDDLE}") == [MIDDLE]


def test_bounds_are_kept() -> None:
    assert texts(f"{MIDDLE}\n\n{SHORT}", least=12, most=20) == [MIDDLE]
    assert texts("", least=1) == []
