"""Options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ui.settings import load_environment

HERE = Path()


def _entered(context: typer.Context, workspace: Path) -> Path:
    """Take up the workspace's `.env` before the other options are looked for in the environment."""
    context.obj = load_environment(workspace, context.obj)
    return workspace


Workspace = Annotated[
    Path,
    typer.Option(
        "--workspace",
        "-w",
        metavar="DIR",
        envvar="CURATOR_WORKSPACE",
        file_okay=False,
        is_eager=True,
        callback=_entered,
        help="The folder with recipe.yaml and curator.db.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Spend what it may cost without asking.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe for this call, as in seed=3; may be repeated."),
]
Limit = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Candidates each stage may make at most, for a quick look."),
]
RunNumber = Annotated[
    int | None,
    typer.Option("--run", min=1, metavar="N", help="A run by its number, instead of the latest."),
]
Format = Annotated[
    str,
    typer.Option(
        "--format",
        "-f",
        metavar="NAME",
        help="alpaca, sharegpt, messages, prompt-completion, preference, or a plugin's.",
    ),
]
OUT_HELP = "The file; .jsonl, .json, .csv, .parquet, or a folder with a / at its end."


def placed(out: str) -> str:
    """Return where `--out` points, whatever folder the recipe lies in.

    Args:
        out: what was typed; a "/" at its end, which a `Path` would lose, stands for a folder.

    Returns:
        The absolute path.
    """
    return os.path.join(os.getcwd(), out)  # noqa: PTH109, PTH118
