"""`curator doctor`: what this machine has, and what is missing."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import typer

from ui.cli.options import HERE, AsJson, Workspace
from ui.cli.output import counted, print_json, print_table

EXTRAS = {
    "local": ("xllamacpp", "the embedded model and other GGUF files"),
    "hub": ("datasets", "parquet, datasets folders, the Hugging Face Hub"),
    "ui": ("streamlit", "the review app"),
    "argilla": ("argilla", "review in Argilla"),
    "train": ("trl", "fine-tuning, and Hugging Face model folders"),
    "docs": ("pypdfium2", "PDF and Word documents"),
    "embeddings": ("sentence_transformers", "comparing by meaning: semantic-dedup, the rule `embedding`"),
    "scale": ("daft", "deduplicating what is larger than memory, or on a Ray cluster"),
    "redis": ("redis", "a memory for `novelty` that several machines share"),
}
"""Each extra with a package that shows whether it is installed, and what it is for."""

SHOWN_MODELS = 5
"""How many of a provider's models are named."""


Check = tuple[str, str, str]
"""What was looked at, how it stands, and what a person may want to know or do."""


def command(workspace: Workspace = HERE, as_json: AsJson = False) -> None:
    """Check Python, the kernel, extras, models, keys and the workspace, and say what to do about what is missing.

    Ends with 1 if no model can be asked, or if the workspace's recipe cannot be carried out.

    Example: curator doctor
    """
    import asyncio

    models = asyncio.run(_models())
    checks = [*_machine(), _kernel(), *_extras(), *models, _workspace(workspace)]
    if as_json:
        print_json([{"check": check, "state": state, "detail": detail} for check, state, detail in checks])
    else:
        print_table(("check", "state", "detail"), checks)
    if "ok" not in {state for _check, state, _detail in models} or "wrong" in {state for _check, state, _ in checks}:
        raise typer.Exit(1)


def _machine() -> list[Check]:
    python = ".".join(map(str, sys.version_info[:3]))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    free_gb = shutil.disk_usage(Path()).free / 1e9
    return [
        ("python", "ok" if sys.version_info >= (3, 11) else "too old", python),
        ("processor", "ok", f"{cores} cores usable"),
        ("disk", "ok" if free_gb > 1 else "low", f"{free_gb:.1f} GB free here"),
    ]


def _kernel() -> Check:
    from curator.dedup.kernel import trouble

    slower = trouble()
    detail = f"near-duplicates take several times longer: {slower}" if slower else "finds near-duplicates"
    return ("compiled kernel", "absent" if slower else "ok", detail)


def _extras() -> list[Check]:
    rows = []
    for extra, (package, purpose) in EXTRAS.items():
        there = find_spec(package) is not None
        detail = purpose if there else f"{purpose}: pip install 'instruct-curator[{extra}]'"
        rows.append((f"extra {extra}", "ok" if there else "absent", detail))
    return rows


async def _models() -> list[Check]:
    from ui.cli.models import PROVIDERS, available

    offers = await available()
    checks: list[Check] = []
    for provider in PROVIDERS:
        names = [offer.model for offer in offers if offer.provider == provider and offer.model]
        notes = [offer.note for offer in offers if offer.provider == provider and offer.note]
        more = f" and {len(names) - SHOWN_MODELS} more" if len(names) > SHOWN_MODELS else ""
        detail = ", ".join(names[:SHOWN_MODELS]) + more if names else "; ".join(notes)
        checks.append((f"models of {provider}", "ok" if names else "none", detail))
    return checks


def _workspace(folder: Path) -> Check:
    from curator.errors import CuratorError
    from curator.recipe.plan import make_plan
    from ui.cli.workspace import open_recipe

    if not (folder / "recipe.yaml").exists():
        return ("workspace", "none", f"no recipe.yaml in {folder.absolute()}: curator init DIR")
    try:
        plan = make_plan(open_recipe(folder))
    except CuratorError as error:
        return ("workspace", "wrong", str(error))
    sources = counted(len(plan.documents), "source")
    return ("workspace", "ok", f"{plan.recipe.name}: {counted(len(plan.stages), 'stage')}, {sources}")
