"""Runs: which recipe was carried out, when, and how it ended."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from curator.store.writer import Writer

RunStatus = Literal["running", "done", "limited", "interrupted", "stopped by budget", "failed"]


class Run(msgspec.Struct, frozen=True):
    """One carrying-out of a recipe.

    Attributes:
        id: its number in this workspace, from 1.
        recipe_hash: the hash of the recipe.
        recipe: the recipe as it was run, as JSON text.
        stages: the recipe's names of its stages, in order.
        status: "running" until it ends; it also stays so after kill -9. "limited" is a quick look that came to its end.
        note: how it ended, in words.
        started_at: ISO 8601, UTC.
        ended_at: ISO 8601, UTC; None while it runs.
    """

    id: int
    recipe_hash: str
    recipe: str
    stages: tuple[str, ...]
    status: RunStatus
    note: str
    started_at: str
    ended_at: str | None


class Runs:
    """The store's runs."""

    def __init__(self, reader: sqlite3.Connection, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer

    def start(self, recipe_hash: str, recipe: str, stages: tuple[str, ...]) -> Run:
        """Begin a run. What unfinished runs left is cleared: their replies stay, and this run replays them.

        Args:
            recipe_hash: the hash of the recipe.
            recipe: the recipe, as JSON text.
            stages: the recipe's names of its stages, in order.

        Returns:
            The new run.
        """
        number = int(self._reader.execute("SELECT coalesce(max(id), 0) + 1 FROM runs").fetchone()[0])
        run = Run(number, recipe_hash, recipe, stages, "running", "", _now(), None)
        for table in ("candidates", "scores", "uses"):
            self._writer.submit(
                f"DELETE FROM {table} WHERE run IN (SELECT id FROM runs WHERE status != 'done')",  # noqa: S608 - our own names
                ((),),
            )
        self._writer.submit("UPDATE runs SET status = 'interrupted' WHERE status = 'running'", ((),))
        self._writer.submit(
            "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            ((number, recipe_hash, recipe, msgspec.json.encode(stages).decode(), "running", "", run.started_at, None),),
        )
        self._writer.flush()
        return run

    def end(self, run: Run, status: RunStatus, note: str = "") -> None:
        """Say how a run ended; everything it submitted is committed when this returns.

        Args:
            run: the run.
            status: how it ended.
            note: in words.
        """
        self._writer.submit(
            "UPDATE runs SET status = ?, note = ?, ended_at = ? WHERE id = ?", ((status, note, _now(), run.id),)
        )
        self._writer.flush()

    def latest(self, status: RunStatus | None = None) -> Run | None:
        """Return the newest run, or the newest that ended as `status`; None if there is none.

        Args:
            status: how the run must have ended.

        Returns:
            The newest run, or the newest that ended as `status`.
        """
        where, parameters = ("WHERE status = ?", (status,)) if status else ("", ())
        row = self._reader.execute(f"SELECT * FROM runs {where} ORDER BY id DESC LIMIT 1", parameters).fetchone()  # noqa: S608
        return None if row is None else _run(row)

    def all(self) -> list[Run]:
        """Return all runs, oldest first."""
        return [_run(row) for row in self._reader.execute("SELECT * FROM runs ORDER BY id")]


def _run(row: tuple[Any, ...]) -> Run:
    number, recipe_hash, recipe, stages, *rest = row
    return Run(number, recipe_hash, recipe, tuple(msgspec.json.decode(stages)), *rest)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
