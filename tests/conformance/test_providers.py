"""Every installed provider keeps the promises of `curator.llm.base.ChatClient`."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from curator.llm.base import ChatClient
from curator.llm.spec import ModelSpec
from curator.recipe.models import ResolvedModel
from curator.registry import providers

NAMES = providers.names()
every_provider = pytest.mark.parametrize("name", NAMES)

SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "openai": {"model": "some-model", "base_url": "http://127.0.0.1:9/v1"},
    "ollama": {"model": "some-model", "base_url": "http://127.0.0.1:9"},
    "scripted": {"extra": {"replies": ["At six."]}},
}
"""Settings of the providers that cannot be built without any. A provider that needs some has its line here."""

ENGINES = "argilla datasets gguf numpy pandas pyarrow scipy torch transformers xllamacpp"
CONNECT = """
import sys
from pathlib import Path
from curator.llm.spec import ModelSpec
from curator.recipe.models import ResolvedModel
ResolvedModel(ModelSpec.model_validate_json(sys.argv[1]), Path(sys.argv[2])).connect()
print(*sorted(set(sys.argv[3].split()) & set(sys.modules)))
"""


def _spec(name: str) -> ModelSpec:
    return ModelSpec.model_validate({"provider": name, **SETTINGS.get(name, {})})


def _connect(name: str, folder: Path) -> ChatClient:
    return ResolvedModel(_spec(name), folder).connect()


def test_the_providers_that_ship_are_installed() -> None:
    assert {"openai", "ollama", "local", "scripted"} <= set(NAMES)


@every_provider
def test_it_says_whom_it_asks(name: str) -> None:
    assert (inspect.getdoc(providers.load(name)) or "") != ""


@every_provider
async def test_it_has_all_that_a_chat_client_has(name: str, tmp_path: Path) -> None:
    client = _connect(name, tmp_path)
    try:
        assert isinstance(client.identity, str)
        assert client.identity
        assert isinstance(client.model, str)
        assert client.model
        assert client.parallel >= 0
        assert all(inspect.iscoroutinefunction(getattr(client, method)) for method in ("chat", "models", "aclose"))
    finally:
        await client.aclose()


@every_provider
async def test_it_is_known_by_the_same_identity_each_time(name: str, tmp_path: Path) -> None:
    first, second = _connect(name, tmp_path), _connect(name, tmp_path)
    assert first.identity == second.identity
    await first.aclose()
    await second.aclose()


@every_provider
async def test_it_can_be_closed_twice(name: str, tmp_path: Path) -> None:
    client = _connect(name, tmp_path)
    await client.aclose()
    await client.aclose()


@every_provider
def test_building_it_starts_no_engine(name: str, tmp_path: Path) -> None:
    command = (sys.executable, "-c", CONNECT, _spec(name).model_dump_json(), str(tmp_path), ENGINES)
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == ""
