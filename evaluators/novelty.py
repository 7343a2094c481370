"""Drop records that nearly repeat one that this workspace generated before, in this or any earlier run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from pydantic import Field as OptionField
from pydantic import field_validator

from curator.dedup.choices import REDIS_PASSWORD, Shingles
from curator.record import Record
from curator.results import Results
from curator.stage.base import StageOptions
from curator.stage.context import Context
from curator.stage.selector import Rejection, Selector
from curator.text.fields import Field, text_of

if TYPE_CHECKING:  # these load numpy
    from curator.dedup.index.index import SketchIndex
    from curator.dedup.index.sketch import Repeat

BATCH = 64
"""How many records that have arrived already are judged, and remembered, in one go."""


class NoveltyOptions(StageOptions):
    """Options of `novelty`. What was judged with other values of the first four is not seen.

    Attributes:
        threshold: the smallest Jaccard similarity at which a record repeats another, 0.3..1.
        field: what is compared: `instruction` (with its input), `response`, `both`, or the whole `dialogue`.
        shingles: compare by `words` (3-grams), by `characters` (5-grams), or `auto`: by characters where one of two
            texts has less than 30 words.
        guard: whether records that state other numbers or other names are always novel to each other.
        space: the name of the memory; the stage's own name unless said. Records of another space are not seen.
        redis: the Redis server whose memory is shared, as redis://host:port/0; the workspace's own memory without it.
    """

    threshold: float = OptionField(default=0.8, ge=0.3, le=1.0)
    field: Field = "dialogue"
    shingles: Shingles = "auto"
    guard: bool = True
    space: str = ""
    redis: str = ""

    @field_validator("redis")
    @classmethod
    def _is_address(cls, url: str) -> str:
        if not url:
            return url
        parts = urlsplit(url)
        if parts.password:
            raise ValueError(f"a recipe holds no password; put it into the environment variable {REDIS_PASSWORD}")
        if parts.scheme not in ("redis", "rediss", "unix") or not (parts.hostname or parts.path):
            raise ValueError("an address is written redis://host:port/0")
        return url


class Novelty(Selector[NoveltyOptions]):
    """Keeps what is new to the workspace, and remembers it.

    A record is dropped if its similarity to one that is remembered reaches `threshold`: exact Jaccard similarity of
    shingle sets, as in `near-dedup`, which compares the records of one run and waits for all of them. This stage
    decides while records are being made, so a generator that is to have a number of records accepted goes on until so
    many novel ones are there.

    A record is judged once, when it is first seen; its id then always gets the same answer. So a run that is carried
    out again, be it after kill -9, decides as it did. Remembered is what was novel when it came, whatever later stages
    made of it. A record that comes twice in one pass is a repeat of itself.

    Source: as `near-dedup`, with the incremental index of E. Zhu's `datasketch` library; see `SketchIndex`.
    """

    name: ClassVar[str] = "novelty"
    Options: ClassVar[type[StageOptions]] = NoveltyOptions

    _opened: tuple[Results, SketchIndex] | None = None

    def check(self, context: Context) -> None:
        """Ask the Redis server, if one is named, whether it is there.

        Args:
            context: the stage's surroundings.

        Raises:
            StoreError: it does not answer, or its client is not installed.
        """
        if self.options.redis:
            from curator.dedup.index.storage import InRedis

            storage = InRedis(self.options.redis, self._space())
            try:
                storage.check()
            finally:
                storage.close()

    def decide(self, record: Record, context: Context) -> Rejection | None:
        """Judge one record, and remember it.

        Args:
            record: the record.
            context: the stage's surroundings.

        Returns:
            None if it is novel, or was when it was first seen; otherwise `near-duplicate`, with what it repeats.

        Raises:
            StoreError: the memory cannot be read or written.
        """
        return self._decisions(self._index(context), [record], set())[0]

    async def run(self, records: AsyncIterator[Record], context: Context) -> AsyncIterator[Record]:
        """Mark the records that are not novel; what has arrived together is judged together."""
        index = self._index(context)
        seen: set[str] = set()
        try:
            async with aclosing(_arriving(records)) as batches:
                async for batch in batches:
                    if self.options.redis:  # the loop has other things to do than to wait for a server
                        decisions = await asyncio.to_thread(self._decisions, index, batch, seen)
                    else:
                        await self._judge(index, batch)
                        decisions = self._decisions(index, batch, seen)
                    for record, rejection in zip(batch, decisions, strict=True):
                        yield record if rejection is None else record.dropped(self.key, *rejection)
        finally:
            index.close()

    async def _judge(self, index: SketchIndex, batch: Sequence[Record]) -> None:
        """Judge one by one, and let others work in between: only one thread at a time may read the workspace."""
        for record in batch:
            index.judge(record.id, text_of(record, self.options.field))
            await asyncio.sleep(0)

    def _decisions(self, index: SketchIndex, batch: Sequence[Record], seen: set[str]) -> list[Rejection | None]:
        from curator.dedup.index.sketch import Repeat

        texts = [(record.id, text_of(record, self.options.field)) for record in batch]
        decisions: list[Rejection | None] = []
        for (key, _text), repeat in zip(texts, index.judged(texts), strict=True):
            decisions.append(_rejection(Repeat(key, 1.0) if repeat is None and key in seen else repeat))
            seen.add(key)
        return decisions

    def _index(self, context: Context) -> SketchIndex:
        """Return the index, opened once for all passes of a run: what they write is in it already."""
        from curator.dedup.index.index import SketchIndex
        from curator.dedup.index.storage import InRedis, InResults

        if self._opened is None or self._opened[0] is not context.results:
            options, space = self.options, self._space()
            storage = InRedis(options.redis, space) if options.redis else InResults(context.results, space)
            index = SketchIndex(storage, threshold=options.threshold, shingles=options.shingles, guard=options.guard)
            self._opened = context.results, index
        return self._opened[1]

    def _space(self) -> str:
        """Return the name of the memory, with all that judgements depend on."""
        options = self.options
        settings = {name: getattr(options, name) for name in ("threshold", "field", "shingles", "guard")}
        named = "/".join(f"{name}={value}" for name, value in settings.items())
        return f"{self.name}/{self.version}/{named}/{options.space or self.key}"


def _rejection(repeat: Repeat | None) -> Rejection | None:
    if repeat is None:
        return None
    return Rejection("near-duplicate", f"of {repeat.of}: Jaccard {repeat.similarity:.2f}", (repeat.of,))


async def _arriving(records: AsyncIterator[Record]) -> AsyncGenerator[list[Record]]:
    """Yield what is there, up to `BATCH` records at a time, and never keep one waiting for the next."""
    batch: list[Record] = []
    coming = asyncio.ensure_future(_next(records))
    try:
        while True:
            if batch:
                await asyncio.wait({coming}, timeout=0)
            if batch and (len(batch) >= BATCH or not _is_there(coming)):
                yield batch
                batch = []
            record = await coming
            if record is None:
                return
            batch.append(record)
            coming = asyncio.ensure_future(_next(records))
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


async def _next(records: AsyncIterator[Record]) -> Record | None:
    return await anext(records, None)


def _is_there(coming: asyncio.Future[Record | None]) -> bool:
    return coming.done() and not coming.cancelled() and coming.exception() is None and coming.result() is not None
