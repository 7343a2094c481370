"""No text is embedded twice: vectors, and how texts are read, are kept by the hash of their text."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from curator.embedding.base import Embedder, Reading, unit_rows, unknown_shares
from curator.results import Results

if TYPE_CHECKING:
    from curator.embedding.base import Shares, Vectors

BLOCK = 256
"""How many texts are embedded before their vectors are kept: a run that is killed loses no more."""

_READING = struct.Struct("<Id")
"""How a reading is kept: its tokens, and the share that is unknown."""

Progress = Callable[[int, int], None]
"""Told how many of how many new texts are embedded."""


class KeptEmbedder:
    """An embedder that asks another one only for what is not known yet.

    A vector is kept as float16, two bytes a number. It is rounded before it is handed out too, so that a second run
    gets the very numbers of the first. Rounding changes a cosine by less than 1e-3 (by 1e-5 as a rule).
    """

    def __init__(self, embedder: Embedder, results: Results, progress: Progress | None = None) -> None:
        """Wrap an embedder.

        Args:
            embedder: who embeds what is new.
            results: where vectors are kept.
            progress: told after each block.
        """
        self._embedder = embedder
        self._results = results
        self._progress = progress
        self._space = f"embedding/{embedder.name}"
        self._readings = f"reading/{embedder.name}"

    @property
    def name(self) -> str:
        """See `Embedder.name`."""
        return self._embedder.name

    @property
    def dimensions(self) -> int:
        """See `Embedder.dimensions`."""
        return self._embedder.dimensions

    @property
    def max_tokens(self) -> int:
        """See `Embedder.max_tokens`."""
        return self._embedder.max_tokens

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed texts; see `Embedder.embed`. What is new is kept block by block."""
        import numpy as np

        if not texts:
            return self._embedder.embed(())
        keys = [_key(text) for text in texts]
        known = self._results.get(self._space, dict.fromkeys(keys))
        # By length, so that a block's texts are alike; the hash settles ties, so that the order of `texts` does not.
        new = sorted(
            (len(text), key, text) for key, text in dict(zip(keys, texts, strict=True)).items() if key not in known
        )
        for start in range(0, len(new), BLOCK):
            block = new[start : start + BLOCK]
            vectors = self._embedder.embed([text for _length, _key, text in block]).astype(np.float16)
            made = {key: vector.tobytes() for (_length, key, _text), vector in zip(block, vectors, strict=True)}
            self._results.put(self._space, made)
            known.update(made)
            if self._progress is not None:
                self._progress(start + len(block), len(new))
        rounded = np.frombuffer(b"".join(known[key] for key in keys), dtype=np.float16)
        return unit_rows(rounded.reshape(len(keys), -1).astype(np.float32))

    def readings(self, texts: Sequence[str]) -> list[Reading]:
        """Tell how texts are read; see `Embedder.readings`. No text is tokenised for it twice."""
        keys = [_key(text) for text in texts]
        by_key = dict(zip(keys, texts, strict=True))
        known = self._results.get(self._readings, by_key)
        if new := {key: text for key, text in by_key.items() if key not in known}:
            read = self._embedder.readings(list(new.values()))
            made = {key: _READING.pack(*reading) for key, reading in zip(new, read, strict=True)}
            self._results.put(self._readings, made)
            known.update(made)
        return [Reading(*_READING.unpack(known[key])) for key in keys]

    def unknown_shares(self, texts: Sequence[str]) -> Shares:
        """Tell how much of texts is unknown; see `Embedder.unknown_shares`."""
        return unknown_shares(self.readings(texts))


def cached(embedder: Embedder, results: Results, progress: Progress | None = None) -> KeptEmbedder:
    """Return an embedder that keeps what `embedder` makes, and never asks it twice for a text.

    Args:
        embedder: who embeds what is new.
        results: where vectors are kept, by the hash of the text, under the embedder's name.
        progress: told after each block how many of how many new texts are embedded.

    Returns:
        The embedder.
    """
    return KeptEmbedder(embedder, results, progress)


def _key(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
