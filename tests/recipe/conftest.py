"""Recipes written to a workspace of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from curator.recipe.load import load_recipe
from curator.recipe.model import Recipe
from curator.recipe.plan import Plan, make_plan

BOOK = "# Notes\n\nThe ferry Alma leaves Port Eld at seven every morning.\n"
TEMPLATES = """\
slots: {berth: [1, 2, 3, 4]}
templates:
  - {name: rent, instruction: "What is the rent of berth {{ berth }}?", response: "Ask the harbour master."}
  - {name: open, instruction: "Describe berth {{ berth }}."}
"""
RECIPE = """\
name: harbour
seed: 7
sources: [book.md]
models:
  writer: {provider: scripted, model: small, extra: {replies: [ok]}}
  judge: {provider: scripted, model: large, extra: {replies: [ok]}}
budget: {max_requests: 100}
stages:
  - {use: templates, options: {file: templates.yaml, n: 6}}
  - use: book-qa
    model: judge
    accept: 3
    candidates: 9
    gate: [short]
    options:
      per_chunk: 2
  - {use: heuristics}
  - {use: threshold, options: {score: heuristics.response_words, min: 1}}
  - {use: threshold, name: short, options: {score: heuristics.response_words, max: 90}}
  - {use: threshold, options: {score: heuristics.format, min: 1}}
export:
  - {format: messages, path: out/train.jsonl}
"""
"""A good recipe; tests break one line of it."""

Load = Callable[..., Recipe]
MakePlan = Callable[..., Plan]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a workspace without a recipe."""
    (tmp_path / "book.md").write_text(BOOK, encoding="utf-8")
    (tmp_path / "templates.yaml").write_text(TEMPLATES, encoding="utf-8")
    return tmp_path


@pytest.fixture
def load(folder: Path) -> Load:
    """Return a function that writes a recipe and loads it, with changes as `--set` makes them."""

    def write_and_load(text: str = RECIPE, *changes: str) -> Recipe:
        (folder / "recipe.yaml").write_text(text, encoding="utf-8")
        return load_recipe(folder, changes)

    return write_and_load


@pytest.fixture
def plan(load: Load) -> MakePlan:
    """Return a function that writes a recipe, loads and plans it."""

    def load_and_plan(text: str = RECIPE, *changes: str) -> Plan:
        return make_plan(load(text, *changes))

    return load_and_plan


def line_of(text: str, part: str) -> int:
    """Return the number of the line that holds `part`."""
    return next(number for number, line in enumerate(text.splitlines(), start=1) if part in line)
