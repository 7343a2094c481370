"""Costly results of our own, kept in the workspace; see `curator.results` for the idea."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from curator.store.writer import Writer

_AT_ONCE = 500
"""How many keys one statement looks up: SQLite allows 32,766 variables, and more at once gains nothing."""


class StoredResults:
    """The store's results; keeps the promise of `curator.results.Results`."""

    def __init__(self, reader: sqlite3.Connection, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer

    def get(self, space: str, keys: Iterable[str]) -> dict[str, bytes]:
        """Return what is known.

        Args:
            space: the kind of result.
            keys: what results are wanted of.

        Returns:
            The results that are there, by key.
        """
        found: dict[str, bytes] = {}
        wanted = iter(keys)
        while some := list(islice(wanted, _AT_ONCE)):
            marks = ",".join("?" * len(some))
            rows = self._reader.execute(
                f"SELECT key, value FROM results WHERE space = ? AND key IN ({marks})",  # noqa: S608
                (space, *some),
            )
            found.update(rows)
        return found

    def put(self, space: str, values: Mapping[str, bytes]) -> None:
        """Keep results; what is there already under a key stays. Returns once they would survive kill -9.

        Args:
            space: the kind of result.
            values: the results by key.

        Raises:
            StoreError: they could not be written.
        """
        rows = [(space, key, value) for key, value in values.items()]
        self._writer.submit("INSERT OR IGNORE INTO results (space, key, value) VALUES (?, ?, ?)", rows)
        self._writer.flush()

    def all(self, space: str) -> Iterator[tuple[str, bytes]]:
        """Yield every key of a space with its result, in the order in which they were kept.

        Args:
            space: the kind of result.

        Yields:
            Key and result.
        """
        yield from self._reader.execute("SELECT key, value FROM results WHERE space = ? ORDER BY nth", (space,))
