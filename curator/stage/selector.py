"""Stages that choose: they mark records as dropped, with a reason, and never delete one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from curator.record import Record
from curator.stage.base import OptionsT, Stage
from curator.stage.context import Context


class Rejection(NamedTuple):
    """Why a record is not to stay.

    Attributes:
        reason: a short machine-readable reason, which is counted.
        detail: what a person needs to judge it.
        of: the ids of what it repeats; see `curator.record.Drop`.
    """

    reason: str
    detail: str = ""
    of: tuple[str, ...] = ()


class Selector(Stage[OptionsT]):
    """Decides on each record by itself."""

    @abstractmethod
    def decide(self, record: Record, context: Context) -> Rejection | None:
        """Decide on one record.

        Args:
            record: the record, with its scores.
            context: the stage's surroundings.

        Returns:
            None to keep it, or why not.
        """

    async def run(self, records: AsyncIterator[Record], context: Context) -> AsyncIterator[Record]:
        """Mark the records that do not stay."""
        async for record in records:
            yield _marked(record, self.decide(record, context), self.key)


class CorpusSelector(Stage[OptionsT]):
    """Decides on records by comparison with each other, so it waits for all of them."""

    @abstractmethod
    async def select(self, records: Sequence[Record], context: Context) -> Sequence[Rejection | None]:
        """Decide on a whole set.

        Args:
            records: all records that arrived.
            context: the stage's surroundings.

        Returns:
            For each record, in the same order, None to keep it, or why not.
        """

    async def run(self, records: AsyncIterator[Record], context: Context) -> AsyncIterator[Record]:
        """Wait for all records, then mark those that do not stay."""
        corpus = [record async for record in records]
        for record, rejection in zip(corpus, await self.select(corpus, context), strict=True):
            yield _marked(record, rejection, self.key)


def _marked(record: Record, rejection: Rejection | None, stage: str) -> Record:
    return record if rejection is None else record.dropped(stage, *rejection)
