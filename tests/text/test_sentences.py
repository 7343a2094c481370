"""Sentences are found to the character."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.text.sentences import sentence_spans


def sentences(text: str) -> list[str]:
    """Return the sentences of `text`."""
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    "expected",
    [
        ["Mr. Darcy met Dr. Lee at St. James's.", "He left."],
        ["The shop closes at 4.30 p.m. on Mondays.", "It costs $4.50."],
        ["Bring fruit, e.g. apples.", "J. R. R. Tolkien wrote it."],
        ['"Is it?" he said.', '"Yes! It is."', "She left."],
        ["“Go. Now.”", "Then what?", "Wait... what?"],
        ["1. First item.", "2. Second item."],
        ["😀 Emoji here!", "Next."],
        ["كيف حالك؟", "أنا بخير."],
        ["A.\u00a0B. said no.", "Next."],
        ["One"],
    ],
)
def test_english(expected: list[str]) -> None:
    assert sentences("  " + " ".join(expected) + "\n") == expected


def test_paragraphs_end_sentences() -> None:
    assert sentences("A heading\n\nThe text\ngoes on.你好。再见。") == [
        "A heading",
        "The text\ngoes on.",
        "你好。",
        "再见。",
    ]


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='aB. !?"“”()\n\t\u00a0\u2003\u20281😀é。؟\u0301', max_size=60) | st.text(max_size=60))
def test_every_character_lies_in_one_sentence(text: str) -> None:
    spans = sentence_spans(text)
    covered = sorted(at for span in spans for at in range(*span))
    assert covered == sorted(set(covered))
    assert all(text[at].isspace() for at in set(range(len(text))) - set(covered))
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)


@pytest.mark.parametrize("piece", ["“", "a", "word ", "A. ", "é😀. "])
def test_a_megabyte_in_one_paragraph(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    assert sum(end - start for start, end in sentence_spans(text)) >= len(text) // 2
