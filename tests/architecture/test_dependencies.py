"""What is imported is declared, and what every user has to install is used."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from typing import Any

from tests.architecture.tree import PACKAGES, ROOT, label, modules, parsed

CALLED_OTHERWISE = {
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "markdown_it": "markdown-it-py",
    "yaml": "pyyaml",
}
"""Packages whose import name is not the name they are installed by."""


def _project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project


def _name(requirement: str) -> str:
    return re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def _imported() -> Iterator[tuple[str, str]]:
    """Yield each foreign package that a module imports: its import name, and where."""
    for path in modules():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            else:
                continue
            for top in (name.partition(".")[0] for name in names):
                if top not in sys.stdlib_module_names and top not in PACKAGES:
                    yield top, f"{label(path)}:{node.lineno}"


def _distribution(top: str) -> str:
    return CALLED_OTHERWISE.get(top, top.lower().replace("_", "-"))


def test_what_is_imported_is_declared() -> None:
    project = _project()
    extras = project["optional-dependencies"]
    lists = [project["dependencies"], *(extras[name] for name in extras if name not in ("all", "dev"))]
    declared = {_name(requirement) for requirements in lists for requirement in requirements}
    assert [(top, place) for top, place in _imported() if _distribution(top) not in declared] == []


def test_what_everybody_installs_is_used() -> None:
    used = {_distribution(top) for top, _place in _imported()}
    assert {_name(requirement) for requirement in _project()["dependencies"]} - used == set()
