"""`curator models` and `curator doctor`: what can be asked from here."""

from __future__ import annotations

import sys
from importlib.metadata import metadata
from pathlib import Path

import pytest

from curator.dedup import kernel
from tests.llm.endpoint import failure
from tests.ui.conftest import Serve
from tests.ui.project import change
from tests.ui.terminal import Call
from ui.cli.doctor import EXTRAS
from ui.cli.models import PROVIDERS

OWN_NAMES = {"all", "bench", "dev"}
"""Extras that hold others, or are for those who work on Curator."""


def test_every_provider_is_listed_or_says_why_not(curator: Call) -> None:
    ended = curator("models", "--json")
    assert ended.code == 0
    assert list(dict.fromkeys(row["provider"] for row in ended.data)) == [*PROVIDERS]
    for row in ended.data:
        assert (row["model"] is None) == bool(row["note"])
    [openai] = [row for row in ended.data if row["provider"] == "openai"]
    assert "set OPENAI_API_KEY" in openai["note"]


def test_the_models_of_an_endpoint(curator: Call, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(lambda _request: failure(500)) as endpoint:
        monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
        ended = curator("models")
    lines = [line.split() for line in ended.out.splitlines()]
    assert ["openai", "alpha"] in lines
    assert ["openai", "beta"] in lines


def test_an_endpoint_that_is_down_is_a_row(curator: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    [row] = [row for row in curator("models", "--json").data if row["provider"] == "openai"]
    assert row["model"] is None
    assert "cannot be reached" in row["note"]


def test_pull_wants_a_name(curator: Call) -> None:
    ended = curator("models", "pull")
    assert ended.code == 2
    assert "name the model to pull" in ended.error


def test_pull_without_ollama(curator: Call) -> None:
    ended = curator("models", "pull", "qwen3:4b")
    assert ended.code == 4
    assert "127.0.0.1:9" in ended.error


def states(curator: Call, *arguments: object) -> tuple[int, dict[str, tuple[str, str]]]:
    ended = curator("doctor", "--json", *arguments)
    return ended.code, {row["check"]: (row["state"], row["detail"]) for row in ended.data}


def test_a_healthy_workspace(project: Path, curator: Call, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(lambda _request: failure(500)) as endpoint:
        monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
        code, found = states(curator)
    assert code == 0
    assert found["workspace"] == ("ok", "harbour-notes: 4 stages, 1 source")
    assert found["models of openai"] == ("ok", "alpha, beta")
    assert found["python"][0] == "ok"
    assert {f"extra {extra}" for extra in EXTRAS} <= found.keys()


def test_every_extra_is_looked_for() -> None:
    named = metadata("instruct-curator").get_all("Provides-Extra") or []
    assert set(named) - OWN_NAMES == EXTRAS.keys()


def test_a_kernel_that_is_missing_is_said_with_what_to_do(curator: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    assert states(curator)[1]["compiled kernel"] == ("ok", "finds near-duplicates")
    kernel.trouble.cache_clear()
    monkeypatch.setitem(sys.modules, "curator.dedup._kernel", None)
    state, detail = states(curator)[1]["compiled kernel"]
    kernel.trouble.cache_clear()
    assert state == "absent"
    assert "install one and run pip install" in detail


def test_a_workspace_that_cannot_run(
    project: Path, curator: Call, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(project / "recipe.yaml", "use: grounding", "use: groundin")
    with serve(lambda _request: failure(500)) as endpoint:
        monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
        code, found = states(curator)
    assert code == 1
    assert found["workspace"][0] == "wrong"
    assert "recipe.yaml:9" in found["workspace"][1]


def test_no_workspace_is_no_fault(curator: Call, tmp_path: Path) -> None:
    _code, found = states(curator, "-w", tmp_path / "nowhere")
    assert found["workspace"][0] == "none"
    assert "curator init" in found["workspace"][1]


def test_one_model_is_enough(curator: Call) -> None:
    code, found = states(curator)
    able = [state for check, (state, _detail) in found.items() if check.startswith("models of") and state == "ok"]
    assert code == (0 if able else 1)


def test_what_is_absent_says_how_to_get_it(curator: Call) -> None:
    for extra in EXTRAS:
        state, detail = states(curator)[1][f"extra {extra}"]
        assert state == "ok" or f"pip install 'instruct-curator[{extra}]'" in detail


def test_only_the_embedded_model_is_fetched(curator: Call) -> None:
    """A name that would be ignored is refused."""
    ended = curator("models", "fetch", "qwen3:4b")
    assert ended.code == 2
    assert "only the embedded model is fetched" in ended.error
