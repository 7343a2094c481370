"""A plugin is installed by pip and found by name: no line of Curator knows it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from curator.errors import PluginError
from curator.registry import stages

PACKAGE = Path(__file__).parents[1] / "plugin_package"
ROOT = Path(__file__).parents[2]

RECIPE = """
name: loud
stages:
  - {use: templates, options: {file: templates.yaml}, model: mirror}
  - {use: shout, from: templates, options: {mark: "!!"}}
models:
  mirror: {provider: echo}
export: [{format: question-answer, path: out/loud.jsonl}]
"""
TEMPLATES = """
slots: {berth: [1, 2]}
templates:
  - {name: rent, instruction: "What is the rent of berth {{ berth }}?", response: "Ask the harbour master."}
  - {name: open, instruction: "Describe berth {{ berth }}."}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the plugin into a folder of its own, without the network."""
    folder = tmp_path_factory.mktemp("plugin")
    shutil.copytree(PACKAGE, folder / "package")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(folder / "site")]
    command = [sys.executable, "-m", "pip", "install", *options, str(folder / "package")]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return folder / "site"


def _python(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the plugin on its path."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(site), str(ROOT)))}
    command = (sys.executable, *arguments)
    return subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=120)


def test_without_the_plugin_its_name_is_unknown() -> None:
    with pytest.raises(PluginError, match="there is no stage 'shout'"):
        stages.load("shout")


@pytest.mark.parametrize(
    ("registry", "name", "kind"),
    [
        ("stages", "shout", "Shout"),
        ("providers", "echo", "EchoProvider"),
        ("formats", "question-answer", "QuestionAnswer"),
    ],
)
def test_its_classes_are_found_by_name(site: Path, registry: str, name: str, kind: str) -> None:
    code = f"from curator.registry import {registry}; print({registry}.load({name!r}).__name__)"
    ended = _python(site, "-c", code)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == kind


def test_a_recipe_uses_its_stage_provider_and_format(site: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    (tmp_path / "templates.yaml").write_text(TEMPLATES, encoding="utf-8")
    ended = _python(site, "-m", "ui.cli.main", "run", "--workspace", str(tmp_path), "--yes")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    rows = [json.loads(line) for line in (tmp_path / "out" / "loud.jsonl").read_text(encoding="utf-8").splitlines()]
    loud = [row for row in rows if row["q"].endswith("!!")]
    assert {"WHAT IS THE RENT OF BERTH 1?!!", "WHAT IS THE RENT OF BERTH 2?!!"} < {row["q"] for row in loud}
    assert all(row["a"] == "Ask the harbour master." for row in loud if "RENT" in row["q"])
    assert len(rows) == 2 * len(loud) == 8
    assert any("Describe berth 1." in row["a"] for row in rows if row["q"] == "Describe berth 1.")


def test_the_conformance_tests_hold_for_it(site: Path) -> None:
    ours = "shout or echo or question-answer"
    folder = str(ROOT / "tests" / "conformance")
    ended = _python(site, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", ours, "--rootdir", str(ROOT), folder)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "passed" in ended.stdout
