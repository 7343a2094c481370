"""Finding the passages that a question is about, by its words: BM25. By its meaning: `curator.embedding.retrieval`.

Source:
    Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond", section 3; computed by
    `bm25s` in Lucene's variant with k1 = 1.5, b = 0.75. Words are case-folded and stemmed; no stop list, because BM25
    weighs common words down by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple, Protocol

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
        return [hit for hit in best_hits(self._index.get_scores(known), k) if hit.score > 0]


def best_hits(scores: Any, k: int) -> list[Hit]:
    """Return the texts with the highest scores.

    Args:
        scores: the score of each text, a numpy array. Shape: (texts,).
        k: how many at most.

    Returns:
        The best hits, the best first; of equal ones the earlier text first.
    """
    order = (-scores).argsort(kind="stable")[: max(k, 0)]
    return [Hit(int(place), float(scores[place])) for place in order]


def _terms(text: str) -> list[str]:
    return list(_stemmer().stemWords(words(text)))


@cache
def _stemmer() -> Any:
    import snowballstemmer  # type: ignore[import-untyped]

    return snowballstemmer.stemmer("english")
