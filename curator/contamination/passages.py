"""What of a text is embedded: passages that the model reads whole, in a script that it knows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from curator.contamination.forms import compared_words
from curator.contamination.short import is_too_short
from curator.embedding.base import MOST_UNKNOWN

if TYPE_CHECKING:
    from curator.embedding.base import Embedder

WINDOW_SHARE = 0.9
"""How many of the tokens that a model reads a window has, on average: some stretches have more."""

EDGE_TOKENS = 2
"""A model adds a token at either end."""

NEAR_BLANK_CHARS = 40
"""How far a window is shortened so that it ends between words."""

_BLANK_LINES = re.compile(r"\n\s*\n")


def passages(texts: Sequence[Sequence[str]], embedder: Embedder) -> list[list[str]]:
    """Return the passages of texts by which their meaning is compared.

    Args:
        texts: the texts, each in parts, such as the turns of a dialogue.
        embedder: who will embed the passages.

    Returns:
        Of each text its parts, their paragraphs and their lines, in which a question may be hidden; what is longer than
        the model reads in windows that overlap by half; nothing of which the model knows too little.
    """
    most = embedder.max_tokens
    split = [list(dict.fromkeys(each for part in parts for each in _split(part))) for parts in texts]
    read = iter(embedder.readings([each for text in split for each in text]))
    windows = [[part for each in text for part in _windows(each, next(read).tokens, most)] for text in split]
    shares = iter(embedder.unknown_shares([each for text in windows for each in text]))
    return [[each for each in text if next(shares) <= MOST_UNKNOWN] for text in windows]


def _split(part: str) -> Iterator[str]:
    """Yield a part of a text, its paragraphs and its lines."""
    part = part.strip()
    if part:
        yield part
    for paragraph in _BLANK_LINES.split(part):
        for each in (paragraph, *paragraph.split("\n")):
            if len(each) < len(part) and not is_too_short(compared_words(each)):
                yield each.strip()


def _windows(text: str, tokens: int, most: int) -> Iterator[str]:
    """Yield a text that has at most so many tokens, or else stretches of it, cut at blanks where there are some."""
    if tokens <= most:
        yield text
        return
    size = max(1, int(len(text) * (most - EDGE_TOKENS) / tokens * WINDOW_SHARE))
    start = 0
    while True:
        end = _blank(text, start + size)
        yield text[start:end].strip()
        if end == len(text):
            return
        start = max(start + 1, min(end, _blank(text, start + size // 2)))


def _blank(text: str, at: int) -> int:
    """Return the place of the last blank before `at` that is near; `at` itself if none is; the end of a short text."""
    if at >= len(text):
        return len(text)
    blank = text.rfind(" ", max(0, at - NEAR_BLANK_CHARS), at)
    return at if blank < 0 else blank
