"""Embedding with sentence-transformers: any of its models, on whatever device it finds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from curator.embedding.base import encodable, unit_rows
from curator.embedding.source import ModelFiles
from curator.errors import StageError

if TYPE_CHECKING:
    from curator.embedding.base import Vectors

INSTALL = "pip install 'instruct-curator[embeddings]'"


class SentenceTransformerEmbedder:
    """A model run by sentence-transformers in 32 bits.

    It computes padded batches of texts of like length, so a vector may differ in its last digits, by less than 1e-5,
    with the texts beside it.
    """

    def __init__(self, files: ModelFiles) -> None:
        """Load the model.

        Args:
            files: where it lies.

        Raises:
            StageError: sentence-transformers is missing, or cannot load the model.
        """
        try:
            import transformers
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise StageError(f"the embedding model {files.name!r} needs sentence-transformers: {INSTALL}") from error
        speech: Any = transformers.logging
        speech.disable_progress_bar()
        try:
            self.model: Any = SentenceTransformer(str(files.folder))
        except (OSError, ValueError) as error:
            raise StageError(f"the embedding model {str(files.folder)!r} cannot be loaded: {error}") from error
        finally:
            speech.enable_progress_bar()
        self._name = f"{files.name}@{files.digest}/sentence-transformers"

    @property
    def name(self) -> str:
        """See `Embedder.name`."""
        return self._name

    @property
    def dimensions(self) -> int:
        """See `Embedder.dimensions`."""
        return int(self.embed([""]).shape[1])

    @property
    def max_tokens(self) -> int:
        """See `Embedder.max_tokens`."""
        return int(self.model.max_seq_length)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed texts; see `Embedder.embed`."""
        import numpy as np

        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        clean = [encodable(text) for text in texts]
        return unit_rows(np.asarray(self.model.encode(clean, show_progress_bar=False, convert_to_numpy=True)))

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Count tokens; see `Embedder.token_counts`."""
        if not texts:
            return []
        clean = [encodable(text) for text in texts]
        rows = self.model.tokenizer(clean, truncation=False, verbose=False)["input_ids"]
        return [len(row) for row in rows]
