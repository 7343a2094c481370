"""What is committed names no package registry and no path of somebody's machine."""

from __future__ import annotations

import re

import pytest

from tests.architecture.tree import files, label

# In parts, so that this file does not hold what it looks for.
REGISTRIES = ("pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".org", "debian" + ".org", "crates" + ".io")
FORBIDDEN = re.compile(
    "|".join(
        (
            *map(re.escape, REGISTRIES),
            r"(?<![\w.~}/-])/(?:work|opt|root|home|Users|tmp)" + r"/\w",
            r"[A-Z]:\\Users" + r"\\\w",
        )
    )
)


@pytest.mark.parametrize("text", ["see https://" + REGISTRIES[0] + "/x", "open('/" + "tmp/x')", "cd /" + "work/main"])
def test_what_is_forbidden_is_seen(text: str) -> None:
    assert FORBIDDEN.search(text)


@pytest.mark.parametrize("text", ["out/tmp/x", "a home/" + "work/life balance", "pip install x", "~/opt/x"])
def test_what_is_allowed_is_not(text: str) -> None:
    assert not FORBIDDEN.search(text)


def test_no_file_names_a_registry_or_a_machine() -> None:
    found = []
    for path in files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or another binary
        found += [
            f"{label(path)}:{number}: {line.strip()[:100]}"
            for number, line in enumerate(text.splitlines(), start=1)
            if FORBIDDEN.search(line)
        ]
    assert found == []
