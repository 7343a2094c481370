"""Ollama's own client against Ollama's format, over a scripted and over the embedded model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.errors import ProviderError, RecipeError, RequestRefused
from curator.llm.base import ChatRequest, Sampling
from curator.llm.local import LocalProvider
from curator.llm.model import Model
from curator.llm.ollama import OllamaProvider
from curator.llm.ollama_options import ollama_url, sampling_options
from curator.llm.spec import ModelSpec
from curator.record import Turn
from tests.llm.ollama_server import OllamaServer, serving

MODEL = "smollm2:135m"
SCHEMA = '{"type":"object","properties":{"colour":{"type":"string","maxLength":20}},"required":["colour"]}'
NOWHERE = "http://127.0.0.1:9"
PROGRESS: list[dict[str, Any]] = [
    {"status": "pulling manifest"},
    {"status": "pulling 2af3b81862c6", "digest": "sha256:2af3b81862c6", "total": 4000000, "completed": 0},
    {"status": "pulling 2af3b81862c6", "digest": "sha256:2af3b81862c6", "total": 4000000, "completed": 1000},
    {"status": "pulling 2af3b81862c6", "digest": "sha256:2af3b81862c6", "total": 4000000, "completed": 4000000},
    {"status": "success"},
]


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with serving(OllamaServer(lambda request: f"You said: {request.messages[-1].content}")) as running:
        yield running


def provider(url: str, model: str = MODEL, **settings: Any) -> OllamaProvider:
    return OllamaProvider(ModelSpec(provider="ollama", model=model, base_url=url, **settings), environ={})


def ask(text: str = "Hello", **settings: Any) -> ChatRequest:
    return ChatRequest((Turn("system", "Be brief."), Turn("user", text)), MODEL, **settings)


async def test_a_reply_comes_with_its_usage(server: OllamaServer) -> None:
    client = provider(server.url)
    reply = await client.chat(ask())
    assert (reply.text, reply.finish_reason, reply.model) == ("You said: Hello", "stop", MODEL)
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.estimated) == (11, 7, False)
    await client.aclose()


async def test_everything_asked_for_is_sent(server: OllamaServer) -> None:
    client = provider(server.url, extra={"num_ctx": 8192, "keep_alive": "5m", "options": {"top_k": 5}})
    sampling = Sampling(temperature=0.5, top_p=0.9, max_tokens=64, stop=("\n",), seed=7)
    await client.chat(ask(sampling=sampling, json_schema=SCHEMA, sample=2))
    (body,) = server.chats
    assert body["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
    assert body["format"] == json.loads(SCHEMA)
    assert body["stream"] is False
    assert body["keep_alive"] == "5m"
    assert body["options"] == {
        "num_ctx": 8192,
        "top_k": 5,
        "temperature": 0.5,
        "top_p": 0.9,
        "num_predict": 64,
        "stop": ["\n"],
        "seed": 9,
    }
    await client.aclose()


async def test_a_model_that_is_not_there_is_told_with_those_that_are(server: OllamaServer) -> None:
    client = provider(server.url, "llama9")
    with pytest.raises(ProviderError, match=r"no model 'llama9'.*smollm2:135m.*ollama pull llama9"):
        await client.chat(ask())
    await client.aclose()


async def test_a_recipe_has_to_name_a_model(server: OllamaServer) -> None:
    client = provider(server.url, "")
    assert await client.models() == [MODEL]
    with pytest.raises(ProviderError, match=r"name a model; .* has: smollm2:135m"):
        await client.chat(ask())
    await client.aclose()


async def test_a_server_that_is_down_is_named(server: OllamaServer) -> None:
    client = provider(NOWHERE)
    with pytest.raises(ProviderError, match=rf"no Ollama answers at {NOWHERE}.*ollama serve") as caught:
        await client.chat(ask())
    assert not caught.value.retryable
    await client.aclose()


async def test_a_server_that_was_there_may_come_back() -> None:
    with serving(OllamaServer(lambda _request: "fine")) as server:
        client = provider(server.url)
        await client.chat(ask())
    with pytest.raises(ProviderError) as caught:
        await client.chat(ask())
    assert caught.value.retryable
    await client.aclose()


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [(400, RequestRefused, False), (500, ProviderError, True), (503, ProviderError, True), (403, ProviderError, False)],
)
async def test_errors_come_in_the_servers_words(
    server: OllamaServer, status: int, kind: type[ProviderError], retryable: bool
) -> None:
    server.broken = (status, "the llama is tired")
    client = provider(server.url)
    with pytest.raises(kind, match="the llama is tired") as caught:
        await client.chat(ask())
    assert (caught.value.retryable, caught.value.status) == (retryable, status)
    assert isinstance(caught.value, RequestRefused) == (kind is RequestRefused)
    await client.aclose()


async def test_a_prompt_longer_than_the_context_is_not_sent(server: OllamaServer) -> None:
    client = provider(server.url, extra={"num_ctx": 128})
    with pytest.raises(RequestRefused, match=r"context holds 128.*num_ctx"):
        await client.chat(ask("word " * 400))
    assert server.chats == []
    await client.aclose()


async def test_the_identity_is_that_of_the_models_content(server: OllamaServer) -> None:
    client = provider(server.url)
    first = client.identity
    assert first == "ollama:9077fe9d2ae10000"
    assert provider(server.url).identity == first
    assert provider(server.url, extra={"num_ctx": 512}).identity != first
    server.models[MODEL] = "a" * 64
    assert client.identity == first  # asked once
    assert provider(server.url).identity == f"ollama:{'a' * 16}"
    assert provider(NOWHERE).identity == "ollama"


async def test_the_tag_latest_need_not_be_said(server: OllamaServer) -> None:
    server.models["tiny:latest"] = "b" * 64
    client = provider(server.url, "tiny")
    assert client.identity == f"ollama:{'b' * 16}"
    assert (await client.chat(ask())).text == "You said: Hello"
    await client.aclose()


async def test_a_pull_tells_how_far_it_is(server: OllamaServer) -> None:
    server.pulls["tiny:latest"] = PROGRESS
    client = provider(server.url)
    said: list[str] = []
    await client.pull("tiny:latest", said.append)
    assert said == [
        "pulling manifest",
        "pulling 2af3b81862c6 0% of 4 MB",
        "pulling 2af3b81862c6 100% of 4 MB",
        "success",
    ]
    assert "tiny:latest" in await client.models()
    await client.aclose()


@pytest.mark.parametrize(
    ("pulls", "cut", "words"),
    [
        ([{"error": "pull model manifest: file does not exist"}], "", "file does not exist"),
        (PROGRESS, "max retries exceeded", "max retries exceeded"),
        (PROGRESS[:-1], "", "stopped pulling tiny before it was done"),
    ],
)
async def test_a_pull_that_fails_says_why(
    server: OllamaServer, pulls: list[dict[str, Any]], cut: str, words: str
) -> None:
    server.pulls["tiny"] = pulls
    server.cut = cut
    client = provider(server.url)
    with pytest.raises(ProviderError, match=words):
        await client.pull("tiny")
    assert "tiny" not in await client.models()
    await client.aclose()


async def test_embedding_models_are_not_offered_for_chat(server: OllamaServer) -> None:
    server.models["nomic-embed-text:latest"] = "c" * 64
    server.embedders = frozenset({"nomic-embed-text:latest"})
    client = provider(server.url)
    assert await client.chat_models() == [MODEL]
    await client.aclose()


async def test_something_else_at_the_address_is_noticed(server: OllamaServer) -> None:
    client = provider(f"{server.url}/nowhere")
    with pytest.raises(ProviderError, match="is this an Ollama"):
        await client.models()
    await client.aclose()


@pytest.mark.parametrize(
    ("base_url", "host", "url"),
    [
        (None, "", "http://127.0.0.1:11434"),
        (None, "0.0.0.0:8080", "http://127.0.0.1:8080"),
        (None, ":99", "http://127.0.0.1:99"),
        (None, "gpu-box", "http://gpu-box:11434"),
        (None, "https://gpu-box/", "https://gpu-box:443"),
        (None, "[::1]:5", "http://[::1]:5"),
        ("http://gpu-box:11434/v1", "other", "http://gpu-box:11434"),
        ("http://gpu-box:11434/proxy/", "", "http://gpu-box:11434/proxy"),
    ],
)
def test_addresses_are_read_as_ollama_reads_them(base_url: str | None, host: str, url: str) -> None:
    assert ollama_url(base_url, {"OLLAMA_HOST": host}) == url


@pytest.mark.parametrize("host", ["gpu-box:port", "http://[::1", "host:99999"])
def test_an_address_that_is_none_is_refused(host: str) -> None:
    with pytest.raises(ProviderError, match="is no address"):
        ollama_url(None, {"OLLAMA_HOST": host})


@given(st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True), st.integers(1, 65535))
def test_an_address_reads_as_itself(host: str, port: int) -> None:
    url = ollama_url(None, {"OLLAMA_HOST": f"{host}:{port}"})
    assert url == f"http://{host}:{port}" == ollama_url(url, {})


@pytest.mark.parametrize("extra", [{"num_context": 1}, {"num_ctx": "many"}, {"think": "why"}])
def test_settings_that_are_not_known_are_refused(extra: dict[str, Any]) -> None:
    with pytest.raises(RecipeError, match=rf"extra\.{next(iter(extra))}.*known: num_ctx"):
        provider(NOWHERE, extra=extra)


def test_nothing_asked_for_sends_no_options() -> None:
    assert sampling_options(Sampling(), 3) == {}


@pytest.fixture(scope="module")
def real() -> Iterator[OllamaServer]:
    """Return a server over the embedded model: what the client is tested against end to end."""
    with serving(OllamaServer(LocalProvider(ModelSpec(provider="local", extra={"slots": 2})))) as running:
        yield running


async def test_the_embedded_model_answers_through_ollamas_protocol(real: OllamaServer) -> None:
    spec = ModelSpec(provider="ollama", model=MODEL, base_url=real.url, temperature=0, max_tokens=24)
    client: Any = OllamaProvider.from_spec(spec, Path())
    model = Model.from_spec(client, spec, provider="ollama")
    answer = await model.ask((Turn("user", "What is the colour of grass?"),), json_schema=SCHEMA)
    assert set(json.loads(answer.reply.text)) == {"colour"}
    assert answer.reply.usage.prompt_tokens > 10
    assert 0 < answer.reply.usage.completion_tokens <= 24
    assert answer.usd == 0
    await model.aclose()


async def test_ollamas_own_client_reads_the_streamed_lines(real: OllamaServer) -> None:
    from ollama import AsyncClient

    client = AsyncClient(real.url)
    options = {"temperature": 0, "num_predict": 12}
    messages = [{"role": "user", "content": "Count to five."}]
    parts = [part async for part in await client.chat(MODEL, messages, stream=True, options=options)]
    whole = await client.chat(MODEL, messages, options=options)
    assert "".join(part.message.content or "" for part in parts) == whole.message.content != ""
    assert [part.done for part in parts[:-1]] == [False] * (len(parts) - 1)
    assert parts[-1].done_reason == whole.done_reason == "length"
    close: Callable[[], Any] = client.close
    await close()


async def test_a_reply_that_breaks_off_is_seen(real: OllamaServer) -> None:
    from ollama import AsyncClient, ResponseError

    client = AsyncClient(real.url)
    real.cut = "an error was encountered while running the model"
    messages = [{"role": "user", "content": "Count to five."}]
    options = {"num_predict": 8}
    try:
        with pytest.raises(ResponseError, match="while running the model"):
            async for _part in await client.chat(MODEL, messages, stream=True, options=options):
                pass
    finally:
        real.cut = ""
    close: Callable[[], Any] = client.close
    await close()
