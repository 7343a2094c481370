"""Counting tokens, and what of a text a tokenizer has no token for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from curator.embedding.base import Reading, encodable

_AT_ONCE = 256
"""How many texts are tokenised at once: what a tokenizer says of a text takes a hundred times the text's memory."""


class _Model(msgspec.Struct, frozen=True):
    """What a tokenizer's file says of unknown tokens: WordPiece and BPE name the token, Unigram numbers it."""

    unk_token: str | None = None
    unk_id: int | None = None


class _File(msgspec.Struct, frozen=True):
    model: _Model


class Tokens:
    """A tokenizer of the library `tokenizers`, without the limits that somebody else set on it."""

    def __init__(self, written: str, max_tokens: int) -> None:
        """Open a tokenizer.

        Args:
            written: the tokenizer as it is written to `tokenizer.json`.
            max_tokens: how many tokens of a text the model reads.
        """
        from tokenizers import Tokenizer

        self._tokenizer: Any = Tokenizer.from_str(written)
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._max_tokens = max_tokens
        model = msgspec.json.decode(written, type=_File).model
        named = None if model.unk_token is None else self._tokenizer.token_to_id(model.unk_token)
        self._unknown: int | None = model.unk_id if named is None else named

    def readings(self, texts: Sequence[str]) -> list[Reading]:
        """Return how each text is read; see `Embedder.readings`."""
        return [self._reading(encoded) for block in blocks(texts) for encoded in self._tokenizer.encode_batch(block)]

    def _reading(self, encoded: Any) -> Reading:
        ids = encoded.ids
        if self._unknown is None or self._unknown not in ids:
            return Reading(len(ids), 0.0)
        read = list(zip(ids, encoded.offsets, strict=True))[: self._max_tokens]
        whole = sum(end - start for _token, (start, end) in read)
        unknown = sum(end - start for token, (start, end) in read if token == self._unknown)
        return Reading(len(ids), unknown / whole if whole else 0.0)


def blocks(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield texts, made encodable, a block at a time.

    Args:
        texts: the texts.

    Yields:
        Some of them.
    """
    for start in range(0, len(texts), _AT_ONCE):
        yield [encodable(text) for text in texts[start : start + _AT_ONCE]]
