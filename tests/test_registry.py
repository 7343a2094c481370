"""Finding classes by name, through the entry points of packages that are really installed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from curator.errors import PluginError
from curator.registry import Registry, formats, providers, stages

GROUP = "instruct_curator.test_registry"
Install = Callable[[str, str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return a function that installs a package: its name, its entry points, its only module's code."""
    monkeypatch.syspath_prepend(tmp_path)

    def put(package: str, entry_points: str, code: str = "") -> None:
        info = tmp_path / f"{package}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{entry_points}\n")
        (tmp_path / f"{package}.py").write_text(code)

    return put


@pytest.fixture
def registry() -> Registry[object]:
    return Registry(GROUP, "stage")


def test_nothing_is_imported_before_it_is_wanted(install: Install, registry: Registry[object]) -> None:
    install("pkg_lazy", "shout = pkg_lazy:Shout", "class Shout:\n    name = 'shout'\n")
    assert registry.names() == ["shout"]
    assert "pkg_lazy" not in sys.modules
    assert registry.load("shout").__name__ == "Shout"
    assert "pkg_lazy" in sys.modules


def test_names_come_sorted(install: Install, registry: Registry[object]) -> None:
    install("pkg_sorted", "b = pkg_sorted:B\nc = pkg_sorted:C\na = pkg_sorted:A", "")
    assert registry.names() == ["a", "b", "c"]


def test_an_unknown_name_gets_its_near_miss(install: Install, registry: Registry[object]) -> None:
    install("pkg_near", "near-dedup = pkg_near:A\njudge = pkg_near:B", "")
    with pytest.raises(PluginError, match=r"^there is no stage 'near-dedupe'; did you mean 'near-dedup'\?$"):
        registry.load("near-dedupe")
    with pytest.raises(PluginError, match=r"^there is no stage 'xyz'; known: judge, near-dedup$"):
        registry.load("xyz")


def test_an_empty_group_says_so(registry: Registry[object]) -> None:
    with pytest.raises(PluginError, match="there is no stage 'x'; known: none"):
        registry.load("x")


def test_two_packages_may_not_share_a_name(install: Install, registry: Registry[object]) -> None:
    install("pkg_one", "same = pkg_one:A", "")
    install("pkg_two", "same = pkg_two:A", "")
    for ask in (registry.names, lambda: registry.load("same")):
        with pytest.raises(
            PluginError, match=r"two packages register the stage 'same': .*pkg_.*and.*pkg_.*uninstall one"
        ):
            ask()


@pytest.mark.parametrize(
    ("target", "code"),
    [("pkg_broken:Thing", "import no_such_module_at_all"), ("pkg_broken:Other", ""), ("pkg_absent:X", "")],
    ids=["its import fails", "it lacks the class", "it lacks the module"],
)
def test_what_cannot_be_loaded_is_named(
    target: str, code: str, install: Install, registry: Registry[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "pkg_broken", raising=False)
    install("pkg_broken", f"thing = {target}", code)
    with pytest.raises(PluginError, match=f"the stage 'thing' of pkg_broken cannot be loaded \\({target}\\)"):
        registry.load("thing")


def test_a_class_that_calls_itself_otherwise_is_refused(install: Install, registry: Registry[object]) -> None:
    install("pkg_other", "shout = pkg_other:Shout", "class Shout:\n    name = 'whisper'\n")
    with pytest.raises(PluginError, match="registered as 'shout' calls itself 'whisper'"):
        registry.load("shout")


@pytest.mark.parametrize(
    ("registry", "name"),
    [(stages, "book-qa"), (providers, "scripted"), (formats, "messages")],
    ids=lambda x: str(x)[:8],
)
def test_what_ships_comes_in_by_the_same_door(registry: Registry[object], name: str) -> None:
    assert name in registry.names()
    assert registry.load(name).__module__.split(".")[0] in {"curator", "generators", "evaluators"}
