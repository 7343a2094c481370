"""The dispatcher against a real endpoint: each class of failure, rate limits, stragglers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from curator.errors import ProviderError, RequestRefused
from curator.llm.base import ChatRequest
from curator.llm.dispatch import Dispatcher, DispatchOptions
from curator.llm.openai import OpenAIProvider
from curator.llm.scripted import ScriptedProvider
from curator.llm.spec import ModelSpec
from curator.record import Turn
from tests.llm.endpoint import Behave, Call, Endpoint, endpoint, failure, reply, slowly


@asynccontextmanager
async def dispatching(behave: Behave, **options: Any) -> AsyncIterator[tuple[Dispatcher, Endpoint]]:
    async with endpoint(behave) as served:
        client = OpenAIProvider(ModelSpec(model="alpha", base_url=served.url), environ={})
        yield Dispatcher(client, DispatchOptions(**{"backoff_s": 0.01, **options})), served
        await client.aclose()


def ask(number: int = 0) -> ChatRequest:
    return ChatRequest((Turn("user", f"question {number}"),), "alpha")


def hang_up(call: Call) -> web.StreamResponse:
    assert call.request.transport is not None
    call.request.transport.abort()
    return reply()


@pytest.mark.parametrize(
    "fail",
    [
        lambda _: failure(408),
        lambda _: failure(429),
        lambda _: failure(500),
        lambda _: failure(502),
        lambda _: failure(503),
        hang_up,
        lambda _: web.json_response({"choices": []}),
    ],
)
async def test_what_may_pass_is_tried_again(fail: Callable[[Call], web.StreamResponse]) -> None:
    async with dispatching(lambda call: fail(call) if call.number < 2 else reply()) as (dispatcher, served):
        assert (await dispatcher.send(ask())).text == "fine"
    assert len(served.calls) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_what_will_not_pass_is_asked_once(status: int) -> None:
    async with dispatching(lambda _: failure(status)) as (dispatcher, served):
        with pytest.raises(ProviderError):
            await dispatcher.send(ask())
    assert len(served.calls) == 1


async def test_a_reply_that_does_not_come_is_given_up_and_tried_again() -> None:
    async with dispatching(lambda call: slowly(5 if call.number == 0 else 0, reply()), timeout_s=0.1) as (
        dispatcher,
        served,
    ):
        assert (await dispatcher.send(ask())).text == "fine"
    assert len(served.calls) == 2


async def test_500_for_ever_ends_after_max_retries() -> None:
    async with dispatching(lambda _: failure(500, "disk full"), max_retries=3) as (dispatcher, served):
        with pytest.raises(ProviderError, match=r"HTTP 500: disk full; tried 4 times in \d+\.\d s\. Run again"):
            await dispatcher.send(ask())
    assert len(served.calls) == 4


async def test_429_for_ever_ends_after_max_wait() -> None:
    async with dispatching(lambda _: failure(429, "slow down", Retry_After="0.1"), max_wait_s=0.5) as (
        dispatcher,
        served,
    ):
        started = time.monotonic()
        with pytest.raises(ProviderError, match=r"HTTP 429: slow down; tried \d times in 0\.\d s") as caught:
            await dispatcher.send(ask())
        assert time.monotonic() - started < 3
    assert caught.value.status == 429
    assert not caught.value.retryable
    assert 3 <= len(served.calls) <= 7


async def test_a_wait_that_is_too_long_is_refused_at_once() -> None:
    async with dispatching(lambda _: failure(429, Retry_After="3600")) as (dispatcher, served):
        with pytest.raises(ProviderError, match="asks to wait another 3600 s"):
            await dispatcher.send(ask())
    assert len(served.calls) == 1


async def test_no_retries_means_none() -> None:
    async with dispatching(lambda _: failure(429), max_retries=0) as (dispatcher, served):
        with pytest.raises(ProviderError, match="HTTP 429"):
            await dispatcher.send(ask())
    assert len(served.calls) == 1


async def test_retry_after_pauses_everybody() -> None:
    refused_at_s: list[float] = []

    def window(call: Call) -> web.StreamResponse:
        if call.number == 0:
            refused_at_s.append(time.monotonic())
            return failure(429, Retry_After="0.4")
        return reply()

    async with dispatching(window, max_concurrency=1) as (dispatcher, served):
        await asyncio.gather(*(dispatcher.send(ask(number)) for number in range(5)))
    assert len(served.calls) == 6
    assert min(call.at_s for call in served.calls[1:]) >= refused_at_s[0] + 0.38


async def test_congestion_halves_what_is_sent_at_once() -> None:
    async def crowded(call: Call) -> web.StreamResponse:
        await asyncio.sleep(0.02)
        return failure(503) if call.number < 16 else reply()

    async with dispatching(crowded, max_concurrency=16) as (dispatcher, served):
        await asyncio.gather(*(dispatcher.send(ask(number)) for number in range(60)))
        assert dispatcher.limit.limit < 16
    assert served.most_at_once == 16


async def test_a_local_endpoint_is_saturated_by_default() -> None:
    async with dispatching(lambda _: slowly(0.05, reply())) as (dispatcher, served):
        await asyncio.gather(*(dispatcher.send(ask(number)) for number in range(1200)))
        assert dispatcher.limit.limit == 256
    assert served.most_at_once > 200


async def test_a_client_that_knows_its_number_gets_that_many() -> None:
    class Eight(ScriptedProvider):
        parallel = 8

    client = Eight(lambda _: "x", latency_s=0.01)
    dispatcher = Dispatcher(client)
    sends = [asyncio.create_task(dispatcher.send(ask(number))) for number in range(20)]
    await asyncio.sleep(0.005)
    assert len(client.asked) == 8
    await asyncio.gather(*sends)


async def test_stragglers_hold_nobody_up() -> None:
    async def sometimes_slow(call: Call) -> web.StreamResponse:
        return await slowly(1.0 if call.question.endswith("7") else 0.01, reply())

    async with dispatching(sometimes_slow, max_concurrency=32) as (dispatcher, _):
        finished_s: dict[int, float] = {}
        started = time.monotonic()

        async def timed(number: int) -> None:
            await dispatcher.send(ask(number))
            finished_s[number] = time.monotonic() - started

        await asyncio.gather(*(timed(number) for number in range(100)))
    quick = [seconds for number, seconds in finished_s.items() if number % 10 != 7]
    slow = [seconds for number, seconds in finished_s.items() if number % 10 == 7]
    assert max(quick) < min(slow)


async def test_requests_per_minute_is_kept() -> None:
    async with dispatching(lambda _: reply(), requests_per_minute=600) as (dispatcher, served):
        await asyncio.gather(*(dispatcher.send(ask(number)) for number in range(14)))
    assert served.calls[-1].at_s - served.calls[0].at_s >= 0.35


async def test_tokens_per_minute_is_kept() -> None:
    async with dispatching(lambda _: reply(), tokens_per_minute=60_000) as (dispatcher, served):
        await asyncio.gather(*(dispatcher.send(ask(number), worst_tokens=400) for number in range(5)))
    assert served.calls[-1].at_s - served.calls[0].at_s >= 0.5


async def test_a_cancelled_request_frees_its_place() -> None:
    async with dispatching(lambda call: slowly(30 if call.number == 0 else 0, reply()), max_concurrency=1) as (
        dispatcher,
        served,
    ):
        stuck = asyncio.create_task(dispatcher.send(ask()))
        while not served.calls:
            await asyncio.sleep(0.01)
        stuck.cancel()
        await asyncio.gather(stuck, return_exceptions=True)
        async with asyncio.timeout(5):
            assert (await dispatcher.send(ask(1))).text == "fine"


async def test_one_bad_request_of_a_thousand_is_one() -> None:
    def behave(call: Call) -> web.StreamResponse:
        return failure(400, "I do not like 500") if call.question.endswith(" 500") else reply(call.question)

    async with dispatching(behave) as (dispatcher, served):
        outcomes = await asyncio.gather(
            *(dispatcher.send(ask(number)) for number in range(1000)), return_exceptions=True
        )
    refused = [number for number, outcome in enumerate(outcomes) if isinstance(outcome, RequestRefused)]
    texts = [outcome.text for outcome in outcomes if not isinstance(outcome, BaseException)]
    assert refused == [500]
    assert texts == [f"question {number}" for number in range(1000) if number != 500]
    assert len(served.calls) == 1000


async def test_half_a_character_is_replaced() -> None:
    """JSON can carry half of an emoji; no file and no database can."""
    dispatcher = Dispatcher(ScriptedProvider(lambda _request: "so far \ud83d"))
    assert (await dispatcher.send(ask())).text == "so far ?"
