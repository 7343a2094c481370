"""Links lead somewhere, code runs, recipes are accepted, and the reference of the commands is current."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from curator.llm.spec import ModelSpec
from curator.recipe.model import Recipe
from curator.registry import formats, stages
from tests.docs.pages import ROOT, Block, blocks, pages

_LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")
_COMMAND = re.compile(r"(?:^\$ |`)curator ([a-z]\w*)", re.MULTILINE)


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files_that_exist(page: Path) -> None:
    """A relative link names a file of the repository."""
    links = [link for link in _LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    missing = [link for link in links if not (page.parent / link).exists()]
    assert missing == []


def test_every_command_named_in_the_docs_exists() -> None:
    """`curator NAME` in a page is a command."""
    from ui.cli.main import COMMANDS

    named = {name for page in pages() for name in _COMMAND.findall(page.read_text(encoding="utf-8"))}
    assert named
    assert named <= {*COMMANDS, "run"}


def test_every_stage_and_format_is_documented() -> None:
    """A reader finds each registered name in backquotes."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages())
    missing = [name for name in (*stages.names(), *formats.names()) if f"`{name}`" not in text]
    assert missing == []


def test_the_command_reference_is_current() -> None:
    """docs/reference/cli.md says what `--help` says; `make docs` writes it."""
    written = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    made = subprocess.run(
        [sys.executable, "-c", "from docs.write_cli_reference import reference; print(reference(), end='')"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert written == made.stdout


@pytest.mark.parametrize("block", list(blocks("yaml")), ids=str)
def test_yaml_is_what_the_program_accepts(block: Block) -> None:
    """Each piece of YAML is a recipe or a part of one, or a file of templates."""
    data = yaml.safe_load(block.text)
    if "slots" in data:
        from generators.templates import TemplateFile

        TemplateFile.model_validate(data)
        return
    for spec in data.get("models", {}).values():
        ModelSpec.model_validate(spec)
    recipe = Recipe.model_validate({"stages": [{"use": "heuristics"}], **data})
    for use in recipe.stages:
        stages.load(use.use)(use.options)


def test_python_blocks_run_page_by_page(tmp_path: Path) -> None:
    """The Python of a page, taken together, runs."""
    by_page: dict[Path, list[str]] = {}
    for block in blocks("python"):
        by_page.setdefault(block.page, []).append(block.text)
    assert by_page
    for page, texts in by_page.items():
        script = tmp_path / f"{page.stem}.py"
        script.write_text("\n".join(texts), encoding="utf-8")
        done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{page}: {done.stderr}"


def test_the_tutorials_session_can_be_had(tmp_path: Path) -> None:
    """Every command of the tutorial runs, on the embedded model, and tells the same story as the page."""
    page = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    made = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, pathlib; from docs.run_console_blocks import refreshed; "
            "print(refreshed(sys.stdin.read(), pathlib.Path(sys.argv[1])))",
            str(tmp_path),
        ],
        cwd=ROOT,
        input=page,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    assert commands_of(made.stdout) == commands_of(page)
    accepted = [int(found) for found in re.findall(r"^(\d+) of 265 candidates accepted", made.stdout, re.MULTILINE)]
    assert len(accepted) == 2
    assert 150 <= accepted[0] < accepted[1] < 265  # the same model, but another machine may break ties otherwise
    assert "»Rain on Ombrey amounts to 190 millimetres" in made.stdout
    assert "5 records written to qa.jsonl" in made.stdout


def commands_of(page: str) -> list[str]:
    """Return the commands of a page's console blocks."""
    return [line for line in page.splitlines() if line.startswith("$ ")]
