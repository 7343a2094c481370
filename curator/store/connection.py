"""How the database is opened, and what its errors mean to a user."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from curator.errors import StoreError
from curator.store.migrations import MIGRATIONS, migrate, version_of

BUSY_S = 10.0
"""How long to wait for another process's transaction, in seconds."""


def connect(path: Path) -> sqlite3.Connection:
    """Open a connection in autocommit mode.

    Args:
        path: the database file.

    Returns:
        The connection; it may be used from any one thread at a time.
    """
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def prepare(path: Path) -> None:
    """Create the database if it is not there, and bring an older one up to date.

    Args:
        path: the database file.

    Raises:
        StoreError: it is from a newer version, is no database, is locked, or cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = connect(path)
        try:
            found = version_of(connection)
            if found > len(MIGRATIONS):
                raise StoreError(
                    f"{path} was written by a newer version of Curator (schema {found}, this one knows "
                    f"{len(MIGRATIONS)}); upgrade instruct-curator, or name another --workspace"
                )
            if found < len(MIGRATIONS):
                migrate(connection)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise translated(error, path) from error
    except OSError as error:
        raise StoreError(f"{path} cannot be created: {error.strerror or error}") from error


def translated(error: sqlite3.Error, path: Path) -> StoreError:
    """Turn SQLite's error into one that says what to do.

    Args:
        error: what SQLite raised.
        path: the database file.

    Returns:
        The error to raise.
    """
    words = str(error)
    if "locked" in words or "busy" in words:
        return StoreError(
            f"{path} is locked by another program for more than {BUSY_S:.0f} s; close it and run again: "
            "nothing that was paid for is lost"
        )
    if "full" in words or "disk I/O" in words:
        return StoreError(
            f"{path}: the disk is full or failing ({words}); free some space and run again: it goes on from here"
        )
    if "not a database" in words or "malformed" in words:
        return StoreError(f"{path} is damaged or no Curator store ({words}); move it away or restore a copy")
    if "readonly" in words or "unable to open" in words:
        return StoreError(f"{path} cannot be opened for writing ({words}); check the folder's permissions")
    return StoreError(f"{path}: {words}")
