"""Which provider answers where the recipe leaves it open with `provider: auto`."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from curator.errors import ProviderError
from curator.llm.ollama_options import ollama_url
from curator.llm.spec import ModelSpec
from curator.llm.weights import EMBEDDED, SMOLLM2

DEFAULT_OPENAI_MODEL = "gpt-6-luna"
"""The cheapest general model of OpenAI's list in `prices.json`."""

_PROBE_S = 0.5


@dataclass(frozen=True)
class Choice:
    """A provider that was chosen.

    Attributes:
        provider: its registered name.
        model: the model to ask.
        base_url: the endpoint; None for the provider's own.
        reason: why, in one sentence for the user.
    """

    provider: str
    model: str
    base_url: str | None
    reason: str


Probe = Callable[[str], Awaitable[list[str]]]
"""Asks the Ollama at an address for the models that can chat; raises ProviderError if nobody answers there."""


async def choose_provider(env: Mapping[str, str] = os.environ, probe: Probe | None = None) -> Choice:
    """Choose: an endpoint that the environment names, else a running Ollama that has a model, else the embedded model.

    Args:
        env: the environment: OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_MODEL, CURATOR_MODEL, OLLAMA_HOST.
        probe: how Ollama is asked for its models; by default for half a second.

    Returns:
        The choice. An Ollama that does not answer is not waited for.

    Raises:
        ProviderError: OPENAI_BASE_URL names an endpoint, and no model is named and it lists none.
    """
    named = env.get("OPENAI_MODEL") or env.get("CURATOR_MODEL") or ""
    if env.get("OPENAI_API_KEY") or env.get("OPENAI_BASE_URL"):
        return await _endpoint(env, named)
    host = ollama_url(None, env)
    place = host.removeprefix("http://")
    try:
        models = await (probe or _ollama_models)(host)
    except ProviderError:
        absent = f"no Ollama at {place}"
    else:
        if models:
            model = named or models[0]
            return Choice("ollama", model, host, f"no OPENAI_API_KEY, but Ollama runs at {place}: its model {model}")
        absent = f"the Ollama at {place} has no chat model"
    return Choice("local", EMBEDDED, None, f"no OPENAI_API_KEY, {absent}: the embedded {SMOLLM2.name}")


async def _endpoint(env: Mapping[str, str], named: str) -> Choice:
    base_url = env.get("OPENAI_BASE_URL") or None
    if base_url is None:
        model = named or DEFAULT_OPENAI_MODEL
        return Choice("openai", model, None, f"OPENAI_API_KEY is set: OpenAI's {model}")
    model = named or await _first_model(env, base_url)
    return Choice("openai", model, base_url, f"OPENAI_BASE_URL is set: {model} at {base_url}")


async def _first_model(env: Mapping[str, str], base_url: str) -> str:
    from curator.llm.openai import OpenAIProvider, normalised_url
    from curator.llm.prices import OPENAI_BASE_URL

    if normalised_url(base_url) == normalised_url(OPENAI_BASE_URL):
        return DEFAULT_OPENAI_MODEL
    client = OpenAIProvider(ModelSpec(provider="openai", model="any", base_url=base_url), environ=env)
    try:
        models = await client.models()
    finally:
        await client.aclose()
    if not models:
        raise ProviderError(f"{base_url} (OPENAI_BASE_URL) lists no models; name one in OPENAI_MODEL or in the recipe")
    return models[0]


async def _ollama_models(host: str) -> list[str]:
    from curator.llm.ollama import OllamaProvider

    client = OllamaProvider(ModelSpec(provider="ollama", base_url=host, timeout_s=_PROBE_S))
    try:
        return await client.chat_models()
    finally:
        await client.aclose()
