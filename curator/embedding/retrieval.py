"""Finding the passages that a question is about: by its words, or by the nearest embeddings."""

from __future__ import annotations

from collections.abc import Sequence

from curator.embedding.choose import embedder
from curator.embedding.kept import cached
from curator.results import Results, ResultsInMemory
from curator.text.retrieval import BM25, Hit, Retriever, best_hits


class Nearest:
    """A collection searched by the cosine of sentence embeddings."""

    def __init__(self, texts: Sequence[str], model: str, results: Results | None = None) -> None:
        """Embed the texts.

        Args:
            texts: the collection, at least one.
            model: "auto", a folder, or a name on the Hub of a sentence-transformers model; see `embedder`.
            results: where embeddings are kept; None to keep none.

        Raises:
            ValueError: there is no text.
            StageError: what embeds is missing, or the model cannot be loaded.
        """
        if not texts:
            raise ValueError("there is no text to search")
        self._embedder = cached(embedder(model), results or ResultsInMemory())
        self._vectors = self._embedder.embed(texts)

    def top(self, query: str, k: int) -> list[Hit]:
        """Return the texts whose embeddings are nearest to that of `query`; see `Retriever.top`."""
        return best_hits(self._vectors @ self._embedder.embed([query])[0], k)


def retriever(texts: Sequence[str], kind: str, results: Results | None = None) -> Retriever:
    """Return a searchable collection.

    Args:
        texts: the collection, at least one.
        kind: "bm25"; or a sentence-transformers model: "auto", its folder or its name.
        results: where embeddings are kept; None to keep none.

    Returns:
        The collection.

    Raises:
        ValueError: there is no text.
        StageError: the model cannot be loaded.
    """
    return BM25(texts) if kind == "bm25" else Nearest(texts, kind, results)
