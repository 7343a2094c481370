"""The adaptive limit, the pace, and what servers say about waiting."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.llm.limits import AdaptiveLimit, Pace, retry_after_s


async def test_grows_by_doubling_while_latency_holds() -> None:
    limit = AdaptiveLimit(start=4, ceiling=64)
    for _ in range(4 + 8 + 16):
        limit.succeeded(0.1)
    assert limit.limit == 32


async def test_does_not_grow_when_latency_does() -> None:
    limit = AdaptiveLimit(start=4, ceiling=64)
    for latency_s in [0.1] * 4 + [0.9] * 8:
        limit.succeeded(latency_s)
    assert limit.limit == 8


async def test_halves_once_for_requests_under_way_together_then_grows_by_one() -> None:
    limit = AdaptiveLimit(start=16, ceiling=64)
    for _ in range(10):
        limit.congested(sent_in_round=0)
    assert limit.limit == 8
    for _ in range(8):
        limit.succeeded(0.1)
    assert limit.limit == 9
    limit.congested(sent_in_round=2)
    assert limit.limit == 4


async def test_never_falls_below_one() -> None:
    limit = AdaptiveLimit(start=2, ceiling=4)
    for round_number in range(5):
        limit.congested(round_number)
    assert limit.limit == 1
    async with limit:
        pass


@given(st.lists(st.sampled_from(["good", "bad"]), max_size=60), st.integers(1, 8), st.integers(1, 32))
def test_places_taken_never_exceed_the_ceiling(events: list[str], start: int, ceiling: int) -> None:
    async def run() -> int:
        limit = AdaptiveLimit(start, ceiling)
        taken = most = 0
        feed = iter(events)

        async def work() -> None:
            nonlocal taken, most
            async with limit as sent_in_round:
                taken += 1
                most = max(most, taken)
                await asyncio.sleep(0)
                if next(feed, "good") == "good":
                    limit.succeeded(0.01)
                else:
                    limit.congested(sent_in_round)
                taken -= 1

        await asyncio.gather(*(work() for _ in range(80)))
        return most

    assert 1 <= asyncio.run(run()) <= ceiling


async def test_a_place_is_given_up_when_its_holder_is_cancelled() -> None:
    limit = AdaptiveLimit(start=1, ceiling=1)

    async def hold() -> None:
        async with limit:
            await asyncio.sleep(60)

    holder = asyncio.create_task(hold())
    await asyncio.sleep(0)
    holder.cancel()
    await asyncio.gather(holder, return_exceptions=True)
    async with asyncio.timeout(1), limit:
        pass


async def test_pace_spreads_requests_evenly() -> None:
    pace = Pace(per_minute=1200)  # 20 a second: a burst of 19 more at most
    started = time.monotonic()
    for _ in range(30):
        await pace.wait()
    assert 0.45 <= time.monotonic() - started < 2


async def test_pace_counts_corrections() -> None:
    pace = Pace(per_minute=60_000)
    await pace.wait(1000)
    pace.correct(-1000)
    started = time.monotonic()
    await pace.wait(500)
    assert time.monotonic() - started < 0.4


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"Retry-After": "3"}, 3.0),
        ({"retry-after": " 0.5 "}, 0.5),
        ({"Retry-After": "-4"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After-Ms": "250", "Retry-After": "9"}, 0.25),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
    ],
)
def test_retry_after(headers: dict[str, str], expected: float | None) -> None:
    assert retry_after_s(headers) == expected


def test_retry_after_as_a_date() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    seconds = retry_after_s({"Retry-After": date})
    assert seconds is not None
    assert 27 < seconds <= 30
