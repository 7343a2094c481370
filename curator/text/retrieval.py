"""Finding the passages that a question is about: BM25 over words, or the nearest embeddings.

Source:
    Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond", section 3; computed by
    `bm25s` in Lucene's variant with k1 = 1.5, b = 0.75. Words are case-folded and stemmed; no stop list, because BM25
    weighs common words down by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple, Protocol

from curator.errors import StageError
from curator.text.words import words


class Hit(NamedTuple):
    """A text that was found.

    Attributes:
        place: its number in the collection, from 0.
        score: how well it fits; comparable within one query only.
    """

    place: int
    score: float


class Retriever(Protocol):
    """A searchable collection of texts."""

    def top(self, query: str, k: int) -> list[Hit]:
        """Return the texts that fit a query best.

        Args:
            query: what is looked for.
            k: how many at most.

        Returns:
            At most `k` hits, the best first; of equal ones the earlier text first.
        """
        ...


class BM25:
    """A collection searched by words; a text that shares no word with the query is no hit."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Index the texts.

        Args:
            texts: the collection, at least one.

        Raises:
            ValueError: there is none.
        """
        if not texts:
            raise ValueError("there is no text to search")
        import bm25s

        self._index: Any = bm25s.BM25(method="lucene")
        # A word that stands nowhere else keeps a text without words from being an empty row.
        self._index.index([_terms(text) or ["\0"] for text in texts], show_progress=False)

    def top(self, query: str, k: int) -> list[Hit]:
        """Return the texts that share the most telling words with `query`; see `Retriever.top`."""
        known = [term for term in _terms(query) if term in self._index.vocab_dict]
        if not known:
            return []
        return [hit for hit in _best(self._index.get_scores(known), k) if hit.score > 0]


class Nearest:
    """A collection searched by the cosine of sentence embeddings."""

    def __init__(self, texts: Sequence[str], model: str) -> None:
        """Embed the texts.

        Args:
            texts: the collection, at least one.
            model: a folder, or a name on the Hub, of a sentence-transformers model.

        Raises:
            ValueError: there is no text.
            StageError: sentence-transformers is missing, or the model cannot be loaded.
        """
        if not texts:
            raise ValueError("there is no text to search")
        self._model = _embedder(model)
        self._vectors: Any = self._embedded(list(texts))

    def top(self, query: str, k: int) -> list[Hit]:
        """Return the texts whose embeddings are nearest to that of `query`; see `Retriever.top`."""
        return _best(self._vectors @ self._embedded([query])[0], k)

    def _embedded(self, texts: list[str]) -> Any:
        return self._model.encode(texts, normalize_embeddings=True, show_progress_bar=False)


def retriever(texts: Sequence[str], kind: str) -> Retriever:
    """Return a searchable collection.

    Args:
        texts: the collection, at least one.
        kind: "bm25", or the folder or name of a sentence-transformers model.

    Returns:
        The collection.

    Raises:
        ValueError: there is no text.
        StageError: the model cannot be loaded.
    """
    return BM25(texts) if kind == "bm25" else Nearest(texts, kind)


def _best(scores: Any, k: int) -> list[Hit]:
    """Return the `k` highest of an array of scores; of equal ones the earlier first."""
    order = (-scores).argsort(kind="stable")[: max(k, 0)]
    return [Hit(int(place), float(scores[place])) for place in order]


def _terms(text: str) -> list[str]:
    return list(_stemmer().stemWords(words(text)))


@cache
def _stemmer() -> Any:
    import snowballstemmer  # type: ignore[import-untyped]

    return snowballstemmer.stemmer("english")


def _embedder(model: str) -> Any:
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise StageError(
            f"retrieval by the embeddings of {model!r} needs sentence-transformers: "
            "pip install 'instruct-curator[train]'; or choose bm25"
        ) from error
    try:
        return SentenceTransformer(model)
    except (OSError, ValueError) as error:
        raise StageError(f"the embedding model {model!r} cannot be loaded: {error}; or choose bm25") from error
