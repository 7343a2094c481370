"""The passages that an answer may rest on, found by its question."""

from __future__ import annotations

from collections.abc import Sequence

from curator.embedding.retrieval import retriever
from curator.errors import StageError
from curator.record import Source
from curator.text.chunks import Chunk, chunk_document
from curator.text.document import Document
from curator.text.retrieval import Retriever


class Passages:
    """The passages of documents, searchable."""

    def __init__(self, documents: Sequence[Document], max_words: int, kind: str) -> None:
        """Cut and index the documents.

        Args:
            documents: the run's documents.
            max_words: the longest passage, in words.
            kind: see `curator.embedding.retrieval.retriever`.

        Raises:
            StageError: there is no text in them.
        """
        self._chunks = [(doc, chunk) for doc in documents for chunk in chunk_document(doc, max_words=max_words)]
        if not self._chunks:
            raise StageError("`grounded: true` needs documents with text; name them in `sources:`")
        self._index: Retriever = retriever([chunk.text for _doc, chunk in self._chunks], kind)

    def about(self, question: str, most: int) -> list[tuple[Source, str]]:
        """Return the passages that fit a question best, as (source, text), the best first."""
        found = (self._chunks[hit.place] for hit in self._index.top(question, most))
        return [(_source(doc, chunk), chunk.text) for doc, chunk in found]


def _source(document: Document, chunk: Chunk) -> Source:
    return Source(document.name, document.digest, chunk.index, chunk.start, chunk.end, chunk.chapter)
