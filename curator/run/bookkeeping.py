"""Writing down, in batches, what a run makes and what becomes of it."""

from __future__ import annotations

import time
from typing import Protocol

from curator.llm.model import Answer
from curator.record import Record
from curator.run.progress import Progress
from curator.store import Position, Run, Store

BATCH = 500
"""How many facts go to the store at once."""

EVERY_S = 1.0
"""How long facts are kept back at most while more come, in seconds, so that others can watch the run."""


class Bookkeeper(Protocol):
    """What a pass tells while it goes on."""

    def made(self, stage: str, place: Position, record: Record) -> None:
        """A stage made a candidate."""

    def dropped(self, stage: str, place: Position, record: Record) -> None:
        """A record left the stream at a stage."""

    def passed(self, stage: str) -> None:
        """A record went on from a stage."""

    def settle(self, place: Position, record: Record) -> None:
        """A record came to the end of the stream."""


class Books:
    """The bookkeeper of a run in a workspace: store and progress."""

    def __init__(self, store: Store, run: Run, progress: Progress) -> None:
        self._store = store
        self._run = run
        self._progress = progress
        self._made: list[tuple[Position, Record]] = []
        self._settled: list[tuple[Position, Record]] = []
        self._uses: list[tuple[str, str, bool]] = []
        self._flushed_s = time.monotonic()

    def made(self, stage: str, place: Position, record: Record) -> None:
        """Note a candidate; it is in the store at the latest when the pass ends.

        Args:
            stage: the recipe's name of the stage.
            place: its place in the run.
            record: the candidate.
        """
        self._progress.stages[stage].made += 1
        self._made.append((place, record))
        self._flush_if_due()

    def dropped(self, stage: str, place: Position, record: Record) -> None:
        """Note that a record left the stream.

        Args:
            stage: the recipe's name of the stage that dropped it.
            place: its place in the run.
            record: the record, marked.
        """
        self._progress.stages[stage].dropped += 1
        self.settle(place, record)

    def passed(self, stage: str) -> None:
        """Note that a record went on.

        Args:
            stage: the recipe's name of the stage it leaves.
        """
        self._progress.stages[stage].passed += 1

    def settle(self, place: Position, record: Record) -> None:
        """Note a record's scores and fate.

        Args:
            place: its place in the run.
            record: the record as it left the stream.
        """
        self._settled.append((place, record))
        self._flush_if_due()

    def used(self, stage: str, answer: Answer) -> None:
        """Note that a stage used a reply.

        Args:
            stage: the recipe's name of the stage.
            answer: the reply, and how we came by it.
        """
        self._uses.append((stage, answer.key, answer.replayed))
        self._flush_if_due()

    def _flush_if_due(self) -> None:
        gathered = max(len(self._made), len(self._settled), len(self._uses))
        if gathered >= BATCH or time.monotonic() - self._flushed_s >= EVERY_S:
            self.flush()

    def flush(self) -> None:
        """Hand what has gathered to the store."""
        self._store.candidates.add(self._run, self._made)
        self._store.candidates.settle(self._run, self._settled)
        self._store.use(self._run, self._uses)
        self._made, self._settled, self._uses = [], [], []
        self._flushed_s = time.monotonic()
