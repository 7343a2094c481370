"""What costs seconds to import is imported by what needs it, when it needs it."""

from __future__ import annotations

import subprocess
import sys

from tests.architecture.tree import ROOT, label, modules

HEAVY = frozenset(
    {
        *("numpy", "pandas", "pyarrow", "scipy", "datasets", "datasketch", "huggingface_hub"),
        *("torch", "transformers", "peft", "trl", "sentence_transformers", "gguf", "xllamacpp"),
        *("openai", "ollama", "streamlit", "argilla"),
    }
)
LOADED_WHEN_USED = ("ui.app", "curator.dedup.", "curator.embedding.")
"""Pages are run by Streamlit itself; arrays are what these packages are about, so stages import them as they run."""
HELP = """
import sys
sys.argv = ["curator", "--help"]
from ui.cli.main import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""
REPORT = """
print("LOADED", *sorted({name.partition(".")[0] for name in sys.modules}))
"""


def _loaded_by(code: str) -> set[str]:
    """Return the top-level modules that a new interpreter has loaded after running `code`."""
    command = (sys.executable, "-c", f"import sys\n{code}\n{REPORT}")
    ended = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    return set(ended.stdout.rpartition("LOADED")[2].split())


def test_the_report_sees_what_was_loaded() -> None:
    assert "json" in _loaded_by("import json")


def test_help_needs_no_heavy_library() -> None:
    loaded = _loaded_by(HELP)
    assert "ui" in loaded
    assert loaded & (HEAVY | {"aiohttp", "rich"}) == set()


def test_importing_the_toolkit_needs_no_heavy_library() -> None:
    names = sorted(label(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in modules())
    light = [name for name in names if not name.startswith(LOADED_WHEN_USED)]
    loaded = _loaded_by("\n".join(f"import {name}" for name in light))
    assert loaded & HEAVY == set()
