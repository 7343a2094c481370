"""Recipes from their files, carried out in their workspaces, one process at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from curator.errors import RecipeError, StoreError
from curator.recipe.load import load_recipe
from curator.run import Progress, run_recipe
from curator.run.lock import LOCK_NAME, workspace_lock
from tests.run.samples import funnel, kept, runs

RECIPE = """\
seed: 7
models: {writer: {provider: scripted, extra: {file: replies.jsonl}}}
stages:
  - {use: templates, options: {file: templates.yaml}}
export: [{format: alpaca, path: out/train.csv}]
"""
TEMPLATES = """\
slots: {berth: [1, 2, 3]}
templates:
  - {name: rent, instruction: "What is the rent of berth {{ berth }}?", response: "It is {{ berth }} crowns."}
  - {name: open, instruction: "Describe berth {{ berth }}."}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a workspace with a recipe whose model answers from a file."""
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    (tmp_path / "templates.yaml").write_text(TEMPLATES)
    (tmp_path / "replies.jsonl").write_text(
        '{"contains": "berth 2", "reply": "It is wide."}\n{"reply": "It is narrow."}\n'
    )
    return tmp_path


def test_from_the_file_to_the_dataset(folder: Path) -> None:
    progress = Progress()
    result = run_recipe(load_recipe(folder), progress=progress)
    asked = {record.instruction: record for record in kept(folder) if record.origin.model}
    assert {question: record.response for question, record in asked.items()} == {
        "Describe berth 1.": "It is narrow.",
        "Describe berth 2.": "It is wide.",
        "Describe berth 3.": "It is narrow.",
    }
    assert {record.origin.model for record in asked.values()} == {"scripted/script"}
    assert (result.exported[0].written, progress.requests) == (6, 3)
    assert (folder / "out" / "train.csv").read_text().count("berth") == 6


def test_a_recipe_may_run_in_another_workspace(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for name in ("templates.yaml", "replies.jsonl"):
        (other / name).write_text((folder / name).read_text())
    run_recipe(load_recipe(folder), other)
    assert (other / "out" / "train.csv").exists()
    assert not (folder / "curator.db").exists()


def test_what_is_refused_costs_nothing_and_leaves_nothing(folder: Path) -> None:
    recipe = load_recipe(
        folder, ["budget.max_usd=1", "models.writer.provider=openai", "models.writer.model=unheard-of"]
    )
    with pytest.raises(RecipeError, match="the price of openai/unheard-of is not known"):
        run_recipe(recipe)
    assert not (folder / "curator.db").exists()


HOLDER = """
import sys
from pathlib import Path
from curator.run.lock import workspace_lock
with workspace_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_two_processes_in_one_workspace(folder: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(StoreError) as caught:
            run_recipe(load_recipe(folder))
        process.kill()  # the system lets go of the lock, however the process ends
        process.wait()
    assert f"another run is at work in {folder} (process {process.pid})" in str(caught.value)
    assert not (folder / "curator.db").exists()
    run_recipe(load_recipe(folder))
    assert [run.status for run in runs(folder)] == ["done"]
    assert not (folder / f"{LOCK_NAME}.pid").exists()


def test_the_lock_is_let_go_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="within"), workspace_lock(tmp_path):
        raise ValueError("within")
    with workspace_lock(tmp_path):
        pass


def test_a_run_with_a_limit_and_then_without(folder: Path) -> None:
    run_recipe(load_recipe(folder), limit=2)
    assert funnel(folder)[0].made == 2
    run_recipe(load_recipe(folder))
    assert funnel(folder)[0].made == 6
