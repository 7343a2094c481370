"""What people install: the five packages with their prompts, the example and the kernel, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from email import message_from_bytes
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.architecture.tree import PACKAGES, ROOT, files, label, modules

LOAD_ALL = """
import sys
from importlib.metadata import distributions
[ours] = [found for found in distributions(path=[sys.argv[1]]) if found.name == "instruct-curator"]
for entry in ours.entry_points:
    loaded = entry.load()
    home = sys.modules[entry.module].__file__
    assert home.startswith(sys.argv[1]), home
    print(entry.group, entry.name)
"""


SOURCES = {".c", ".h"}

FIND_TWINS = """
import sys
sys.path.insert(0, sys.argv[1])
from curator.dedup import kernel
from curator.dedup.near import engine_of, near_duplicates
assert kernel.__file__.startswith(sys.argv[1])
print(kernel.is_built(), engine_of("auto").name, sorted(near_duplicates(["The tide turns.", "Fog.", "the tide turns"])))
"""


def _build(tree: Path, out: Path, *kinds: str, **environment: str) -> tuple[Path, str]:
    """Build, and return the wheel and what was said."""
    command = (sys.executable, "-m", "build", "--no-isolation", *kinds, "--outdir", str(out), str(tree))
    ended = subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, **environment})
    assert ended.returncode == 0, ended.stdout + ended.stderr
    [built] = out.glob("*.whl")
    return built, ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the repository, so that no earlier build can slip in."""
    folder = tmp_path_factory.mktemp("tree")
    for path in files():
        copy = folder / label(path)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    return folder


@pytest.fixture(scope="module")
def wheel(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from the source distribution."""
    return _build(tree, tmp_path_factory.mktemp("dist"))[0]


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    """Return the names of the files in the wheel."""
    with ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


def test_only_the_five_packages_ship(names: set[str]) -> None:
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)
    assert len(tops) == len(PACKAGES) + 1


def test_all_their_modules_ship(names: set[str]) -> None:
    shipped = {name for name in names if name.endswith(".py") and not name.startswith("ui/examples/")}
    assert shipped == {label(path) for path in modules()}


def test_prompts_prices_and_types_ship(names: set[str]) -> None:
    rest = {path for path in files() if label(path).split("/")[0] in PACKAGES and path.suffix != ".py"}
    wanted = {label(path) for path in rest if path.suffix not in SOURCES}
    assert wanted - names == set()
    assert {name for name in names if Path(name).suffix in SOURCES} == set()
    assert {f"{package}/py.typed" for package in PACKAGES} <= names
    assert any(name.startswith("generators/prompts/") for name in names)


def test_the_example_ships_as_it_is_in_the_repository(wheel: Path) -> None:
    wanted = {f"ui/{label(path)}": path.read_bytes() for path in files() if label(path).startswith("examples/")}
    assert wanted
    with ZipFile(wheel) as archive:
        shipped = {name: archive.read(name) for name in archive.namelist() if name.startswith("ui/examples/")}
    assert shipped == wanted


def test_the_metadata_names_licence_command_and_extras(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        [info] = {name.split("/")[0] for name in archive.namelist() if ".dist-info/" in name}
        metadata = message_from_bytes(archive.read(f"{info}/METADATA"))
        entry_points = archive.read(f"{info}/entry_points.txt").decode()
    assert (metadata["Name"], metadata["License-Expression"]) == ("instruct-curator", "Apache-2.0")
    assert metadata["Requires-Python"] == ">=3.11"
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert {"all", "local", "hub", "train"} <= set(extras) == set(metadata.get_all("Provides-Extra", []))
    assert "curator = ui.cli.main:main" in entry_points


def test_every_entry_point_loads_from_the_installed_wheel(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    with ZipFile(wheel) as archive:
        archive.extractall(site)
    command = (sys.executable, "-c", f"import sys; sys.path.insert(0, sys.argv[1])\n{LOAD_ALL}", str(site))
    ended = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert "instruct_curator.stages threshold" in ended.stdout


def _twins_found(wheel: Path, site: Path) -> str:
    with ZipFile(wheel) as archive:
        archive.extractall(site)
    ended = subprocess.run(
        (sys.executable, "-c", FIND_TWINS, str(site)), cwd=site, check=False, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def test_the_kernel_is_compiled_once_for_every_python(wheel: Path, names: set[str], tmp_path: Path) -> None:
    assert "-cp311-abi3-" in wheel.name
    [library] = [name for name in names if name.startswith("curator/dedup/_kernel.") and not name.endswith(".pyi")]
    assert ".abi3." in library or library.endswith(".pyd")
    assert _twins_found(wheel, tmp_path / "site") == "True kernel [2]"


def test_without_a_compiler_all_but_the_kernel_is_installed(tree: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tree, tmp_path / "tree", ignore=shutil.ignore_patterns("build", "*.egg-info", "*.so"))
    wheel, said = _build(copy, tmp_path / "dist", "--wheel", CC="false", CXX="false")
    assert "Left out the compiled kernel" in said
    with ZipFile(wheel) as archive:
        assert [name for name in archive.namelist() if name.endswith((".so", ".pyd", ".dylib"))] == []
    assert _twins_found(wheel, tmp_path / "site") == "False datasketch [2]"
