"""The database's schema, as numbered steps, each applied once.

`PRAGMA user_version` holds the number of the last step applied. A step that has been released is never changed: a new
need is a new step.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

Migration = Callable[[sqlite3.Connection], None]

MIGRATIONS: list[Migration] = []


def migration(step: Migration) -> Migration:
    """Register a step; its number is its place in this file, from 1."""
    MIGRATIONS.append(step)
    return step


def migrate(connection: sqlite3.Connection) -> None:
    """Apply the steps that this database has not seen, all of them or none.

    Args:
        connection: a connection in autocommit mode.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        seen = version_of(connection)
        for number, step in enumerate(MIGRATIONS[seen:], start=seen + 1):
            step(connection)
            connection.execute(f"PRAGMA user_version = {number}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def version_of(connection: sqlite3.Connection) -> int:
    """Return the number of the last step applied to this database."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


@migration
def records_runs_and_replies(connection: sqlite3.Connection) -> None:
    """The first schema: records, the runs that made them, and the replies that were paid for."""
    for statement in (
        # A record's content, once per id.
        "CREATE TABLE records (id TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID",
        # Equal content may be made twice: both parents are kept.
        "CREATE TABLE lineage (child TEXT NOT NULL, parent TEXT NOT NULL, PRIMARY KEY (child, parent)) WITHOUT ROWID",
        "CREATE INDEX lineage_by_parent ON lineage (parent)",
        """CREATE TABLE documents (
            digest TEXT PRIMARY KEY, name TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL, chapters BLOB NOT NULL
        ) WITHOUT ROWID""",
        """CREATE TABLE runs (
            id INTEGER PRIMARY KEY, recipe_hash TEXT NOT NULL, recipe TEXT NOT NULL, stages TEXT NOT NULL,
            status TEXT NOT NULL, note TEXT NOT NULL DEFAULT '', started_at TEXT NOT NULL, ended_at TEXT
        )""",
        # What one run made: position = (stage, seq), where seq counts what that stage made.
        """CREATE TABLE candidates (
            run INTEGER NOT NULL, stage INTEGER NOT NULL, seq INTEGER NOT NULL, record TEXT NOT NULL,
            made_by TEXT NOT NULL, origin BLOB NOT NULL, reply_key TEXT NOT NULL,
            input_at INTEGER,  -- beside the record, not in it: it is no part of the identity
            settled INTEGER NOT NULL DEFAULT 0,  -- 1 once it has left the stream, kept or dropped
            drop_stage TEXT, drop_reason TEXT, drop_detail TEXT,
            PRIMARY KEY (run, stage, seq)
        ) WITHOUT ROWID""",
        "CREATE INDEX candidates_by_record ON candidates (record, run)",
        """CREATE TABLE scores (
            run INTEGER NOT NULL, record TEXT NOT NULL, name TEXT NOT NULL, nth INTEGER NOT NULL, value REAL,
            explanation TEXT NOT NULL, PRIMARY KEY (run, record, name)
        ) WITHOUT ROWID""",
        """CREATE TABLE replies (
            key TEXT PRIMARY KEY, identity TEXT NOT NULL, model TEXT NOT NULL,
            request BLOB NOT NULL, reply BLOB NOT NULL,
            prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, usd REAL, seconds REAL NOT NULL,
            created_at TEXT NOT NULL
        ) WITHOUT ROWID""",
        # Which replies a run's stages used, and whether they were asked for anew.
        """CREATE TABLE uses (
            run INTEGER NOT NULL, stage TEXT NOT NULL, key TEXT NOT NULL, replayed INTEGER NOT NULL,
            PRIMARY KEY (run, stage, key)
        ) WITHOUT ROWID""",
    ):
        connection.execute(statement)


@migration
def what_records_repeat_and_results(connection: sqlite3.Connection) -> None:
    """What a dropped record repeats and a score compares with; and costly results of our own."""
    for statement in (
        "ALTER TABLE candidates ADD COLUMN drop_of TEXT",  # ids, one a line
        "ALTER TABLE scores ADD COLUMN of TEXT NOT NULL DEFAULT ''",
        """CREATE TABLE results (
            nth INTEGER PRIMARY KEY, space TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, UNIQUE (space, key)
        )""",
    ):
        connection.execute(statement)
