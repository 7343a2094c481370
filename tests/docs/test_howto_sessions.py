"""The console sessions of the short how-to pages can be had, and print what the pages say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

_SECONDS = re.compile(r"\b\d+\.\d s\.")


@pytest.mark.parametrize("name", ["deduplicate", "decontaminate"])
def test_a_session_prints_what_the_page_says(name: str, tmp_path: Path) -> None:
    """All but the time that it takes."""
    page = (ROOT / "docs" / "howto" / f"{name}.md").read_text(encoding="utf-8")
    code = (
        "import sys, pathlib; from docs.run_console_blocks import refreshed; "
        "print(refreshed(sys.stdin.read(), pathlib.Path(sys.argv[1])), end='')"
    )
    made = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, input=page, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    assert _SECONDS.sub("", made.stdout) == _SECONDS.sub("", page)
