"""The OpenAI provider against a real endpoint on this machine."""

from __future__ import annotations

import asyncio
import logging
import socket
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from curator.errors import ProviderError, RecipeError, RequestRefused
from curator.llm.base import ChatRequest, Sampling
from curator.llm.openai import OpenAIProvider, normalised_url
from curator.llm.spec import ModelSpec
from curator.record import Turn
from tests.llm.endpoint import Call, endpoint, failure, reply

KEY = "sk-topsecret-0123456789abcdef"
REQUEST = ChatRequest((Turn("system", "be brief"), Turn("user", "hello")), "alpha")


def provider(url: str, **fields: Any) -> OpenAIProvider:
    spec = ModelSpec(model="alpha", base_url=url, **{"api_key_env": "OPENAI_API_KEY", **fields})
    return OpenAIProvider(spec, environ={"OPENAI_API_KEY": KEY})


async def failure_of(behave: Callable[[Call], web.StreamResponse], request: ChatRequest = REQUEST) -> ProviderError:
    async with endpoint(behave) as served:
        client = provider(served.url)
        with pytest.raises(ProviderError) as caught:
            await client.chat(request)
        await client.aclose()
    return caught.value


async def test_sends_everything_and_reads_the_reply() -> None:
    sampling = Sampling(0.5, 0.9, 64, ("END",), 3, 0.1, 0.2)
    schema = '{"type":"object","properties":{"b":{"type":"string"},"a":{"type":"string"}}}'
    request = ChatRequest(REQUEST.messages, "alpha", sampling, schema)
    async with endpoint(lambda _: reply("hi there")) as served:
        client = provider(served.url, extra={"extra_body": {"top_k": 5}})
        answer = await client.chat(request)
        await client.aclose()
    (call,) = served.calls
    assert (answer.text, answer.finish_reason, answer.model) == ("hi there", "stop", "served-model")
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.estimated) == (11, 7, False)
    assert answer.seconds > 0
    assert call.request.headers["Authorization"] == f"Bearer {KEY}"
    assert list(call.body["response_format"]["json_schema"]["schema"]["properties"]) == ["b", "a"]
    assert call.body.pop("response_format")["json_schema"]["strict"] is True
    assert call.body == {
        "model": "alpha",
        "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hello"}],
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 64,
        "stop": ["END"],
        "seed": 3,
        "presence_penalty": 0.1,
        "frequency_penalty": 0.2,
        "top_k": 5,
    }


async def test_usage_is_estimated_where_the_endpoint_does_not_count() -> None:
    async with endpoint(lambda _: reply("hi there", usage=False)) as served:
        client = provider(served.url)
        answer = await client.chat(REQUEST)
        await client.aclose()
    assert answer.usage.estimated
    assert answer.usage.prompt_tokens > 0
    assert answer.usage.completion_tokens == 4


@pytest.mark.parametrize(
    ("status", "kind", "retryable", "words"),
    [
        (400, RequestRefused, False, "HTTP 400: no"),
        (413, RequestRefused, False, "HTTP 413"),
        (422, RequestRefused, False, "HTTP 422"),
        (401, ProviderError, False, "refuses the key in OPENAI_API_KEY"),
        (403, ProviderError, False, "may not use"),
        (404, ProviderError, False, "HTTP 404"),
        (408, ProviderError, True, "HTTP 408"),
        (429, ProviderError, True, "HTTP 429"),
        (500, ProviderError, True, "HTTP 500"),
        (503, ProviderError, True, "HTTP 503"),
        (418, ProviderError, False, "HTTP 418"),
    ],
)
async def test_status_classes(status: int, kind: type[ProviderError], retryable: bool, words: str) -> None:
    error = await failure_of(lambda _: failure(status, Retry_After="7"))
    assert type(error) is kind
    assert (error.status, error.retryable) == (status, retryable)
    assert words in str(error)
    assert error.retry_after_s == (7.0 if retryable else None)


async def test_an_empty_account_is_not_retried() -> None:
    error = await failure_of(lambda _: failure(429, "You exceeded your current quota, please check your plan"))
    assert not error.retryable
    assert "no credit" in str(error)


