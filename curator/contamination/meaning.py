"""The rule that compares what texts mean, by the cosine of their sentence embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from curator.contamination.passages import passages
from curator.embedding.base import MOST_UNKNOWN

if TYPE_CHECKING:
    from curator.embedding.base import Embedder, Vectors

MOST_PRODUCTS = 1 << 24
"""How many cosines are held at once."""


class Near(NamedTuple):
    """An indexed text that is near another one.

    Attributes:
        text: its number.
        cosine: the cosine of the two, to four digits.
        passage: what of the other one is near.
    """

    text: int
    cosine: float
    passage: str


class MeaningIndex:
    """Texts, found by their embeddings.

    Attributes:
        unreadable: the numbers of the texts of which the model knows too little; they are never near.
        cut: the numbers of the texts that are longer than it reads.
    """

    def __init__(self, texts: Sequence[str], embedder: Embedder) -> None:
        """Embed and index texts.

        Args:
            texts: the texts.
            embedder: who embeds them, and what they are held against.
        """
        self._embedder = embedder
        read = embedder.readings(texts)
        self.unreadable = tuple(number for number, text in enumerate(read) if text.unknown > MOST_UNKNOWN)
        self._numbers = [number for number, text in enumerate(read) if text.unknown <= MOST_UNKNOWN]
        self.cut = tuple(number for number in self._numbers if read[number].tokens > embedder.max_tokens)
        self._vectors = embedder.embed([texts[number] for number in self._numbers])

    def nearest(self, texts: Sequence[Sequence[str]], least: float, *, always: bool = False) -> list[tuple[Near, ...]]:
        """Find what is near each of some texts.

        Args:
            texts: the texts, each in parts that are compared by themselves (the turns of a dialogue), as is each of
                their passages.
            least: the least cosine.
            always: whether the nearest is told even if it is farther away.

        Returns:
            For each text the indexed ones at `least` or above, by falling cosine, equals by number.
        """
        split = passages(texts, self._embedder)
        vectors = self._embedder.embed([each for text in split for each in text])
        found: list[tuple[Near, ...]] = []
        start = 0
        for text in split:
            found.append(self._near(text, vectors[start : start + len(text)], least, always) if text else ())
            start += len(text)
        return found

    def _near(self, text: Sequence[str], vectors: Vectors, least: float, always: bool) -> tuple[Near, ...]:
        """Return what is near a text, which has a passage at least."""
        import numpy as np

        if not self._numbers:
            return ()
        best = np.full(len(self._numbers), -np.inf, dtype=np.float32)
        where = np.zeros(len(self._numbers), dtype=np.int64)
        rows = max(1, MOST_PRODUCTS // len(self._numbers))
        for at in range(0, len(vectors), rows):
            cosines = vectors[at : at + rows] @ self._vectors.T
            nearest = cosines.argmax(axis=0)
            top = cosines[nearest, np.arange(len(self._numbers))]
            where[top > best] = at + nearest[top > best]
            np.maximum(best, top, out=best)
        near = np.flatnonzero(best >= least)
        if always and not len(near):
            near = np.array([best.argmax()])
        order = near[np.lexsort((near, -best[near]))]
        return tuple(
            Near(self._numbers[at], round(min(1.0, float(best[at])), 4), text[where[at]]) for at in order.tolist()
        )
