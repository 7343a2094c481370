"""What the command line's tests stand on: surroundings without settings, a small workspace, and an endpoint."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import pytest
from anyio.from_thread import start_blocking_portal

from tests.llm.endpoint import Behave, Endpoint, endpoint
from tests.ui.project import make_project
from tests.ui.terminal import ROOT, Call, Ended
from ui.cli.main import run

OURS = ("CURATOR_", "OPENAI_", "OLLAMA_", "HF_", "XDG_")


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a home and a current folder of its own, and no settings."""
    for name in dict(os.environ):
        if name.startswith(OURS) or name == "COLUMNS":
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("CURATOR_CONFIG", str(home / "config.toml"))
    monkeypatch.setenv("CURATOR_MODELS_DIR", str(home / "models"))
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")  # nobody listens there
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(tmp_path)
    return home


@pytest.fixture
def kept_model(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let tests that embed share a cache, so that the model is converted once."""
    cache = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    return cache


@pytest.fixture
def curator(capsys: pytest.CaptureFixture[str]) -> Call:
    """Return the command line, called in this process."""

    def call(*arguments: object) -> Ended:
        capsys.readouterr()
        before = dict(os.environ)
        code = run([str(argument) for argument in arguments])
        os.environ.clear()  # what a `.env` set must not look exported to the next call
        os.environ.update(before)
        return Ended(code, *capsys.readouterr())

    return call


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the small workspace, which is also the current folder."""
    folder = make_project(tmp_path / "harbour")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def ran(project: Path, curator: Call) -> Path:
    """Return the small workspace after a run."""
    assert curator("run").code == 0
    return project


class Serve(Protocol):
    """Starts an endpoint that behaves as the test says, until the block ends."""

    def __call__(self, behave: Behave, models: tuple[str, ...] = ...) -> AbstractContextManager[Endpoint]: ...


@pytest.fixture
def serve() -> Serve:
    """Return what starts a real endpoint on a free port, in a thread beside the command line."""

    @contextmanager
    def served(behave: Behave, models: tuple[str, ...] = ("alpha", "beta")) -> Iterator[Endpoint]:
        with start_blocking_portal() as portal, portal.wrap_async_context_manager(endpoint(behave, models)) as opened:
            yield opened

    return served
