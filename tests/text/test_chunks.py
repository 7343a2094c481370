"""Chunks cover the text, keep to chapters, and stay within their size."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.text.chunks import Chunk, chunk_document
from curator.text.document import Chapter, Document
from curator.text.markdown import read_markdown
from curator.text.plain_text import read_plain_text
from curator.text.words import words

BLOCKS = st.sampled_from(
    [
        "Mr. A. B. said no. He left!",
        "“Go. Now.” She went.",
        "你好。再见。",
        "one " * 30,
        "# Head",
        "## Sub",
        "- a\n- b",
        "😀",
        "مرحبا. كيف؟",
        "CHAPTER I",
        "a",
        "```\n# x\n\n# y\n```",
        "“Long. " + "speech. " * 20 + "”",
        "Title\n---",
    ]
)
TEXTS = st.lists(BLOCKS, max_size=12).map("\n\n".join)


def headings_out(text: str) -> str:
    """Return `text` without the lines that may be left out when they stand alone."""
    lone = ("# Head", "## Sub", "CHAPTER I", "# x", "# y", "Title\n---")
    for line in lone:
        text = text.replace(line, "\0" * len(line))
    return text


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.integers(1, 40), st.sampled_from([read_markdown, read_plain_text]))
def test_chunks_cover_the_text(text: str, max_words: int, reader: object) -> None:
    assert callable(reader)
    document: Document = reader(text.split("\n"), "a")
    chunks = list(chunk_document(document, max_words=max_words))
    covered = [False] * len(document.text)
    borders = {border for chapter in document.chapters for border in (chapter.start, chapter.end)}
    for number, chunk in enumerate(chunks):
        assert chunk.index == number
        assert chunk.text == document.text[chunk.start : chunk.end]
        assert chunk.text.strip() == chunk.text != ""
        assert not any(chunk.start < border < chunk.end for border in borders)
        assert not any(covered[chunk.start : chunk.end])
        covered[chunk.start : chunk.end] = [True] * (chunk.end - chunk.start)
    left = headings_out(document.text)
    missing = [c for c, inside in zip(left, covered, strict=True) if not inside and not c.isspace() and c != "\0"]
    assert not missing
    assert all(len(words(headings_out(chunk.text).replace("\0", ""))) <= max_words for chunk in chunks)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.integers(1, 5), st.integers(0, 2))
def test_any_text_is_cut(text: str, max_words: int, overlap: int) -> None:
    document = Document("a", text)
    for chunk in chunk_document(document, max_words=max_words, overlap_sentences=overlap):
        assert chunk.text == text[chunk.start : chunk.end]


def test_a_chapter_that_is_called_what_it_says_is_no_passage() -> None:
    text = "The Road\n\nHe walked.\n\nThe Sea"
    document = Document("a", text, chapters=(Chapter("The Road", 0, 20), Chapter("The Sea", 22, len(text))))
    assert [chunk.text for chunk in chunk_document(document)] == ["The Road\n\nHe walked."]


def test_chunks_come_when_they_are_asked_for() -> None:
    paragraphs = "Some words of a long text.\n\n" * 200_000
    tracemalloc.start()
    chunks = chunk_document(Document("a", paragraphs))
    first = next(chunks)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert first.start == 0
    assert peak < len(paragraphs) / 4


def test_paragraphs_are_packed_whole() -> None:
    document = Document("a", "One two three.\n\nFour five six.\n\nSeven eight.")
    assert [chunk.text for chunk in chunk_document(document, max_words=6)] == [
        "One two three.\n\nFour five six.",
        "Seven eight.",
    ]


def test_a_long_paragraph_is_cut_between_sentences_and_a_long_sentence_between_words() -> None:
    document = Document(
        "a", "Mr. Lee ate at 4.30 p.m. on Monday. He slept. One two three four five six seven eight nine ten eleven."
    )
    assert [chunk.text for chunk in chunk_document(document, max_words=10)] == [
        "Mr. Lee ate at 4.30 p.m. on Monday.",
        "He slept.",
        "One two three four five six seven eight nine ten",
        "eleven.",
    ]


def test_a_long_speech_is_cut_between_its_sentences() -> None:
    document = Document("a", "“I saw the sea. You saw it too. We all did.”")
    assert [chunk.text for chunk in chunk_document(document, max_words=4)] == [
        "“I saw the sea.",
        "You saw it too.",
        "We all did.”",
    ]


def test_chapters_and_headings() -> None:
    text = "# Book\n\nIntro.\n\n## One\n\n### Deep\n\nText one.\n\n## Empty\n\n## Two\n\nText.\n\n### End"
    document = read_markdown(text.split("\n"), "b")
    assert tuple(chunk_document(document)) == (
        Chunk(0, 0, 14, "", "# Book\n\nIntro."),
        Chunk(1, 16, 43, "One", "## One\n\n### Deep\n\nText one."),
        Chunk(2, 55, 77, "Two", "## Two\n\nText.\n\n### End"),
    )


def test_overlap_repeats_sentences_of_the_same_chapter_only() -> None:
    document = Document("a", "A one. B two. C three. D four.", chapters=(Chapter("x", 0, 22), Chapter("y", 23, 30)))
    texts = [(chunk.chapter, chunk.text) for chunk in chunk_document(document, max_words=2, overlap_sentences=1)]
    assert texts == [("x", "A one."), ("x", "A one. B two."), ("x", "B two. C three."), ("y", "D four.")]


@pytest.mark.parametrize("text", ["", " \n\n ", "# Only a heading"])
def test_nothing_to_cut(text: str) -> None:
    assert list(chunk_document(Document("a", text))) == []


@pytest.mark.parametrize("options", [{"max_words": 0}, {"overlap_sentences": -1}])
def test_senseless_sizes(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=str(next(iter(options.values())))):
        chunk_document(Document("a", "x"), **options)


@pytest.mark.parametrize("piece", ["word ", "Hello there. ", "a", "“", "你好", "A.\u00a0B. ", "Two words.\n\n"])
def test_a_megabyte_is_cut(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    chunks = chunk_document(Document("a", text))
    assert sum(chunk.end - chunk.start for chunk in chunks) >= 0.9 * len(text.replace("\n", ""))
