"""A source document: its name, its clean text, and the chapters found in it."""

from __future__ import annotations

import hashlib
from functools import cached_property

import msgspec

_SLICE_CHARS = 1 << 20


class Chapter(msgspec.Struct, frozen=True):
    """A stretch of a document under one heading; `start` and `end` are character offsets in the clean text."""

    title: str
    start: int
    end: int


class Document(msgspec.Struct, frozen=True, dict=True):
    """A source document as every stage sees it.

    Attributes:
        name: as the recipe gives it (a path relative to the workspace).
        text: the clean text that every span refers to.
        title: the document's own title, or its file name.
        author: who wrote it, where the file says so.
        chapters: in order, not overlapping; empty where none was found.
    """

    name: str
    text: str
    title: str = ""
    chapters: tuple[Chapter, ...] = ()
    author: str = ""

    @cached_property
    def digest(self) -> str:
        """The hash of the clean text: 32 hexadecimal digits."""
        digest = hashlib.blake2b(digest_size=16)
        for start in range(0, len(self.text), _SLICE_CHARS):  # the whole text is not encoded at once: it may be large
            digest.update(self.text[start : start + _SLICE_CHARS].encode())
        return digest.hexdigest()
