"""The clean text of every source, kept so that a record's passage can be shown even after the file has changed."""

from __future__ import annotations

import sqlite3

import msgspec

from curator.store.writer import Writer
from curator.text.document import Chapter, Document


class Documents:
    """The store's documents, by the hash of their clean text."""

    def __init__(self, reader: sqlite3.Connection, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer

    def add(self, documents: tuple[Document, ...]) -> None:
        """Keep `documents`; one whose text is already there is not stored again.

        Args:
            documents: what a run reads.
        """
        rows = [(d.digest, d.name, d.title, d.text, msgspec.json.encode(d.chapters)) for d in documents]
        self._writer.submit("INSERT OR IGNORE INTO documents VALUES (?, ?, ?, ?, ?)", rows)

    def get(self, digest: str) -> Document | None:
        """Return the document whose clean text has this hash, or None.

        Args:
            digest: `Document.digest`.

        Returns:
            The document whose clean text has this hash.
        """
        row = self._reader.execute(
            "SELECT name, title, text, chapters FROM documents WHERE digest = ?", (digest,)
        ).fetchone()
        if row is None:
            return None
        name, title, text, chapters = row
        return Document(name, text, title, msgspec.json.decode(chapters, type=tuple[Chapter, ...]))
