"""What an embedder is: texts in, vectors of length 1 out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Vectors = npt.NDArray[np.float32]


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
        """How many tokens of a text are read at most; what lies beyond does not count."""
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

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Count tokens, so that one can say which texts are longer than `max_tokens`.

        Args:
            texts: the texts.

        Returns:
            How many tokens each has, those beyond `max_tokens` counted too.
        """
        ...


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
