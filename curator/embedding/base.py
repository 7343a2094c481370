"""What an embedder is: texts in, vectors of length 1 out, and how much of a text the model can read at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Vectors = npt.NDArray[np.float32]
    Shares = npt.NDArray[np.float64]

MOST_UNKNOWN = 0.3
"""A text of which a larger share is unknown to the model has no meaning that could be compared: to all-MiniLM-L6-v2 a
sentence in Thai is one unknown token, as is any other one, so that the cosine of the two is 1."""


class Reading(NamedTuple):
    """How a model reads a text.

    Attributes:
        tokens: how many tokens it has, those beyond `max_tokens` counted too.
        unknown: the share of what is read that the model has no token for, by characters, 0..1.
    """

    tokens: int
    unknown: float


class Embedder(Protocol):
    """A model that turns a text into a vector; the dot product of two vectors is the cosine of their angle."""

    @property
    def name(self) -> str:
        """Who made the vectors: model, hash of its files, backend. Vectors of one name are comparable."""
        ...

    @property
    def dimensions(self) -> int:
        """How many numbers a vector has."""
        ...

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text are read at most; what lies beyond does not count. `sys.maxsize`: all."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed texts.

        Args:
            texts: the texts; empty ones and lone surrogates are allowed.

        Returns:
            Their vectors, each of length 1. Shape: (texts, dimensions), float32. A text's vector does not depend on
            the texts beside it.
        """
        ...

    def readings(self, texts: Sequence[str]) -> list[Reading]:
        """Tell how much of each text the model can read.

        Args:
            texts: the texts.

        Returns:
            The reading of each.
        """
        ...

    def unknown_shares(self, texts: Sequence[str]) -> Shares:
        """Tell how much of each text is unknown to the model; above `MOST_UNKNOWN` its vector means nothing.

        Args:
            texts: the texts.

        Returns:
            The shares, by characters, 0..1. Shape: (texts,).
        """
        ...


def unknown_shares(readings: Sequence[Reading]) -> Shares:
    """Return the share of each text that is unknown.

    Args:
        readings: how texts are read.

    Returns:
        The shares, 0..1. Shape: (readings,).
    """
    import numpy as np

    return np.array([reading.unknown for reading in readings], dtype=np.float64)


def encodable(text: str) -> str:
    """Return a text that tokenizers take: lone surrogates, which no UTF-8 can hold, become U+FFFD.

    Args:
        text: any string.

    Returns:
        The same text, or its mended copy.
    """
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def unit_rows(vectors: Vectors) -> Vectors:
    """Return vectors, scaled to length 1.

    Args:
        vectors: any vectors. Shape: (n, dimensions).

    Returns:
        The same directions; a vector of zeros stays one. Shape: (n, dimensions).
    """
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return scaled
