"""`curator templates`: look through a file of templates, or rewrite it in another layout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from curator.errors import RecipeError
from ui.cli.options import AsJson
from ui.cli.output import counted, print_json, print_table, say, tell

if TYPE_CHECKING:
    from generators.slots.lint import Report

SHOWN_CHARS = 100


def command(
    action: Annotated[Literal["check", "convert"], typer.Argument(metavar="ACTION", help="check or convert")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of templates: YAML, or the course's JSON.")],
    out: Annotated[Path | None, typer.Argument(metavar="[OUT]", help="For convert: the file to write.")] = None,
    force: Annotated[bool, typer.Option("--force", help="For convert: replace OUT if it exists.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check a file of templates, or convert one between our YAML and the course's JSON.

    `check` lists slips and how many combinations each template has, and ends with 1 if the file cannot be used.

    Example: curator templates check templates/handbook.yaml
    """
    if action == "convert":
        if out is None:
            raise RecipeError("templates convert: say where to, as in `curator templates convert course.json new.yaml`")
        if out.exists() and not force:
            raise RecipeError(f"templates convert: {out} exists already; choose a new name, or replace it with --force")
        _convert(file, out, as_json=as_json)
        return
    if out is not None:
        raise RecipeError(f"templates check takes one file; {out} is a second one")
    from generators.slots.lint import lint

    report = lint(file)
    if as_json:
        print_json({"findings": report.findings, "templates": report.templates, "errors": report.errors})
    else:
        _print(report)
    if report.errors:
        raise typer.Exit(1)


def _print(report: Report) -> None:
    for finding in report.findings:
        place = "" if finding.code == "unreadable" else f"{finding.where}: "
        say(f"{finding.level}: {place}{finding.message} [{finding.code}]")
    if report.templates:
        rows = [[each.template, f"{each.combinations:,}", _short(each.sample)] for each in report.templates]
        print_table(["template", "combinations", "sample"], rows, right=("combinations",))
    total = sum(each.combinations for each in report.templates)
    warnings = counted(len(report.findings) - report.errors, "warning")
    templates = counted(len(report.templates), "usable template")
    tell(f"{templates}, {total:,} combinations; {counted(report.errors, 'error')}, {warnings}")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN_CHARS else f"{line[: SHOWN_CHARS - 1]}…"


def _convert(file: Path, out: Path, *, as_json: bool) -> None:
    import json

    import yaml

    from curator.formats.atomic import replacing
    from curator.text.yaml_lines import load_yaml
    from generators.slots.course import from_course, is_course, to_course
    from generators.slots.file import read_template_file

    read_template_file(file)  # refuses what is not usable, with its line
    data, _lines = load_yaml(file)
    if is_course(data):
        text = yaml.safe_dump(from_course(data, str(file)), sort_keys=False, allow_unicode=True, width=120)
    else:
        text = json.dumps(to_course(data, str(file)), indent=2, ensure_ascii=False) + "\n"
    with replacing(out) as new:
        new.write_text(text, encoding="utf-8")
    if as_json:
        print_json({"path": str(out), "layout": "templates" if is_course(data) else "course"})
    else:
        tell(f"{out} holds the templates of {file} in {'our' if is_course(data) else 'the course’s'} layout")
