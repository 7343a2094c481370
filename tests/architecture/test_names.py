"""Names that say something, and one name in three spellings: `evol-instruct`, `evol_instruct`, `EvolInstruct`."""

from __future__ import annotations

import ast
import re
from importlib.metadata import EntryPoint, distribution
from keyword import iskeyword

import pytest

from tests.architecture.tree import PACKAGES, label, modules, parsed

SAYS_NOTHING = frozenset({"util", "utils", "helper", "helpers", "common", "misc", "manager", "managers", "processor"})
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def _empty_words(name: str) -> set[str]:
    return {word.lower() for word in WORD.findall(name)} & SAYS_NOTHING


@pytest.mark.parametrize("name", ["utils", "text_helpers", "StageManager", "common"])
def test_names_that_say_nothing_are_seen(name: str) -> None:
    assert _empty_words(name)


def test_modules_and_folders_say_what_they_are() -> None:
    names = [label(path).removesuffix(".py") for path in modules()]
    assert [name for name in names if _empty_words(name)] == []


def test_classes_say_what_they_are() -> None:
    classes = [
        f"{label(path)}: {node.name}"
        for path in modules()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ClassDef) and _empty_words(node.name)
    ]
    assert classes == []


def _ours(group: str) -> list[EntryPoint]:
    entries = distribution("instruct-curator").entry_points
    return [entry for entry in entries if entry.group == f"instruct_curator.{group}"]


@pytest.mark.parametrize("entry", [*_ours("stages"), *_ours("formats")], ids=lambda entry: entry.name)
def test_a_registered_name_has_three_spellings(entry: EntryPoint) -> None:
    module = entry.module.split(".")[-1]
    assert module == f"{entry.name}ed" if iskeyword(entry.name) else module == entry.name.replace("-", "_")
    assert entry.attr.lower() == entry.name.replace("-", "")


@pytest.mark.parametrize("entry", _ours("providers"), ids=lambda entry: entry.name)
def test_a_provider_is_called_after_whom_it_asks(entry: EntryPoint) -> None:
    assert entry.module == f"curator.llm.{entry.name}"
    assert entry.attr.lower() == f"{entry.name}provider"


def test_entry_points_lie_in_our_packages() -> None:
    entries = distribution("instruct-curator").entry_points
    assert {entry.module.split(".")[0] for entry in entries} <= set(PACKAGES)
