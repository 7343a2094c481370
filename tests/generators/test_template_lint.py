"""The check of a file of templates: each slip is found, with its line, and good files pass without a word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generators.slots.lint import Report, lint

GOOD = """\
slots:
  berth: [1, 2, 3]
  hero: [Ann, Bo]
templates:
  - {name: rent, instruction: "What does berth {{ berth }} cost?", response: "Ten."}
  - {name: pair, instruction: "Compare {{ hero1 }} and {{ hero2 }}."}
"""


def found(folder: Path, text: str, name: str = "t.yaml") -> Report:
    """Return what the check says about a file."""
    (folder / name).write_text(text, encoding="utf-8")
    return lint(folder / name)


def test_a_good_file_has_no_findings_and_its_combinations_are_counted(tmp_path: Path) -> None:
    report = found(tmp_path, GOOD)
    assert report.findings == ()
    assert [(each.template, each.combinations) for each in report.templates] == [("rent", 3), ("pair", 2)]
    assert report.templates[0].sample.startswith("What does berth ")


@pytest.mark.parametrize(
    ("text", "code", "level", "line", "said"),
    [
        (
            "slots: {a: [1], b: [2]}\ntemplates:\n- {name: t, instruction: '{{ a }}'}",
            "unused-slot",
            "warning",
            1,
            "'b'",
        ),
        ("tables: {a: {1: 2}}\ntemplates:\n- {name: t, instruction: x}", "unused-table", "warning", 1, "'a'"),
        ("slots: {a: [1]}\ntemplates:\n- {name: t, instruction: '{{ a }}{{ c }}'}", "not-fillable", "error", 3, "'c'"),
        (
            "slots: {a: []}\ntemplates:\n- {name: t, instruction: '{{ a }}'}",
            "not-fillable",
            "error",
            3,
            "list is empty",
        ),
        ("templates:\n- {name: t, instruction: '{{ a'}", "not-fillable", "error", 2, "does not parse"),
        (
            "slots: {a: [1]}\ntemplates:\n- {name: t, instruction: '{{ a }}n'}",
            "lost-line-break",
            "warning",
            3,
            "line break",
        ),
        ("templates:\n- {name: t, instruction: 'Say {word}n'}", "lost-line-break", "warning", 2, "line break"),
        (
            "slots: {a: [1]}\ntemplates:\n- {name: t, instruction: '{{ a }} {a}'}",
            "single-brace",
            "warning",
            3,
            "{{ a }}",
        ),
        (
            "slots: {a: [1]}\ntemplates:\n- {name: t, instruction: '{{ a1 }} {{ a2 }}'}",
            "not-fillable",
            "error",
            3,
            "must differ, but there are too few values",
        ),
        (
            "slots: {a: [1, 2]}\ntemplates:\n- {name: t, instruction: '{% if a %}x{% endif %}'}",
            "duplicate-render",
            "warning",
            3,
            "says 'x' again",
        ),
        (
            "templates:\n- {name: t, instruction: x, response: y}\n- {name: u, instruction: x}",
            "unreachable",
            "warning",
            3,
            "all it says, 't' says before it",
        ),
        (
            "templates:\n- {name: t, instruction: x}\n- {name: t, instruction: y}",
            "same-name",
            "error",
            3,
            "'t' already",
        ),
        (
            "slots: {a: [1, 2]}\ntables: {p: {1: x}}\ntemplates:\n- {name: t, instruction: '{{ p[a] }}'}",
            "not-fillable",
            "error",
            4,
            "has no element 2",
        ),
        ("templates: []", "unreadable", "error", 1, "templates"),
        ("templates: [", "unreadable", "error", 1, "not valid YAML"),
    ],
)
def test_each_slip_is_found_with_its_line(
    text: str, code: str, level: str, line: int, said: str, tmp_path: Path
) -> None:
    report = found(tmp_path, text)
    (finding,) = [each for each in report.findings if each.code == code][:1]
    assert finding.level == level
    assert said in finding.message
    assert finding.where.endswith(f":{line}") or f":{line}:" in finding.message or code == "unreadable"
    assert report.errors == sum(each.level == "error" for each in report.findings)


def test_all_slips_are_reported_at_once_errors_first(tmp_path: Path) -> None:
    text = "slots: {a: [1], b: [1]}\ntemplates:\n- {name: t, instruction: '{{ x }}'}\n- {name: u, instruction: '{a}'}"
    assert [each.level for each in found(tmp_path, text).findings] == ["error", "warning", "warning", "warning"]


@pytest.mark.parametrize(
    "text", ["the {{ n }}nd time", "{{ {'a': n}['a'] }}", "a {# {n} #} b {{ n }}", "{% if n %}x{% endif %}{{ n }}"]
)
def test_what_only_looks_like_a_slip_is_none(text: str, tmp_path: Path) -> None:
    template = json.dumps({"slots": {"n": [1]}, "templates": [{"name": "t", "instruction": text}]})
    assert [each.code for each in found(tmp_path, template).findings] in ([], ["single-brace"] * ("{n}" in text))


def test_slots_that_lend_their_values_are_used(tmp_path: Path) -> None:
    slots = "slots: {hero: [Ann, Bo], a: {type: hero}, b: {type: hero}}"
    text = f"{slots}\ntemplates:\n- {{name: t, instruction: '{{{{ a }}}}{{{{ b }}}}'}}"
    assert found(tmp_path, text).findings == ()


def test_the_courses_file_can_be_checked(tmp_path: Path) -> None:
    course = {"question_templates": {"a": {"basic": ["Who is {character}?"]}}, "characters": ["Ann", "Bo"]}
    report = found(tmp_path, json.dumps(course), "c.json")
    assert report.findings == ()
    assert [(each.template, each.combinations) for each in report.templates] == [("a-basic-1", 2)]


def test_a_response_that_a_table_leaves_blank_is_a_warning(tmp_path: Path) -> None:
    template = "{name: t, instruction: '{{ g }}?', response: '{{ c[g] }}'}"
    text = f"slots: {{g: [a, b]}}\ntables: {{c: {{a: '', b: x}}}}\ntemplates:\n- {template}"
    (finding,) = found(tmp_path, text).findings
    assert (finding.level, finding.code, finding.where.rpartition(":")[2]) == ("warning", "blank-response", "4")
    assert finding.message == "template 't': the response is blank for g = 'a'; such records are dropped"
    assert found(tmp_path, text.replace("''", "y", 1)).findings == ()
