"""`curator doctor`: what this machine has, and what is missing."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import typer

from ui.cli.options import HERE, AsJson, Workspace, print_json, print_table

EXTRAS = {
    "local": ("xllamacpp", "the embedded model and other GGUF files"),
    "hub": ("datasets", "parquet, datasets folders, the Hugging Face Hub"),
    "ui": ("streamlit", "the review app"),
    "argilla": ("argilla", "review in Argilla"),
    "train": ("trl", "fine-tuning, and Hugging Face model folders"),
    "docs": ("pypdf", "PDF, EPUB and DOCX sources"),
}
"""Each extra with a package that shows whether it is installed, and what it is for."""


def command(workspace: Workspace = HERE, as_json: AsJson = False) -> None:
    """Check Python, extras, models, keys and the workspace, and say what to do about what is missing.

    Ends with 1 if no model can be asked.

    Example: curator doctor
    """
    import asyncio

    from ui.settings import load_environment

    load_environment(workspace)
    rows = [*_machine(), *_extras(), *(models := asyncio.run(_models())), *_workspace(workspace)]
    if as_json:
        print_json([{"check": check, "state": state, "detail": detail} for check, state, detail in rows])
    else:
        print_table(("check", "state", "detail"), rows)
    if not any(state == "ok" for _check, state, _detail in models):
        raise typer.Exit(1)


def _machine() -> list[tuple[str, str, str]]:
    python = ".".join(map(str, sys.version_info[:3]))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    free_gb = shutil.disk_usage(Path()).free / 1e9
    return [
        ("python", "ok" if sys.version_info >= (3, 11) else "too old", python),
        ("processor", "ok", f"{cores} cores usable"),
        ("disk", "ok" if free_gb > 1 else "low", f"{free_gb:.1f} GB free here"),
    ]


def _extras() -> list[tuple[str, str, str]]:
    rows = []
    for extra, (package, purpose) in EXTRAS.items():
        there = find_spec(package) is not None
        detail = purpose if there else f"{purpose}: pip install 'instruct-curator[{extra}]'"
        rows.append((f"extra {extra}", "ok" if there else "absent", detail))
    return rows


async def _models() -> list[tuple[str, str, str]]:
    from ui.cli.models import available

    found: dict[str, list[str]] = {}
    notes: dict[str, str] = {}
    for provider, model, note in await available():
        found.setdefault(provider, [])
        if note:
            notes[provider] = note
        else:
            found[provider].append(model)
    return [
        (f"models of {provider}", "ok" if names else "none", ", ".join(names[:5]) or notes.get(provider, ""))
        for provider, names in found.items()
    ]


def _workspace(folder: Path) -> list[tuple[str, str, str]]:
    from curator.errors import CuratorError
    from curator.recipe.plan import make_plan
    from ui.cli.workspace import open_recipe

    if not (folder / "recipe.yaml").exists():
        return [("workspace", "none", f"no recipe.yaml in {folder.absolute()}: curator init DIR")]
    try:
        plan = make_plan(open_recipe(folder))
    except CuratorError as error:
        return [("workspace", "wrong", str(error))]
    return [("workspace", "ok", f"{plan.recipe.name}: {len(plan.stages)} stages, {len(plan.documents)} sources")]