async def test_an_unknown_model_lists_those_there_are() -> None:
    async with endpoint(lambda _: failure(404, "no such model"), models=("beta", "aleph")) as served:
        client = provider(served.url)
        with pytest.raises(ProviderError, match="has no model 'alpha'; it has: aleph, beta"):
            await client.chat(REQUEST)
        await client.aclose()


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ("<html>Welcome to the proxy</html>", ProviderError, "no chat completion"),
        ("", ProviderError, "no chat completion"),
        ('{"choices": "none"}', ProviderError, "no chat completion"),
        ('{"choices": []}', ProviderError, "no choices"),
        ('{"choices": [{"message": {"content": null}, "finish_reason": "stop"}]}', ProviderError, "no text"),
    ],
)
async def test_unexpected_bodies(body: str, kind: type[ProviderError], words: str) -> None:
    error = await failure_of(lambda _: web.Response(text=body, content_type="application/json"))
    assert type(error) is kind
    assert words in str(error)


@pytest.mark.parametrize(
    ("body", "finish_reason", "words"),
    [
        ('{"choices": [{"message": {"content": null}, "finish_reason": "length"}]}', "length", ""),
        ('{"choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}]}', "content_filter", "filter"),
        ('{"choices": [{"message": {"refusal": "I would rather not"}}]}', "refusal", "I would rather not"),
    ],
)
async def test_what_was_billed_is_a_reply(body: str, finish_reason: str, words: str) -> None:
    """A refusal that comes with status 200 costs money, so it is a reply to be stored, whatever it says."""
    async with endpoint(lambda _: web.Response(text=body, content_type="application/json")) as served:
        client = provider(served.url)
        found = await client.chat(REQUEST)
        await client.aclose()
    assert found.finish_reason == finish_reason
    assert words in found.text


@pytest.mark.parametrize(
    ("fields", "environ", "sent"),
    [
        ({}, {"OPENAI_API_KEY": KEY}, False),
        ({"api_key_env": "OPENAI_API_KEY"}, {"OPENAI_API_KEY": KEY}, True),
        ({}, {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "here"}, True),
    ],
)
async def test_a_shared_recipe_cannot_draw_the_key_to_its_endpoint(
    fields: dict[str, Any], environ: dict[str, str], sent: bool
) -> None:
    """The user's key goes to OpenAI, to where the environment points, and to where the recipe asks for it by name."""
    async with endpoint(lambda _: reply()) as served:
        environ = {name: served.url if value == "here" else value for name, value in environ.items()}
        client = OpenAIProvider(ModelSpec(model="alpha", base_url=served.url, **fields), environ=environ)
        await client.chat(REQUEST)
        await client.aclose()
        assert (KEY in str(served.calls[0].request.headers)) == sent


async def test_a_lost_connection_may_be_retried() -> None:
    def hang_up(call: Call) -> web.Response:
        assert call.request.transport is not None
        call.request.transport.abort()
        return reply()

    error = await failure_of(hang_up)
    assert error.retryable
    assert "broke off" in str(error)


async def test_an_endpoint_that_never_was_is_named_at_once() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
    client = provider(url)
    with pytest.raises(ProviderError, match="cannot be reached") as caught:
        await client.chat(REQUEST)
    assert url in str(caught.value)
    assert not caught.value.retryable
    with pytest.raises(ProviderError, match="cannot be reached"):
        await client.models()
    await client.aclose()


async def test_a_certificate_that_cannot_be_trusted_is_no_endpoint() -> None:
    async with endpoint(lambda _: reply()) as served:
        client = provider(served.url.replace("http:", "https:"))
        with pytest.raises(ProviderError, match="cannot be reached"):
            await client.chat(REQUEST)
        await client.aclose()
    assert served.calls == []


async def test_the_environments_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with endpoint(lambda _: reply()) as served:
        monkeypatch.setenv("http_proxy", served.url.removesuffix("/v1"))
        monkeypatch.setenv("no_proxy", "direct.example")
        client = provider("http://models.example/v1")
        await client.chat(REQUEST)
        await client.aclose()
    assert served.calls[0].request.host == "models.example"


async def test_an_endpoint_that_went_away_may_come_back() -> None:
    async with endpoint(lambda _: web.json_response({}, status=500, headers={"Connection": "close"})) as served:
        client = provider(served.url)
        with pytest.raises(ProviderError):
            await client.chat(REQUEST)
    with pytest.raises(ProviderError) as caught:
        await client.chat(REQUEST)
    await client.aclose()
    assert caught.value.retryable


