"""Where an embedding model lies that an option names."""

from __future__ import annotations

from pathlib import Path


def model_within(folder: Path, model: str) -> str:
    """Return the model that an option means: a folder, as seen from the workspace, or a name.

    Args:
        folder: the workspace.
        model: what the option says: `auto`, a folder, or a name on the Hub.

    Returns:
        The folder, if there is such a one; else the name.
    """
    within = folder / model
    return str(within) if within.is_dir() else model
