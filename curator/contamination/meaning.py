"""The rule that compares what texts mean, by the cosine of their sentence embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from curator.embedding.base import Embedder

MOST_NEAR = 5
"""How many items a text is held against at most: the nearest."""


MOST_PRODUCTS = 1 << 24
"""How many cosines are held at once."""


class Near(NamedTuple):
    """An indexed text that is near another one.

    Attributes:
        text: its number.
        cosine: the cosine of the two, to four digits.
    """

    text: int
    cosine: float


class MeaningIndex:
    """Texts, found by their embeddings."""

    def __init__(self, texts: Sequence[str], embedder: Embedder) -> None:
        """Embed and index texts.

        Args:
            texts: the texts.
            embedder: who embeds them, and what they are held against.
        """
        self._embedder = embedder
        self._vectors = embedder.embed(texts)

    def nearest(self, texts: Sequence[Sequence[str]], least: float) -> list[tuple[Near, ...]]:
        """Find what is near each of some texts.

        Args:
            texts: the texts, each in parts that are compared by themselves (the turns of a dialogue).
            least: the least cosine.

        Returns:
            For each text the `MOST_NEAR` nearest indexed ones at `least` or above, by falling cosine, equals by number.
        """
        import numpy as np

        vectors = self._embedder.embed([part for text in texts for part in text])
        rows = max(1, MOST_PRODUCTS // max(1, len(self._vectors)))
        found: list[tuple[Near, ...]] = []
        start = 0
        for text in texts:
            best = np.full(len(self._vectors), -1.0, dtype=np.float32)
            for at in range(start, start + len(text), rows):
                block = vectors[at : min(at + rows, start + len(text))]
                np.maximum(best, (block @ self._vectors.T).max(axis=0, initial=-1.0), out=best)
            start += len(text)
            near = np.flatnonzero((best >= least) & bool(text))
            order = near[np.lexsort((near, -best[near]))][:MOST_NEAR]
            found.append(tuple(Near(int(number), round(min(1.0, float(best[number])), 4)) for number in order))
        return found
