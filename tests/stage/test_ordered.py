"""Work side by side, results in order, and nothing left running."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from curator.stage.ordered import as_stream, followed_by, ordered_map


def others() -> set[asyncio.Task[object]]:
    """Return the tasks besides the test's own."""
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


async def gather_into(got: list[int], stream: AsyncIterator[int]) -> None:
    """Put what the stream gives, up to its end or its error, into `got`."""
    async for value in stream:
        got.append(value)


async def later(value: int) -> int:
    await asyncio.sleep(random.uniform(0, 0.004))
    return value


async def test_results_keep_the_order_of_the_items() -> None:
    assert [value async for value in ordered_map(as_stream(range(300)), later)] == list(range(300))


async def test_work_is_side_by_side() -> None:
    """All of it has to be under way before any of it can end."""
    barrier = asyncio.Barrier(50)

    async def meet(value: int) -> int:
        async with barrier:
            return value

    assert [value async for value in ordered_map(as_stream(range(50)), meet)] == list(range(50))


@pytest.mark.parametrize("size", [0, 1, 3, 8])
async def test_the_window_bounds_what_is_under_way(size: int) -> None:
    under_way = most = 0

    async def work(value: int) -> int:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        result = await later(value)
        under_way -= 1
        return result

    assert [value async for value in ordered_map(as_stream(range(40)), work, lambda: size)] == list(range(40))
    assert most == max(1, size)


async def test_a_window_that_shrinks_is_asked_again_before_each_start() -> None:
    started: list[int] = []
    got: list[int] = []

    async def work(value: int) -> int:
        started.append(value)
        return await later(value)

    async with aclosing(ordered_map(as_stream(range(100)), work, lambda: 6 - len(got))) as results:
        async for value in results:
            got.append(value)
            if len(got) == 6:
                break
    assert (got, started) == ([0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5])


async def test_an_error_ends_the_stream_in_its_place() -> None:
    """Item 3 fails at once and item 1 last: what came before the first failing item is still given out."""

    async def work(value: int) -> int:
        if value == 3:
            raise ValueError("three")
        await asyncio.sleep(0.01 / (value + 1))
        return value

    got: list[int] = []
    with pytest.raises(ValueError, match="three"):
        await gather_into(got, ordered_map(as_stream(range(10)), work))
    assert got == [0, 1, 2]
    assert others() == set()


async def test_an_error_of_the_items_ends_the_work() -> None:
    async def items() -> AsyncIterator[int]:
        yield 1
        raise RuntimeError("no more")

    async def for_ever(_value: int) -> None:
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="no more"):
        [value async for value in ordered_map(items(), for_ever)]
    assert others() == set()


async def test_closing_leaves_no_task_behind() -> None:
    async def work(value: int) -> int:
        if value:
            await asyncio.Event().wait()
        return value

    async with aclosing(ordered_map(as_stream(range(20)), work)) as results:
        assert await anext(results) == 0
        assert len(others()) == 19
    assert others() == set()


async def test_cancelling_leaves_no_task_behind() -> None:
    async def consume() -> None:
        async for _ in followed_by(as_stream(()), ordered_map(as_stream(range(20)), lambda _: asyncio.Event().wait())):
            pass

    task = asyncio.create_task(consume())
    await asyncio.sleep(0.01)
    assert len(others()) > 20
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert others() == set()


async def test_one_stream_after_the_other() -> None:
    first, second = ordered_map(as_stream(range(5)), later), ordered_map(as_stream(range(5, 10)), later)
    assert [value async for value in followed_by(first, second)] == list(range(10))


@pytest.mark.parametrize(("first", "second"), [((), ()), ((1,), ()), ((), (2,)), ((1,), (2,))])
async def test_empty_streams(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    assert tuple([value async for value in followed_by(as_stream(first), as_stream(second))]) == first + second


async def test_the_second_works_while_the_first_is_going_through() -> None:
    begun = asyncio.Event()

    async def first() -> AsyncIterator[int]:
        yield 1
        await asyncio.wait_for(begun.wait(), 5)  # only the second stream can end this wait
        yield 2

    async def second() -> AsyncIterator[int]:
        begun.set()
        yield 3

    assert [value async for value in followed_by(first(), second())] == [1, 2, 3]


async def test_an_error_of_the_second_comes_after_the_first() -> None:
    async def second() -> AsyncIterator[int]:
        yield 3
        raise ValueError("second")

    got: list[int] = []
    with pytest.raises(ValueError, match="second"):
        await gather_into(got, followed_by(as_stream((1, 2)), second()))
    assert got == [1, 2, 3]


async def test_an_error_of_the_first_ends_the_second() -> None:
    ended = False

    async def first() -> AsyncIterator[int]:
        yield 1
        await asyncio.sleep(0.005)
        raise ValueError("first")

    async def second() -> AsyncIterator[int]:
        nonlocal ended
        try:
            await asyncio.Event().wait()
            yield 2
        finally:
            ended = True

    with pytest.raises(ValueError, match="first"):
        [value async for value in followed_by(first(), second())]
    assert ended
    assert others() == set()


async def test_a_second_stream_that_is_cancelled_does_not_hang() -> None:
    """A client library may cancel the task it runs in; the reader must hear of it."""

    async def second() -> AsyncIterator[int]:
        yield 2
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(5):
            [value async for value in followed_by(as_stream((1,)), second())]
