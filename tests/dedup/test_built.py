"""A kernel that cannot be used is as good as none: `auto` goes without it, and who asks for it is told why."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

import curator
from curator.dedup import kernel

SEARCH = """
from curator.dedup import kernel
from curator.dedup.near import near_duplicates
print(kernel.is_built(), sorted(near_duplicates(["the same words"] * 2)))
near_duplicates(["a", "b"], engine="kernel")
"""
OTHER_INTERFACE = """
import sys, types
sys.modules["curator.dedup._kernel"] = types.ModuleType("_kernel")
"""


def searched(root: Path, before: str = "") -> tuple[str, str]:
    """Search with the package of another folder; return what it printed and its last words."""
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(root)!r})\n{before}{SEARCH}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)
    assert done.returncode == 1
    return done.stdout.strip(), done.stderr.splitlines()[-1]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return a copy of the package without its extension."""
    shutil.copytree(
        Path(curator.__file__).parent,
        tmp_path / "curator",
        ignore=shutil.ignore_patterns("__pycache__", *(f"*{suffix}" for suffix in EXTENSION_SUFFIXES)),
    )
    return tmp_path


def test_without_an_extension(package: Path) -> None:
    said, error = searched(package)
    assert said == "False [1]"
    assert "CuratorError: the compiled kernel cannot be used: no C compiler was found" in error


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"not a library" * 100])
def test_with_a_damaged_extension(package: Path, content: bytes) -> None:
    (package / "curator" / "dedup" / f"_kernel{EXTENSION_SUFFIXES[-1]}").write_bytes(content)
    said, error = searched(package)
    assert said == "False [1]"
    assert "CuratorError: the compiled kernel cannot be used" in error
    assert "rebuild it: pip install" in error


def test_with_an_extension_of_other_sources(package: Path) -> None:
    said, error = searched(package, OTHER_INTERFACE)
    assert said == "False [1]"
    assert "compiled from other sources than these; rebuild it: pip install" in error


@pytest.mark.skipif(not kernel.is_built(), reason="the kernel was not compiled")
def test_with_the_extension_of_these_sources() -> None:
    assert kernel.trouble() == ""
