"""Files and functions that fit in a head."""

from __future__ import annotations

import ast
import statistics

from tests.architecture.tree import functions, label, modules, parsed, python_files

LONGEST_FILE = 500
LONG_FILE = 300
LONGEST_FUNCTION = 60
REASON = "# long because:"


def _lines(text: str) -> int:
    return len(text.splitlines())


def test_no_file_is_longer_than_500_lines() -> None:
    sizes = {label(path): _lines(path.read_text(encoding="utf-8")) for path in python_files()}
    assert {name: size for name, size in sizes.items() if size > LONGEST_FILE} == {}


def test_a_module_above_300_lines_says_why() -> None:
    texts = {label(path): path.read_text(encoding="utf-8") for path in modules()}
    assert [name for name, text in texts.items() if _lines(text) > LONG_FILE and REASON not in text] == []


def test_the_median_module_is_short() -> None:
    sizes = [_lines(path.read_text(encoding="utf-8")) for path in modules() if path.name != "__init__.py"]
    assert statistics.median(sizes) <= 150


def test_no_function_is_longer_than_60_lines() -> None:
    long = [
        f"{label(path)}:{node.lineno} {node.name}"
        for path in python_files()
        for node in functions(path)
        if node.end_lineno is not None and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert long == []


def test_every_module_says_what_it_is_for() -> None:
    assert [label(path) for path in python_files() if not ast.get_docstring(parsed(path))] == []
