"""What `provider: auto` chooses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from curator.errors import ProviderError
from curator.llm.choose import DEFAULT_OPENAI_MODEL, choose_provider
from curator.llm.prices import price_of
from tests.llm.ollama_server import OllamaServer, serving

NO_OLLAMA = {"OLLAMA_HOST": "127.0.0.1:9"}


def _fine(_request: object) -> str:
    return "fine"


@asynccontextmanager
async def listing(*names: str) -> AsyncIterator[str]:
    """Run an OpenAI-compatible endpoint that lists models, and yield its base URL."""

    async def models(_request: web.Request) -> web.Response:
        data = [{"id": name, "object": "model", "created": 1, "owned_by": "us"} for name in names]
        return web.json_response({"object": "list", "data": data})

    app = web.Application()
    app.router.add_get("/v1/models", models)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


async def test_without_anything_the_embedded_model_answers() -> None:
    choice = await choose_provider(NO_OLLAMA)
    assert (choice.provider, choice.model, choice.base_url) == ("local", "embedded", None)
    assert choice.reason == "no OPENAI_API_KEY, no Ollama at 127.0.0.1:9: the embedded SmolLM2-135M-Instruct"


@pytest.mark.parametrize(
    ("env", "model"),
    [
        ({}, DEFAULT_OPENAI_MODEL),
        ({"CURATOR_MODEL": "ours"}, "ours"),
        ({"CURATOR_MODEL": "ours", "OPENAI_MODEL": "theirs"}, "theirs"),
        ({"OPENAI_BASE_URL": "https://api.openai.com/v1/"}, DEFAULT_OPENAI_MODEL),
    ],
)
async def test_a_key_means_openai(env: dict[str, str], model: str) -> None:
    choice = await choose_provider({"OPENAI_API_KEY": "sk-planted", **env})
    assert (choice.provider, choice.model) == ("openai", model)
    assert "sk-planted" not in str(choice)


def test_the_default_model_has_a_known_price() -> None:
    assert price_of(DEFAULT_OPENAI_MODEL) is not None


async def test_another_endpoint_is_asked_for_its_models() -> None:
    async with listing("qwen3-8b", "z-model") as url:
        choice = await choose_provider({"OPENAI_BASE_URL": url})
    assert (choice.provider, choice.model, choice.base_url) == ("openai", "qwen3-8b", url)
    assert choice.reason == f"OPENAI_BASE_URL is set: qwen3-8b at {url}"


async def test_an_endpoint_without_models_needs_one_named() -> None:
    async with listing() as url:
        with pytest.raises(ProviderError, match="lists no models; name one in OPENAI_MODEL"):
            await choose_provider({"OPENAI_BASE_URL": url})


async def test_an_endpoint_that_is_down_is_not_passed_over() -> None:
    with pytest.raises(ProviderError, match=r"127\.0\.0\.1:9"):
        await choose_provider({"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"})


async def test_a_running_ollama_comes_before_the_embedded_model() -> None:
    server = OllamaServer(_fine, {"embed:latest": "1" * 64, "qwen3:4b": "2" * 64}, frozenset({"embed:latest"}))
    with serving(server):
        place = server.url.removeprefix("http://")
        choice = await choose_provider({"OLLAMA_HOST": place})
        assert (choice.provider, choice.model, choice.base_url) == ("ollama", "qwen3:4b", server.url)
        assert choice.reason == f"no OPENAI_API_KEY, but Ollama runs at {place}: its model qwen3:4b"
        named = await choose_provider({"OLLAMA_HOST": place, "CURATOR_MODEL": "gemma3:1b"})
        assert named.model == "gemma3:1b"


async def test_an_ollama_without_a_chat_model_is_passed_over() -> None:
    server = OllamaServer(_fine, {"embed:latest": "1" * 64}, frozenset({"embed:latest"}))
    with serving(server):
        choice = await choose_provider({"OLLAMA_HOST": server.url})
    assert choice.provider == "local"
    assert "has no chat model" in choice.reason


async def test_an_ollama_that_does_not_answer_is_not_waited_for() -> None:
    async def hang(_host: str) -> list[str]:
        raise ProviderError("no answer in time")

    probe: Callable[[str], Awaitable[list[str]]] = hang
    assert (await choose_provider({}, probe)).provider == "local"