async def test_models_are_listed() -> None:
    async with endpoint(lambda _: reply(), models=("b", "a")) as served:
        client = provider(served.url)
        assert await client.models() == ["a", "b"]
        await client.aclose()


async def test_max_tokens_becomes_max_completion_tokens_once() -> None:
    def reasoning(call: Call) -> web.Response:
        if "max_tokens" in call.body:
            message = (
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'."
            )
            return failure(400, message)
        return reply()

    request = ChatRequest(REQUEST.messages, "alpha", Sampling(max_tokens=9))
    async with endpoint(reasoning) as served:
        client = provider(served.url)
        await asyncio.gather(*(client.chat(request) for _ in range(3)))
        await client.chat(request)
        await client.aclose()
    assert [call.body.get("max_completion_tokens") for call in served.calls[3:]] == [9, 9, 9, 9]
    assert len(served.calls) == 7


async def test_a_parameter_that_is_not_taken_is_left_out_and_said_once() -> None:
    def strict(call: Call) -> web.Response:
        message = "Unsupported value: 'temperature' does not support 0.7 with this model."
        return failure(400, message) if "temperature" in call.body else reply()

    notices: list[str] = []
    request = ChatRequest(REQUEST.messages, "alpha", Sampling(temperature=0.7))
    async with endpoint(strict) as served:
        spec = ModelSpec(model="alpha", base_url=served.url)
        client = OpenAIProvider(spec, environ={}, notice=notices.append)
        await asyncio.gather(client.chat(request), client.chat(request))
        await client.aclose()
    assert len(notices) == 1
    assert "does not take temperature" in notices[0]


async def test_a_400_that_stays_is_raised() -> None:
    error = await failure_of(
        lambda _: failure(400, "Unsupported parameter: 'seed'"),
        ChatRequest(REQUEST.messages, "alpha", Sampling(seed=1)),
    )
    assert isinstance(error, RequestRefused)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 200])
async def test_the_key_never_leaks(status: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    def echo(call: Call) -> web.Response:
        return failure(status, f"bad header {call.request.headers['Authorization']} {KEY}")

    async with endpoint(echo) as served:
        client = provider(served.url)
        with pytest.raises(ProviderError) as caught:
            await client.chat(REQUEST)
        await client.aclose()
    seen = "\n".join([repr(client), str(caught.value), repr(caught.value), caplog.text, client.identity])
    seen += "".join(traceback.format_exception(caught.value))
    assert "topsecret" not in seen


async def test_a_local_endpoint_needs_no_key_and_gets_none() -> None:
    async with endpoint(lambda _: reply()) as served:
        client = OpenAIProvider(ModelSpec(model="alpha", base_url=served.url), environ={})
        await client.chat(REQUEST)
        await client.aclose()
    assert "Authorization" not in served.calls[0].request.headers


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"model": "x"}, "set the environment variable OPENAI_API_KEY"),
        ({"model": "x", "base_url": "https://api.example.com/v1", "api_key_env": "MY_KEY"}, "variable MY_KEY"),
        ({"model": "x", "base_url": "http://127.0.0.1:1/v1", "api_key_env": "MY_KEY"}, "variable MY_KEY"),
        ({"base_url": "http://127.0.0.1:1/v1"}, "name a model"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_sent(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ProviderError, match=words):
        OpenAIProvider(ModelSpec(**fields), environ={})


def test_unknown_extra_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"extra\.gguf is not known"):
        OpenAIProvider(ModelSpec(model="x", base_url="http://localhost:1", extra={"gguf": "y"}), environ={})


def test_identity_tells_endpoints_and_bodies_apart() -> None:
    def identity(url: str, **extra: Any) -> str:
        return OpenAIProvider(ModelSpec(model="x", base_url=url, extra=extra), environ={}).identity

    assert identity("HTTP://LocalHost:80/v1/") == identity("http://localhost/v1") == "openai:http://localhost/v1"
    bodies = [{}, {"extra_body": {"a": 1}}, {"extra_body": {"a": 2}}]
    assert len({identity("http://localhost/v1", **body) for body in bodies}) == 3


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://API.openai.com:443/v1/", "https://api.openai.com/v1"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
        ("http://host:443", "http://host:443"),
    ],
)
def test_normalised_url(url: str, expected: str) -> None:
    assert normalised_url(url) == expected
