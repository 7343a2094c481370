"""Stages that make records: from documents and files of their own, or from the records above."""

from __future__ import annotations

import asyncio
import dataclasses
from abc import abstractmethod
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import islice
from typing import ClassVar

import msgspec

from curator.record import Record
from curator.stage.asking import AskingOptionsT, AskingStage
from curator.stage.context import Context
from curator.stage.ordered import as_stream, followed_by, ordered_map
from curator.stage.question import Prompt

SUPERSEDED = "superseded"
"""The reason of a record that left because a better version of it, its child, takes its place."""


NO_HEIR = "no-fit-child"
"""The reason of a record that is of no use as it is, and of which nothing better could be made."""


class Generator(AskingStage[AskingOptionsT]):
    """A stage that adds records to the stream, made from the recipe's sources or from files of its own."""

    @abstractmethod
    def prompts(self, context: Context) -> Iterator[Prompt | Record]:
        """Yield what to ask, in order; the same every time.

        Args:
            context: the stage's surroundings; its model is not to be asked here.

        Yields:
            Prompts, and records that need no model.
        """

    def run(self, records: AsyncIterator[Record], context: Context) -> AsyncIterator[Record]:
        """Pass on what comes from above, then add this generator's candidates, at most `context.limit`."""
        return followed_by(records, self.candidates(as_stream(self.prompts(context)), context))


class Transformer(AskingStage[AskingOptionsT]):
    """A stage that makes new records from those above: all of them, or those of the stage that `from:` names.

    Attributes:
        takes: the recipe's `from`: the name of the stage whose records it works on; "" for all.
        supersedes: whether a child takes its parent's place (an answered question, a mended one). The parent is then
            dropped as `superseded`, and the child counts for the `accept` of the stage that made the parent.
        needs_heir: whether a parent without a response is dropped where none of its children is fit: a question that
            could not be answered is of no use.
    """

    takes: str = ""
    supersedes: ClassVar[bool] = False
    needs_heir: ClassVar[bool] = False

    @abstractmethod
    def prompts_for(self, record: Record, context: Context) -> Iterable[Prompt | Record]:
        """Return what to ask about one record.

        Args:
            record: the parent.
            context: the stage's surroundings; its model is not to be asked here.

        Returns:
            Prompts, and children that need no model.
        """

    def run(self, records: AsyncIterator[Record], context: Context) -> AsyncIterator[Record]:
        """Pass on what comes from above and add the children.

        Children come after the last record from above: the first of each parent, the second of each, and so on; where
        they supersede, each comes right
        behind its parent, and the last question within `context.limit` is still asked to its end.
        """
        return self._in_place(records, context) if self.supersedes else self._behind(records, context)

    def _behind(self, records: AsyncIterator[Record], context: Context) -> AsyncIterator[Record]:
        parents: asyncio.Queue[Record | None] = asyncio.Queue()

        async def passing() -> AsyncIterator[Record]:
            async for record in records:
                if self._is_for_us(record):
                    parents.put_nowait(record)
                yield record
            parents.put_nowait(None)

        async def prompts() -> AsyncIterator[Prompt | Record]:
            waiting: list[Iterator[Prompt | Record]] = []
            while (parent := await parents.get()) is not None:
                waiting.append(self._prompts_for(parent, context))
                for prompt in islice(waiting[-1], 1):
                    yield prompt
            while waiting:  # the second about each parent, the third, and so on: a limited run reaches all of them
                rest, waiting = waiting, []
                for prompts in rest:
                    for prompt in islice(prompts, 1):
                        yield prompt
                        waiting.append(prompts)

        return followed_by(passing(), self.candidates(prompts(), context))

    async def _in_place(self, records: AsyncIterator[Record], context: Context) -> AsyncIterator[Record]:
        left, free = context.limit, dataclasses.replace(context, limit=None)

        async def work(record: Record) -> list[Record]:
            nonlocal left
            if not self._is_for_us(record) or left == 0:
                return [record]
            prompts = list(self._prompts_for(record, context))
            if left is not None:
                prompts = prompts[: -(-left // self.per_prompt())]
                left = max(0, left - len(prompts) * self.per_prompt())
            children = [child async for child in self.candidates(as_stream(prompts), free)]
            if any(child.drop is None for child in children):
                heir = next(child.id for child in children if child.drop is None)
                record = record.dropped(self.key, SUPERSEDED, f"by {heir}")
            elif children and self.needs_heir and not record.response:
                why = next(child.drop.reason for child in children if child.drop is not None)
                record = record.dropped(self.key, NO_HEIR, why)
            return [record, *children]

        # Nothing is given out before all from above has come: whether a child equals one of those must not depend on
        # which reply came first.
        for batch in [batch async for batch in ordered_map(records, work)]:
            for record in batch:
                yield record

    def _is_for_us(self, record: Record) -> bool:
        return not self.takes or record.origin.stage == self.takes

    def _prompts_for(self, parent: Record, context: Context) -> Iterator[Prompt | Record]:
        for prompt in self.prompts_for(parent, context):
            if isinstance(prompt, Record):
                yield prompt if prompt.origin.parents else prompt.with_origin(parents=(parent.id,))
            else:
                yield prompt if prompt.parents else msgspec.structs.replace(prompt, parents=(parent.id,))
