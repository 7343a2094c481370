"""The one writer of a store: a thread with its own connection that commits what has gathered, every few milliseconds.

One transaction for many rows is what makes storing each reply the moment it arrives cheap (group commit). In WAL mode
with `synchronous=NORMAL` a committed row survives kill -9 of the process.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from curator.errors import StoreError

GATHER_S = 0.003
"""How long the writer waits for company before it commits, in seconds."""

Statement = tuple[str, Sequence[Sequence[Any]]]
_Job = tuple[Statement, Callable[[Exception | None], None] | None]


class Writer:
    """Applies statements in the order they were submitted."""

    def __init__(
        self, connect: Callable[[], sqlite3.Connection], translate: Callable[[sqlite3.Error], StoreError]
    ) -> None:
        """Start the thread.

        Args:
            connect: opens a connection in autocommit mode; called in the writer's thread.
            translate: turns SQLite's errors into ours.
        """
        self._connect = connect
        self._translate = translate
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="curator-store-writer", daemon=True)
        self._thread.start()

    def submit(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Queue one statement for many rows and return at once.

        Args:
            sql: the statement.
            rows: its parameters, one sequence a row.

        Raises:
            StoreError: an earlier statement could not be written.
        """
        self._check()
        self._jobs.put(((sql, rows), None))

    async def write(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Write one statement and return once it is committed.

        Args:
            sql: the statement.
            rows: its parameters, one sequence a row.

        Raises:
            StoreError: it could not be written.
        """
        self._check()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def settle(failure: Exception | None) -> None:
            if done.done():  # the asker was cancelled meanwhile
                return
            if failure is None:
                done.set_result(None)
            else:
                done.set_exception(failure)

        self._jobs.put(((sql, rows), lambda failure: _call_soon(loop, settle, failure)))
        await done

    def flush(self) -> None:
        """Wait until everything submitted so far is committed.

        Raises:
            StoreError: something could not be written.
        """
        self._check()
        settled = threading.Event()
        self._jobs.put((("", ()), lambda _failure: settled.set()))
        settled.wait()
        self._check()

    def close(self) -> None:
        """Commit what is queued and end the thread; what is submitted afterwards is refused.

        Raises:
            StoreError: something could not be written.
        """
        if not self._thread.is_alive():
            return
        self._jobs.put(None)
        self._thread.join()
        failure, self._failure = self._failure, self._failure or StoreError("the store is closed")
        if failure is not None:
            raise failure

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        connection: sqlite3.Connection | None = None
        ended = False
        while not ended:
            batch, ended = self._gather()
            try:
                connection = connection or self._connect()
                if self._failure is None:
                    _commit(connection, batch)
            except sqlite3.Error as error:
                self._failure = self._translate(error)
            except Exception as error:  # a value that cannot be stored: raised by those who wait, not by this thread
                self._failure = error
            for _statement, settle in batch:
                if settle is not None:
                    settle(self._failure)
        if connection is not None:
            connection.close()

    def _gather(self) -> tuple[list[_Job], bool]:
        first = self._jobs.get()
        if first is None:
            return [], True
        time.sleep(GATHER_S)
        batch = [first]
        while True:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return batch, False
            if job is None:
                return batch, True
            batch.append(job)


def _commit(connection: sqlite3.Connection, batch: list[_Job]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for (sql, rows), _settle in batch:
            if rows:
                connection.executemany(sql, rows)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _call_soon(loop: asyncio.AbstractEventLoop, settle: Callable[..., None], failure: Exception | None) -> None:
    try:
        loop.call_soon_threadsafe(settle, failure)
    except RuntimeError:  # the loop has ended: nobody waits any more, and the row is committed
        return
