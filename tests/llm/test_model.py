"""A model with its store, budget and dispatcher, against a real endpoint or a script."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from curator.errors import BudgetError, ProviderError, RequestRefused
from curator.llm.base import ChatReply, ChatRequest, Sampling, Usage
from curator.llm.budget import Budget
from curator.llm.dispatch import Dispatcher, DispatchOptions
from curator.llm.model import REDRAW_TEMPERATURE, Answer, Model, merged
from curator.llm.openai import OpenAIProvider
from curator.llm.prices import Price
from curator.llm.scripted import ScriptedProvider
from curator.llm.spec import ModelSpec, PriceSpec
from curator.record import Turn
from curator.store.store import Store
from tests.llm.endpoint import Call, endpoint, failure, reply

SCHEMA = '{"type":"object"}'


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "curator.db") as opened:
        yield opened


def turns(text: str) -> tuple[Turn, ...]:
    return (Turn("user", text),)


def echo(request: ChatRequest) -> ChatReply:
    return ChatReply(request.messages[-1].content.upper(), usage=Usage(10, 10), model="script")


def scripted(store: Store | None, budget: Budget | None = None, price: Price | None = None, **script: float) -> Model:
    client = ScriptedProvider(echo, **script)  # type: ignore[arg-type]
    cache = None if store is None else store.replies
    return Model(client, provider="scripted", cache=cache, budget=budget, price=price)


async def test_a_reply_is_bought_once_and_replayed(store: Store) -> None:
    answers: list[Answer] = []
    price = Price(1.0, 2.0)
    first = Model(ScriptedProvider(echo), provider="p", cache=store.replies, price=price)
    second = scripted(store, price=price)
    bought = await first.ask(turns("a"), on_answer=answers.append)
    replayed = await second.ask(turns("a"))
    assert (bought.reply.text, bought.replayed) == ("A", False)
    assert bought.usd == pytest.approx(30e-6)
    assert (replayed.reply, replayed.key, replayed.replayed) == (bought.reply, bought.key, True)
    assert isinstance(second.client, ScriptedProvider)
    assert second.client.asked == []
    assert answers == [bought]
    assert first.name == "p/script"


async def test_what_decides_the_reply_decides_the_key(store: Store) -> None:
    model = scripted(store)
    keys = [
        (await model.ask(turns("a"))).key,
        (await model.ask(turns("b"))).key,
        (await model.ask(turns("a"), sample=1)).key,
        (await model.ask(turns("a"), sampling=Sampling(temperature=0.0))).key,
        (await model.ask(turns("a"), json_schema=SCHEMA)).key,
        (await model.ask((Turn("system", "s"), *turns("a")))).key,
    ]
    assert len(set(keys)) == 6


async def test_equal_requests_at_once_share_one_call(store: Store) -> None:
    model = scripted(store, latency_s=0.02)
    answers = await asyncio.gather(*(model.ask(turns("a")) for _ in range(20)))
    assert isinstance(model.client, ScriptedProvider)
    assert len(model.client.asked) == 1
    assert [answer.replayed for answer in answers] == [False] + [True] * 19
    assert model.budget.spent.requests == 1


async def test_when_the_asker_leaves_the_next_takes_over(store: Store) -> None:
    model = scripted(store, latency_s=0.05)
    first = asyncio.create_task(model.ask(turns("a")))
    others = [asyncio.create_task(model.ask(turns("a"))) for _ in range(3)]
    await asyncio.sleep(0.01)
    first.cancel()
    answers = await asyncio.gather(*others)
    assert [answer.reply.text for answer in answers] == ["A"] * 3
    assert sum(not answer.replayed for answer in answers) == 1
    assert model.budget.reserved.requests == 0


async def test_a_failure_is_shared_and_not_kept(store: Store) -> None:
    client = ScriptedProvider([RequestRefused("no"), "yes"], latency_s=0.01)
    model = Model(client, provider="scripted", cache=store.replies)
    outcomes = await asyncio.gather(*(model.ask(turns("a")) for _ in range(3)), return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["no"] * 3
    assert model.budget.spent.requests == model.budget.reserved.requests == 0
    assert (await model.ask(turns("a"))).reply.text == "yes"


async def test_the_budget_is_never_crossed_under_concurrency(store: Store) -> None:
    budget = Budget(max_usd=0.001)  # a reply costs 20 µ$, and at worst 10 more
    price = Price(1.0, 1.0)
    model = Model(
        ScriptedProvider(echo, latency_s=0.001), provider="s", cache=store.replies, budget=budget, price=price,
        sampling=Sampling(max_tokens=12),
    )  # fmt: skip
    outcomes = await asyncio.gather(*(model.ask(turns(f"q{n:03}")) for n in range(200)), return_exceptions=True)
    bought = [outcome for outcome in outcomes if isinstance(outcome, Answer)]
    assert all(isinstance(outcome, BudgetError) for outcome in outcomes[len(bought) :])
    assert 40 <= len(bought) <= 50
    assert budget.spent.usd <= 0.001
    assert store.replies.count() == len(bought)


async def test_an_interrupted_run_buys_no_more_than_an_uninterrupted_one(store: Store) -> None:
    for limit, expected in [(7, 7), (7, 7), (9, 9)]:
        model = scripted(store, Budget(max_requests=limit))
        outcomes = await asyncio.gather(*(model.ask(turns(f"q{n}")) for n in range(12)), return_exceptions=True)
        assert sum(isinstance(outcome, Answer) for outcome in outcomes) == expected
        assert store.replies.count() == expected


async def test_retries_count_once_in_the_budget() -> None:
    def flaky(call: Call) -> web.Response:
        return failure(500) if call.number < 3 else reply()

    async with endpoint(flaky) as served:
        client = OpenAIProvider(ModelSpec(model="alpha", base_url=served.url), environ={})
        dispatcher = Dispatcher(client, DispatchOptions(backoff_s=0.001))
        model = Model(client, provider="openai", dispatcher=dispatcher, budget=Budget(max_requests=1))
        await model.ask(turns("a"))
        await model.aclose()
    assert len(served.calls) == 4
    assert model.budget.spent.requests == 1


@pytest.mark.parametrize(("mode", "sent", "notices"), [("auto", [True, False, False], 1), ("none", [False, False], 0)])
async def test_an_endpoint_without_schemas(store: Store, mode: str, sent: list[bool], notices: int) -> None:
    def behave(call: Call) -> web.Response:
        return failure(400, "response_format is not supported") if "response_format" in call.body else reply()

    said: list[str] = []
    async with endpoint(behave) as served:
        spec = ModelSpec.model_validate({"model": "alpha", "base_url": served.url, "structured": mode})
        for _ in range(2):  # the second run replays: the key does not depend on what was refused
            client = OpenAIProvider(spec, environ={})
            model = Model.from_spec(client, spec, provider="openai", cache=store.replies, notice=said.append)
            await model.ask(turns("a"), json_schema=SCHEMA)
            await model.ask(turns("b"), json_schema=SCHEMA)
            await model.aclose()
    assert ["response_format" in call.body for call in served.calls] == sent
    assert len(said) == notices


async def test_a_refusal_for_another_reason_does_not_cost_the_schema() -> None:
    def behave(call: Call) -> web.Response:
        return failure(400, "the message has an invalid format") if call.question == "bad" else reply()

    said: list[str] = []
    async with endpoint(behave) as served:
        spec = ModelSpec(model="alpha", base_url=served.url)
        model = Model.from_spec(OpenAIProvider(spec, environ={}), spec, provider="openai", notice=said.append)
        with pytest.raises(RequestRefused, match="invalid format"):
            await model.ask(turns("bad"), json_schema=SCHEMA)
        await model.ask(turns("good"), json_schema=SCHEMA)
        await model.aclose()
    assert said == []
    assert "response_format" in served.calls[-1].body


async def test_a_schema_that_must_be_sent_is_refused_loudly() -> None:
    async with endpoint(lambda _: failure(400, "response_format is not supported")) as served:
        spec = ModelSpec(model="alpha", base_url=served.url, structured="schema")
        model = Model.from_spec(OpenAIProvider(spec, environ={}), spec, provider="openai")
        with pytest.raises(RequestRefused, match="response_format"):
            await model.ask(turns("a"), json_schema=SCHEMA)
        await model.aclose()
    assert len(served.calls) == 1


async def test_from_spec_takes_everything() -> None:
    price = PriceSpec(input_usd_per_million=1, output_usd_per_million=2)
    spec = ModelSpec(provider="scripted", max_tokens=5, max_concurrency=3, price=price, extra={"replies": ["x"]})
    client = ScriptedProvider(spec)
    model = Model.from_spec(client, spec, provider="scripted")
    await model.ask(turns("a"))
    assert client.asked[0].sampling.max_tokens == 5
    assert model.price == Price(1.0, 2.0)


@pytest.mark.parametrize(("url", "known"), [("", True), ("http://127.0.0.1:1/v1", False)])
def test_an_endpoint_from_the_environment_has_no_openai_prices(url: str, known: bool) -> None:
    spec = ModelSpec(model="gpt-4o-mini")
    client = OpenAIProvider(spec, environ={"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": url})
    assert (Model.from_spec(client, spec, provider="openai").price is not None) == known


async def test_an_unknown_price_stays_unknown() -> None:
    assert (await scripted(None).ask(turns("a"))).usd is None


async def test_a_provider_error_reaches_the_asker() -> None:
    model = Model(ScriptedProvider([ProviderError("down")]), provider="s")
    with pytest.raises(ProviderError, match="down"):
        await model.ask(turns("a"))


def test_merged_keeps_what_is_not_set() -> None:
    own = Sampling(temperature=0.5, max_tokens=10, stop=("a",))
    assert merged(own, Sampling()) is own
    assert merged(own, Sampling(temperature=0.0)) == Sampling(temperature=0.0, max_tokens=10, stop=("a",))
    assert merged(own, Sampling(stop=("b",), seed=0)).stop == ("b",)


@pytest.mark.parametrize(
    ("own", "wanted", "expected"),
    [
        (None, Sampling(usual_tokens=5), 5),
        (3, Sampling(usual_tokens=5), 5),
        (900, Sampling(usual_tokens=5), 900),
        (900, Sampling(usual_tokens=5, max_tokens=3), 3),
    ],
)
def test_usual_tokens_only_raise_the_limit(own: int | None, wanted: Sampling, expected: int) -> None:
    """Nothing of it is left in the request, whose key it would change."""
    assert merged(Sampling(max_tokens=own), wanted) == Sampling(max_tokens=expected)


async def test_a_greedy_question_is_asked_again_less_greedily() -> None:
    """At temperature 0 the second draw would be the first one again."""
    client = ScriptedProvider(lambda _request: "so")
    model = Model(client, provider="scripted", sampling=Sampling(temperature=0))
    for sample in (0, 1):
        await model.ask((Turn("user", "?"),), sample=sample)
    assert [request.sampling.temperature for request in client.asked] == [0, REDRAW_TEMPERATURE]


async def test_a_refusal_is_stored_charged_and_replayed(tmp_path: Path) -> None:
    """It was billed: the budget counts it, and running again does not buy it again."""
    client = ScriptedProvider(lambda _request: ChatReply("I would rather not", "refusal", Usage(10, 5)))
    for _process in range(2):
        with Store.open(tmp_path) as store:
            model = Model(client, provider="scripted", cache=store.replies)
            with pytest.raises(RequestRefused, match="I would rather not"):
                await model.ask((Turn("user", "?"),))
            assert (model.budget.spent.requests, model.budget.spent.tokens) == (1, 15)
    assert len(client.asked) == 1


@pytest.mark.parametrize(("limits", "sent"), [({}, None), ({"max_tokens": 90_000}, 4096), ({"max_usd": 1.0}, 4096)])
async def test_under_a_budget_a_reply_is_no_longer_than_what_was_set_aside(
    limits: dict[str, Any], sent: int | None
) -> None:
    """Without `max_tokens`, the allowance that is reserved is also what is asked for."""
    client = ScriptedProvider(lambda _request: "so")
    model = Model(client, provider="scripted", budget=Budget(**limits), price=Price(1, 1))
    await model.ask((Turn("user", "?"),))
    assert client.asked[0].sampling.max_tokens == sent
