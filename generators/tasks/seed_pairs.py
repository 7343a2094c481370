"""Pairs of request and response out of a file of seeds, to be shown as examples."""

from __future__ import annotations

from pathlib import Path

from curator.errors import StageError
from generators.tasks.seeds import read_seeds


def read_seed_pairs(path: Path) -> list[dict[str, str]]:
    """Read the pairs of a file of seeds.

    Args:
        path: a dataset file in any format that is installed, or of seed tasks.

    Returns:
        The pairs, in the file's order: `passage` is the response, `reply` the request with its input.

    Raises:
        StageError: the file cannot be read, or has no response.
    """
    pairs = [
        {"reply": f"{seed.instruction}\n\n{case.input}".strip(), "passage": case.output}
        for seed in read_seeds(path)
        for case in seed.instances
        if case.output
    ]
    if not pairs:
        raise StageError(f"seeds: no row of {path} has a response; give pairs of an instruction and a response")
    return pairs
