"""`curator templates`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ui.terminal import Call

COURSE = {
    "question_templates": {"people": {"basic": ["Who is {character}?", "Compare {character1} and {character2}."]}},
    "characters": {"major": ["Ann", "Bo"], "minor": ["Cy"]},
    "difficulties": ["basic"],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with the course's file."""
    (tmp_path / "course.json").write_text(json.dumps(COURSE), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_good_file_ends_with_0_and_a_count(folder: Path, curator: Call) -> None:
    ended = curator("templates", "check", "course.json")
    assert ended.code == 0
    assert "people-basic-2" in ended.out
    assert ended.out.endswith("2 usable templates, 9 combinations; 0 errors, 0 warnings\n")


def test_warnings_end_with_0_and_errors_with_1(folder: Path, curator: Call) -> None:
    text = "slots: {a: [1], b: [2]}\ntemplates:\n- {name: t, instruction: '{{ a }}'}\n"
    (folder / "t.yaml").write_text(text)
    ended = curator("templates", "check", "t.yaml")
    assert (ended.code, ended.err) == (0, "warning: t.yaml:1: no template uses the slot 'b' [unused-slot]\n")
    (folder / "t.yaml").write_text(text.replace("{{ a }}", "{{ c }}"))
    ended = curator("templates", "check", "t.yaml")
    assert ended.code == 1
    assert ended.err.startswith("error: t.yaml:3: template 't' uses the slot 'c', which has no values")


def test_the_check_as_json(folder: Path, curator: Call) -> None:
    (folder / "t.yaml").write_text("templates:\n- {name: t, instruction: '{x}'}\n")
    ended = curator("templates", "check", "t.yaml", "--json")
    assert ended.code == 0
    assert ended.data["errors"] == 0
    assert [each["code"] for each in ended.data["findings"]] == ["single-brace"]
    assert ended.data["templates"] == [{"template": "t", "combinations": 1, "sample": "{x}"}]


def test_the_courses_file_goes_there_and_back(folder: Path, curator: Call) -> None:
    assert curator("templates", "convert", "course.json", "ours.yaml").code == 0
    assert "{{ character1 }}" in (folder / "ours.yaml").read_text(encoding="utf-8")
    assert curator("templates", "check", "ours.yaml").code == 0
    assert curator("templates", "convert", "ours.yaml", "back.json").code == 0
    assert json.loads((folder / "back.json").read_text(encoding="utf-8")) == COURSE


def test_a_file_that_exists_is_replaced_only_with_force(folder: Path, curator: Call) -> None:
    before = (folder / "course.json").read_text(encoding="utf-8")
    ended = curator("templates", "convert", "course.json", "course.json")
    assert (ended.code, ended.out) == (2, "")
    assert "course.json exists already; choose a new name, or replace it with --force" in ended.err
    assert (folder / "course.json").read_text(encoding="utf-8") == before
    assert curator("templates", "convert", "course.json", "course.json", "--force").code == 0
    assert (folder / "course.json").read_text(encoding="utf-8").startswith("slots:")


def test_the_courses_file_may_be_indented_with_tabs(folder: Path, curator: Call) -> None:
    (folder / "course.json").write_text(json.dumps(COURSE, indent="\t"), encoding="utf-8")
    assert curator("templates", "check", "course.json").code == 0
    assert curator("templates", "convert", "course.json", "ours.yaml").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("convert", "course.json"), "say where to"),
        (("check", "course.json", "other.json"), "takes one file"),
        (("convert", "no.json", "x.yaml"), "there is no no.json"),
        (("chek", "course.json"), "'chek'"),
    ],
)
def test_a_wrong_command_line(arguments: tuple[str, ...], said: str, folder: Path, curator: Call) -> None:
    ended = curator("templates", *arguments)
    assert ended.code == 2
    assert said in ended.err
