"""Whole paragraphs of documents, letter for letter: texts that may stand as somebody's answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from curator.record import Source
from curator.text.chunks import Chunk, chunk_document
from curator.text.document import Document
from curator.text.words import words

_HEADINGS = re.compile(r"(?: {0,3}#{1,6}\s[^\n]*\n+|[^\n]+\n {0,3}(?:=+|-+) *\n+)+")
_LIMIT = "\n\n"


class Paragraphs(msgspec.Struct, frozen=True):
    """One or more whole paragraphs: their text and where they stand."""

    text: str
    source: Source
    title: str = ""


def whole_paragraphs(documents: Iterable[Document], min_words: int, max_words: int) -> Iterator[Paragraphs]:
    """Yield the passages of documents that consist of whole paragraphs, without the headings above them.

    Args:
        documents: the documents.
        min_words: the shortest passage, in words.
        max_words: the longest passage, in words; a longer paragraph is passed over.

    Yields:
        The passages, in the text's order; `evidence` is all of the passage, and stands where it begins.
    """
    for document in documents:
        for chunk in chunk_document(document, max_words=max_words):
            heading = _HEADINGS.match(chunk.text)
            start = chunk.start + (heading.end() if heading else 0)
            text = document.text[start : chunk.end]
            if _is_whole(document.text, start, chunk.end) and min_words <= len(words(text)) <= max_words:
                yield Paragraphs(text, _source(document, chunk, start, text), document.title or document.name)


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether a stretch of text neither begins nor ends inside a paragraph."""
    line = text[:start].rstrip(" \t")
    begins = not line or line.endswith(_LIMIT) or (line.endswith("\n") and _ends_with_heading(line))
    return begins and (not text[end:].strip() or re.match(r"[ \t]*\n[ \t]*\n", text[end:]) is not None)


def _ends_with_heading(text: str) -> bool:
    return re.search(r"(?:^|\n) {0,3}(?:#{1,6}\s[^\n]*|=+|-+)\n\Z", text) is not None


def _source(document: Document, chunk: Chunk, start: int, text: str) -> Source:
    where = Source(document.name, document.digest, chunk.index, start, chunk.end, chunk.chapter)
    return msgspec.structs.replace(where, evidence=text, evidence_at=start)
