"""Embedding with sentence-transformers: any of its models, on whatever device it finds."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from curator.embedding.base import Reading, encodable, unit_rows, unknown_shares
from curator.embedding.source import ModelFiles
from curator.embedding.tokens import Tokens
from curator.errors import StageError

if TYPE_CHECKING:
    from curator.embedding.base import Shares, Vectors

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
        limit = self.model.max_seq_length  # None or infinity for models that read everything
        return sys.maxsize if limit is None or limit >= sys.maxsize else int(limit)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed texts; see `Embedder.embed`."""
        import numpy as np

        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        clean = [encodable(text) for text in texts]
        return unit_rows(np.asarray(self.model.encode(clean, show_progress_bar=False, convert_to_numpy=True)))

    def readings(self, texts: Sequence[str]) -> list[Reading]:
        """Tell how texts are read; see `Embedder.readings`."""
        return (
            [self._spelled(encodable(text)) for text in texts] if self._tokens is None else self._tokens.readings(texts)
        )

    def unknown_shares(self, texts: Sequence[str]) -> Shares:
        """Tell how much of texts is unknown; see `Embedder.unknown_shares`."""
        return unknown_shares(self.readings(texts))

    @cached_property
    def _tokens(self) -> Tokens | None:
        """The model's own tokenizer, if the library `tokenizers` runs it; static models hold it bare."""
        tokenizer = getattr(self.model.tokenizer, "backend_tokenizer", self.model.tokenizer)
        return Tokens(tokenizer.to_str(), self.max_tokens) if hasattr(tokenizer, "to_str") else None

    def _spelled(self, text: str) -> Reading:
        """Read a text with a tokenizer that is written in Python and does not say where its tokens stand."""
        tokenizer = self.model.tokenizer
        tokens = tokenizer.tokenize(text)
        unknown = tokens[: self.max_tokens].count(getattr(tokenizer, "unk_token", None))
        return Reading(len(tokens), unknown / max(1, min(len(tokens), self.max_tokens)))
