"""A source document: its name, its clean text, and the chapters found in it."""

from __future__ import annotations

import hashlib
from functools import cached_property

import msgspec


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
        chapters: in order, not overlapping; empty where none was found.
    """

    name: str
    text: str
    title: str = ""
    chapters: tuple[Chapter, ...] = ()

    @cached_property
    def digest(self) -> str:
        """The hash of the clean text: 32 hexadecimal digits."""
        return hashlib.blake2b(self.text.encode(), digest_size=16).hexdigest()
