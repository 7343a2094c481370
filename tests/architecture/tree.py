"""The repository's files, as the tests of this folder look at them."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("curator", "generators", "evaluators", "finetune", "ui")


@cache
def files() -> tuple[Path, ...]:
    """Return all files that are tracked, or would be if they were added now."""
    command = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = (ROOT / name for name in listed.split("\0") if name)
    return tuple(sorted(path for path in paths if path.is_file()))


def label(path: Path) -> str:
    """Return a file's path as messages give it."""
    return path.relative_to(ROOT).as_posix()


def python_files() -> list[Path]:
    """Return all Python files of the repository."""
    return [path for path in files() if path.suffix == ".py"]


def modules() -> list[Path]:
    """Return the Python files that ship."""
    return [path for path in python_files() if label(path).split("/")[0] in PACKAGES]


@cache
def parsed(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> Iterator[Function]:
    """Yield all functions and methods of a file."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, Function):
            yield node
