"""Keys do not belong into recipes: a recipe is shared, committed and published."""

from __future__ import annotations

import re
from typing import Any

from curator.errors import RecipeError
from curator.text.yaml_lines import Lines, Location

# The beginnings that the large providers give their keys, and a length no other word reaches.
_KEY_VALUE = re.compile(r"\b(sk-|sk_|hf_|gsk_|xai-|AIza|AKIA|ghp_|github_pat_|r8_|pplx-)[A-Za-z0-9_\-]{12,}")
_KEY_NAME = re.compile(r"^(api[_-]?key|token|secret|password|authorization)$", re.IGNORECASE)


def refuse_keys(value: Any, lines: Lines, place: Location = ()) -> None:
    """Look for literal keys in a recipe; the message never repeats one.

    Args:
        value: the recipe, or a part of it.
        lines: where its parts stand.
        place: the part's location.

    Raises:
        RecipeError: there is one; says on which line and what to write instead.
    """
    if isinstance(value, dict):
        for key, below in value.items():
            if _KEY_NAME.match(str(key)) and isinstance(below, str):
                _refuse(lines, (*place, key))
            refuse_keys(below, lines, (*place, key))
    elif isinstance(value, list):
        for number, below in enumerate(value):
            refuse_keys(below, lines, (*place, number))
    elif isinstance(value, str) and _KEY_VALUE.search(value):
        _refuse(lines, place)


def _refuse(lines: Lines, place: Location) -> None:
    raise RecipeError(
        f"{lines.where(place)}: this looks like a key, and a recipe holds none; put the key into the environment or "
        "`.env` and write the variable's name: `api_key_env: MY_KEY` (if it was a real key and the file was shared, "
        "revoke it)"
    )
