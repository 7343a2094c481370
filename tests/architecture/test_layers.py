"""The arrow points down: ui, then the methods, then curator."""

from __future__ import annotations

import tomllib

import pytest
from importlinter.cli import lint_imports

from tests.architecture.tree import PACKAGES, ROOT


def test_the_contracts_of_pyproject_are_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    status = lint_imports(config_filename="pyproject.toml", no_cache=True)
    assert status == 0, capsys.readouterr().out


def test_the_contracts_cover_all_packages() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    assert set(config["root_packages"]) == set(PACKAGES)
    named = {name.strip() for layer in config["contracts"][0]["layers"] for name in layer.split("|")}
    assert named == set(PACKAGES)
