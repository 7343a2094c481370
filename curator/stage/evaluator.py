"""Stages that measure: they add scores and never drop."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Sequence

from curator.record import Record, Score
from curator.stage.base import OptionsT, Stage
from curator.stage.context import Context
from curator.stage.ordered import ordered_map


class Evaluator(Stage[OptionsT]):
    """Scores each record by itself, so that it works while the stages above still write."""

    def requests_per_record(self) -> tuple[int, int]:
        """Return how many replies a record takes where the stage asks a model, retries left out: it prices the run."""
        return (0, 1)

    @abstractmethod
    async def score(self, record: Record, context: Context) -> tuple[Score, ...]:
        """Measure one record.

        Args:
            record: the record.
            context: the stage's surroundings.

        Returns:
            One score for each measure in `gives()`, its value None where it does not apply to this record.
        """

    def run(self, records: AsyncIterator[Record], context: Context) -> AsyncIterator[Record]:
        """Add the scores to each record."""

        async def work(record: Record) -> Record:
            return record.with_scores(*await self.score(record, context))

        return ordered_map(records, work)


class CorpusEvaluator(Stage[OptionsT]):
    """Scores records by comparison with each other, so it waits for all of them."""

    @abstractmethod
    async def score_all(self, records: Sequence[Record], context: Context) -> Sequence[tuple[Score, ...]]:
        """Measure a whole set.

        Args:
            records: all records that arrived.
            context: the stage's surroundings.

        Returns:
            The scores of each record, in the same order.
        """

    async def run(self, records: AsyncIterator[Record], context: Context) -> AsyncIterator[Record]:
        """Wait for all records, then add the scores to each."""
        corpus = [record async for record in records]
        for record, scores in zip(corpus, await self.score_all(corpus, context), strict=True):
            yield record.with_scores(*scores)
