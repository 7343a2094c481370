"""A small workspace whose model answers from a script, so that every count in a test can be told by hand."""

from __future__ import annotations

import json
from pathlib import Path

NOTES = """\
# Harbour notes

## Boats

The ferry Alma leaves Port Eld at seven every morning.

## Bridges

The Corn Bridge was built by Ruth Tamsin in 1904.

## Bells

Nine bells hang in the tower above the fish market.
"""

RECIPE = """\
name: harbour-notes
seed: 3
sources: [sources/notes.md]
models:
  writer: {provider: scripted, extra: {file: script.jsonl}}
stages:
  - {use: import, name: seeds, options: {file: seeds.jsonl}}
  - {use: book-qa, model: writer, options: {answers: written, per_chunk: 1}}
  - {use: grounding}
  - {use: threshold, name: grounded, options: {score: grounding, min: 0.8, unscored: keep}}
export:
  - {format: messages, path: out/train.jsonl}
"""

SEEDS = (
    {"instruction": "Who was Alma?", "input": "", "output": "The ferry is named after a pilot's daughter."},
    {"instruction": "Is the market open on Sundays?", "input": "", "output": "No."},
)

PAIRS = {
    "The ferry Alma leaves Port Eld at seven every morning.": (
        "When does the ferry Alma leave Port Eld?",
        "At seven every morning.",
    ),
    "The Corn Bridge was built by Ruth Tamsin in 1904.": (
        "Who built the Corn Bridge?",
        "Ruth Tamsin built the Corn Bridge in 1904.",
    ),
    "Nine bells hang in the tower above the fish market.": ("How many bells hang in the tower?", "Forty trumpets."),
}
"""What the model says about each passage, by its sentence; the last answer stands nowhere, so grounding drops it."""

MADE = len(SEEDS) + len(PAIRS)
KEPT = MADE - 1


def make_project(folder: Path) -> Path:
    """Make the workspace and return its folder."""
    (folder / "sources").mkdir(parents=True)
    (folder / "sources" / "notes.md").write_text(NOTES, encoding="utf-8")
    (folder / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    write_lines(folder / "seeds.jsonl", *SEEDS)
    write_lines(folder / "script.jsonl", *({"contains": sentence, "reply": pair(sentence)} for sentence in PAIRS))
    return folder


def pair(sentence: str) -> str:
    """Return the reply that a prompt about a passage gets, by the passage's sentence."""
    question, answer = PAIRS[sentence]
    return json.dumps({"pairs": [{"question": question, "answer": answer, "evidence": sentence}]})


def write_lines(path: Path, *rows: object) -> None:
    """Write a JSON Lines file."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def change(path: Path, old: str, new: str) -> None:
    """Replace the one place where `old` stands in a file."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, (path, old)
    path.write_text(text.replace(old, new), encoding="utf-8")


def use_endpoint(folder: Path, url: str, more: str = "") -> None:
    """Let the workspace's model be one behind an endpoint; `more` are further settings of it."""
    change(
        folder / "recipe.yaml",
        "{provider: scripted, extra: {file: script.jsonl}}",
        f"{{provider: openai, model: alpha, base_url: '{url}', {more}}}",
    )
