"""Concurrency that does not show: work runs side by side, results come out in the order the work came in."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

WINDOW = 1024
"""How far work may run ahead of the first unfinished item: many times any useful concurrency, so that one slow reply
holds up the order and not the others."""


async def ordered_map(
    items: AsyncIterator[T],
    work: Callable[[T], Coroutine[Any, Any, R]],
    window: Callable[[], int] = lambda: WINDOW,
) -> AsyncGenerator[R]:
    """Apply `work` to each item, many at a time, and yield the results in the items' order.

    Args:
        items: what to work on.
        work: the work; its first error ends the stream, in the items' order too.
        window: how many items may be under way or waiting for their turn, asked again before each start.

    Yields:
        One result an item.
    """
    pending: deque[asyncio.Task[R]] = deque()
    try:
        async for item in items:
            pending.append(asyncio.create_task(work(item)))
            while pending and (pending[0].done() or len(pending) >= max(1, window())):
                yield await pending.popleft()
        while pending:
            yield await pending.popleft()
    finally:
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)


async def as_stream(items: Iterable[T]) -> AsyncIterator[T]:
    """Yield `items`, one by one, as a stream."""
    for item in items:
        yield item


async def followed_by(first: AsyncIterator[T], second: AsyncIterator[T]) -> AsyncGenerator[T]:
    """Yield all of `first`, then all of `second`, which works ahead in the meantime.

    `second` begins when `first` has given its first item: what both ask of one model is then asked in the recipe's
    order, and the stages below are not kept waiting for the beginning of the stream.

    Args:
        first: the stream that goes through at once.
        second: the stream whose items are kept until `first` has ended.

    Yields:
        The items of both, in an order that does not depend on their speed.
    """
    ahead: asyncio.Queue[T | _End] = asyncio.Queue()
    room = asyncio.Semaphore(WINDOW)
    task: asyncio.Task[None] | None = None
    try:
        async for item in first:
            task = task or asyncio.create_task(_drain(second, ahead, room))
            yield item
        task = task or asyncio.create_task(_drain(second, ahead, room))
        while not isinstance(item_or_end := await ahead.get(), _End):
            room.release()
            yield item_or_end
        if item_or_end.error is not None:
            raise item_or_end.error
    finally:
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


class _End:
    """The end of a stream that works ahead, with the error that ended it, if one did."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


async def _drain(stream: AsyncIterator[T], queue: asyncio.Queue[T | _End], room: asyncio.Semaphore) -> None:
    try:
        async for item in stream:
            await room.acquire()
            queue.put_nowait(item)
    except (Exception, asyncio.CancelledError) as error:  # handed to the reader of the queue, which raises it
        queue.put_nowait(_End(error))
    else:
        queue.put_nowait(_End())
