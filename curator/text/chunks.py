"""Documents are cut into passages that a model can read at once and a person can find again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import msgspec

from curator.text.document import Document
from curator.text.headings import is_chapter_line
from curator.text.sentences import sentence_spans
from curator.text.words import count_words, word_spans

_PARAGRAPH = re.compile(r"[^\n]*\S[^\n]*(?:\n[^\n]*\S[^\n]*)*")
_MARKDOWN_HEADING = re.compile(r" {0,3}#{1,6}\s+\S.*|[^\n]+\n {0,3}(?:=+|-+)")
_QUOTE_MARKS = str.maketrans(dict.fromkeys('"“”„«»', " "))


class Chunk(msgspec.Struct, frozen=True):
    """A passage of a document.

    Attributes:
        index: its number in the document, from 0.
        start: its first character in the document's clean text.
        end: one past its last character.
        chapter: the chapter's heading, or "".
        text: `document.text[start:end]`.
    """

    index: int
    start: int
    end: int
    chapter: str
    text: str


class _Piece(NamedTuple):
    """A stretch of text that is not cut any further: a paragraph, or part of a long one."""

    start: int
    end: int
    words: int
    headed: bool = False


def chunk_document(document: Document, *, max_words: int = 180, overlap_sentences: int = 0) -> Iterator[Chunk]:
    """Cut a document into chunks, each when it is asked for.

    A chunk never crosses a chapter. Whole paragraphs are packed while they fit; a paragraph that is too long is cut
    between sentences, a sentence that is too long between words. A heading goes with the text below it (at a chapter's
    end with the text above it); a chapter that is only a heading gives no chunk.

    Args:
        document: the document.
        max_words: the longest chunk, in words; its headings come on top.
        overlap_sentences: how many sentences of the chunk before are repeated, on top of `max_words`.

    Returns:
        The chunks in the text's order; everything but white space and lone headings lies in one.

    Raises:
        ValueError: `max_words` is below 1 or `overlap_sentences` below 0.
    """
    if max_words < 1 or overlap_sentences < 0:
        raise ValueError(f"max_words={max_words} must be 1 or more, overlap_sentences={overlap_sentences} 0 or more")
    return _chunks(document, max_words, overlap_sentences)


def _chunks(document: Document, max_words: int, overlap_sentences: int) -> Iterator[Chunk]:
    text = document.text
    index = 0
    for title, start, end in _regions(document):
        previous: tuple[int, int] | None = None
        for first, last in _packed(_pieces(text, title, start, end, max_words), max_words):
            begin = _overlap_start(text, previous, overlap_sentences, first)
            yield Chunk(index, begin, last, title, text[begin:last])
            previous = (first, last)
            index += 1


def _regions(document: Document) -> Iterator[tuple[str, int, int]]:
    """Yield the chapters and what lies between them, as (title, start, end)."""
    at = 0
    for chapter in document.chapters:
        yield "", at, chapter.start
        yield chapter.title, chapter.start, chapter.end
        at = chapter.end
    yield "", at, len(document.text)


def _pieces(text: str, title: str, start: int, end: int, max_words: int) -> Iterator[_Piece]:
    """Yield what is packed, in order: every heading joined to its text."""
    held: _Piece | None = None  # the last piece waits, for headings without a text may follow it
    heading_at: int | None = None
    for paragraph in _PARAGRAPH.finditer(text, start, end):
        if _is_heading(paragraph.group(), title if paragraph.start() == start else ""):
            heading_at = paragraph.start() if heading_at is None else heading_at
            continue
        for piece in _paragraph_pieces(text, *paragraph.span(), max_words):
            if held is not None:
                yield held
            held = piece if heading_at is None else piece._replace(start=heading_at, headed=True)
            heading_at = None
    if held is not None:
        yield held if heading_at is None else held._replace(end=_stripped(text, heading_at, end)[1])


def _paragraph_pieces(text: str, start: int, end: int, max_words: int) -> Iterator[_Piece]:
    words = count_words(text[start:end])
    if words <= max_words:
        yield _Piece(*_stripped(text, start, end), words)
        return
    for first, last in _sentences(text, start, end, max_words):
        yield _Piece(first, last, count_words(text[first:last]))


def _is_heading(paragraph: str, title: str) -> bool:
    """Return whether a paragraph is a heading: the chapter's own title, Markdown's, or a chapter line."""
    return paragraph == title or _MARKDOWN_HEADING.fullmatch(paragraph) is not None or is_chapter_line(paragraph)


def _sentences(text: str, start: int, end: int, max_words: int) -> Iterator[tuple[int, int]]:
    """Yield sentences; a long speech gives the sentences inside its quote marks, a longer one runs of words."""
    for first, last in _shifted(sentence_spans(text[start:end]), start):
        if count_words(text[first:last]) <= max_words:
            yield first, last
            continue
        for inner in _inside_quotes(text, first, last):
            yield from _word_runs(text, *inner, max_words)


def _inside_quotes(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the sentences of a speech: closing marks stay with the sentence before, opening ones with that after."""
    inner = list(_shifted(sentence_spans(text[start:end].translate(_QUOTE_MARKS)), start))
    first = start
    for (_, before_end), (after_start, _) in pairwise(inner):
        cut = next((at for at in range(before_end, after_start) if text[at].isspace()), after_start)
        yield first, cut
        first = cut
    yield first, end


def _word_runs(text: str, start: int, end: int, max_words: int) -> Iterator[tuple[int, int]]:
    """Yield runs of at most `max_words` words; marks between words go with the word before them."""
    spans = word_spans(text[start:end])
    cuts = [start, *(start + spans[at][0] for at in range(max_words, len(spans), max_words)), end]
    for first, last in pairwise(cuts):
        yield _stripped(text, first, last)


def _packed(pieces: Iterable[_Piece], max_words: int) -> Iterator[tuple[int, int]]:
    """Yield the chunks' spans: pieces added while they fit; a heading rather opens a chunk than stands deep in one."""
    span: tuple[int, int] | None = None
    words = 0
    for piece in pieces:
        fits = words + piece.words <= max_words and not (piece.headed and words > max_words // 2)
        if span and fits:
            span = (span[0], piece.end)
            words += piece.words
            continue
        if span:
            yield span
        span = (piece.start, piece.end)
        words = piece.words
    if span:
        yield span


def _overlap_start(text: str, previous: tuple[int, int] | None, sentences: int, start: int) -> int:
    if previous is None or sentences == 0:
        return start
    spans = sentence_spans(text[previous[0] : previous[1]])
    return previous[0] + spans[-min(sentences, len(spans))][0]


def _shifted(spans: list[tuple[int, int]], by: int) -> Iterator[tuple[int, int]]:
    return ((start + by, end + by) for start, end in spans)


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())
