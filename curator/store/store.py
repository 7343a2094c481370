"""One SQLite file per workspace, and the only writer to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from curator.errors import StoreError
from curator.store.candidates import Candidates
from curator.store.connection import connect, prepare, translated
from curator.store.documents import Documents
from curator.store.funnel import Ledger
from curator.store.replies import Replies
from curator.store.results import StoredResults
from curator.store.runs import Run, Runs
from curator.store.writer import Writer

FILE_NAME = "curator.db"


class Store:
    """A workspace's database: records, runs, replies, documents, accounts.

    Attributes:
        path: the file.
        replies: the model replies that were paid for.
        documents: the clean text of the sources.
        runs: the runs.
        candidates: what runs made.
        ledger: the funnel and the cost of a run.
        results: costly results of our own: embeddings, sketches.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, making or bringing it up to date first; `Store.open` also takes a workspace's folder.

        Args:
            path: the file.

        Raises:
            StoreError: it is from a newer version, is locked, damaged or unwritable.
        """
        prepare(path)
        self.path = path
        self._reader = connect(path)
        self._writer = Writer(lambda: connect(path), lambda error: translated(error, path))
        self.replies = Replies(self._reader, self._writer)
        self.documents = Documents(self._reader, self._writer)
        self.runs = Runs(self._reader, self._writer)
        self.candidates = Candidates(self._reader, self._writer)
        self.ledger = Ledger(self._reader)
        self.results = StoredResults(self._reader, self._writer)

    @classmethod
    def open(cls, path: str | Path, *, create: bool = True) -> Self:
        """Open a workspace's database.

        Args:
            path: the file, or the workspace's folder.
            create: make it if it is not there.

        Returns:
            The store; close it, or use it in a `with` statement.

        Raises:
            StoreError: it is not there and not to be made, is from a newer version, is locked, damaged or unwritable.
        """
        file = Path(path)
        file = file / FILE_NAME if file.is_dir() or file.suffix != ".db" else file
        if not create and not file.exists():
            raise StoreError(f"there is no {file}; make one with `curator run`, or name another --workspace")
        return cls(file)

    def use(self, run: Run, uses: Sequence[tuple[str, str, bool]]) -> None:
        """Note which replies a run's stages used.

        Args:
            run: the run.
            uses: for each, the recipe's name of the stage, the reply's key, and whether it was in the store already.
        """
        rows = [(run.id, stage, key, int(replayed)) for stage, key, replayed in uses]
        self._writer.submit("INSERT OR IGNORE INTO uses VALUES (?, ?, ?, ?)", rows)

    def flush(self) -> None:
        """Wait until everything submitted so far is committed.

        Raises:
            StoreError: something could not be written.
        """
        self._writer.flush()

    def close(self) -> None:
        """Commit what is queued and close the file.

        Raises:
            StoreError: something could not be written.
        """
        try:
            self._writer.close()
        finally:
            self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if isinstance(error, sqlite3.Error):  # from a reader: in words that say what to do, like the writer's
            raise translated(error, self.path) from error
