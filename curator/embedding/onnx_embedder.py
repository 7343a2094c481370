"""A converted model as an embedder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from curator.embedding.agreement import SENTENCES, Agreement, agreement
from curator.embedding.base import Reading, unknown_shares
from curator.embedding.conversion import GRAPH, TOKENIZER, VERSION, WANTED, Conversion
from curator.embedding.onnx_session import OnnxSession

if TYPE_CHECKING:
    from curator.embedding.base import Shares, Vectors


class OnnxEmbedder:
    """A converted model in 8 bits; a text has the same vector, bit for bit, in whatever company it is embedded."""

    def __init__(self, folder: Path, note: Conversion) -> None:
        """Open a conversion.

        Args:
            folder: the conversion.
            note: its note.
        """
        self._note = note
        self._wanted = folder / WANTED
        self._session = OnnxSession(folder / GRAPH, folder / TOKENIZER, note.max_tokens)
        self._name = f"{note.model}/onnx-int8.{VERSION}"

    @property
    def name(self) -> str:
        """See `Embedder.name`."""
        return self._name

    @property
    def dimensions(self) -> int:
        """See `Embedder.dimensions`."""
        return self._note.dimensions

    @property
    def max_tokens(self) -> int:
        """See `Embedder.max_tokens`."""
        return self._note.max_tokens

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed texts; see `Embedder.embed`."""
        import numpy as np

        return self._session.embed(texts) if texts else np.zeros((0, self.dimensions), dtype=np.float32)

    def readings(self, texts: Sequence[str]) -> list[Reading]:
        """Tell how texts are read; see `Embedder.readings`."""
        return self._session.readings(texts)

    def unknown_shares(self, texts: Sequence[str]) -> Shares:
        """Tell how much of texts is unknown; see `Embedder.unknown_shares`."""
        return unknown_shares(self.readings(texts))

    def agreement_here(self) -> Agreement:
        """Return how near this machine's vectors are to the model's own: processors differ in 8-bit arithmetic."""
        import numpy as np

        return agreement(self.embed(SENTENCES), np.load(self._wanted))
