"""Checks on the handbook example: the document, the facts, the seeds and the templates."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import jinja2
import jinja2.meta
import jinja2.sandbox
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2] / "examples" / "handbook"
DIFFICULTIES = {"basic", "intermediate", "advanced"}
FIELDS = ("instruction", "input", "response")


def squeeze(text: str) -> str:
    """Collapse every run of white space to one blank."""
    return " ".join(text.split())


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """Read a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def document() -> str:
    """The text of the handbook."""
    return (ROOT / "sources" / "handbook.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def chapters(document: str) -> dict[str, str]:
    """The chapters of the handbook by heading, without the heading line itself."""
    parts = re.split(r"^## (.+)$", document, flags=re.MULTILINE)
    return {heading.strip(): body for heading, body in zip(parts[1::2], parts[2::2], strict=True)}


@pytest.fixture(scope="module")
def facts() -> list[dict[str, Any]]:
    """The facts of the handbook."""
    return read_jsonl(ROOT / "facts.jsonl")


@pytest.fixture(scope="module")
def seeds() -> list[dict[str, Any]]:
    """The hand-written instructions."""
    return read_jsonl(ROOT / "seeds.jsonl")


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    """The template file."""
    text = (ROOT / "templates" / "handbook.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


@pytest.fixture(scope="module")
def environment() -> jinja2.Environment:
    """A sandboxed environment that refuses undefined names."""
    return jinja2.sandbox.ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined, autoescape=False)


def names_used(template: dict[str, Any], environment: jinja2.Environment) -> set[str]:
    """The names of slots and tables that a template refers to."""
    sources = (template.get(field, "") for field in FIELDS)
    return set().union(*(jinja2.meta.find_undeclared_variables(environment.parse(text)) for text in sources))


def combinations(
    template: dict[str, Any], spec: dict[str, Any], environment: jinja2.Environment
) -> list[dict[str, Any]]:
    """Every assignment of values to the slots of a template."""
    slots = sorted(names_used(template, environment) & set(spec["slots"]))
    rows = itertools.product(*(spec["slots"][slot] for slot in slots))
    return [dict(zip(slots, row, strict=True)) for row in rows]


def render_all(spec: dict[str, Any], environment: jinja2.Environment) -> list[tuple[str, dict[str, str]]]:
    """Every combination of every template as the template's name and its rendered fields."""
    rendered = []
    for template in spec["templates"]:
        for values in combinations(template, spec, environment):
            fields = {
                field: environment.from_string(template[field]).render(**spec["tables"], **values)
                for field in FIELDS
                if field in template
            }
            rendered.append((template["name"], fields))
    return rendered


def test_document_is_long_enough(document: str, chapters: dict[str, str]) -> None:
    """The handbook has a title, enough words and enough chapters, numbered in order."""
    assert document.startswith("# ")
    assert len(document.split()) >= 6000
    assert len(chapters) >= 10
    for number, heading in enumerate(chapters, start=1):
        assert re.fullmatch(rf"Chapter {number}: \S.*", heading)


def test_document_keeps_to_its_world(document: str) -> None:
    """The handbook does not speak of models or data."""
    assert not re.search(r"\b(AI|language model|dataset)s?\b", document)


def test_facts_are_well_formed(facts: list[dict[str, Any]]) -> None:
    """Facts have exactly the agreed fields, unique ids and unique statements."""
    assert len(facts) >= 150
    for fact in facts:
        assert set(fact) == {"id", "statement", "questions", "answer", "chapter"}
        assert fact["answer"].strip()
    assert len({fact["id"] for fact in facts}) == len(facts)
    assert len({squeeze(fact["statement"]).lower() for fact in facts}) == len(facts)


def test_questions_are_distinct(facts: list[dict[str, Any]]) -> None:
    """Each fact has four questions, and no question occurs twice in the file."""
    for fact in facts:
        assert len(fact["questions"]) == 4, fact["id"]
        assert all(question.endswith("?") for question in fact["questions"]), fact["id"]
    counts = Counter(squeeze(question).lower() for fact in facts for question in fact["questions"])
    assert [question for question, count in counts.items() if count > 1] == []


def test_answers_stand_in_their_chapters(facts: list[dict[str, Any]], chapters: dict[str, str]) -> None:
    """Each answer stands, as whole words, in the text of its chapter and in the statement."""
    for fact in facts:
        pattern = rf"(?<!\w){re.escape(squeeze(fact['answer']).lower())}(?!\w)"
        assert fact["chapter"] in chapters, fact["id"]
        assert re.search(pattern, squeeze(chapters[fact["chapter"]]).lower()), fact["id"]
        assert re.search(pattern, squeeze(fact["statement"]).lower()), fact["id"]


def test_questions_do_not_give_the_answer(facts: list[dict[str, Any]]) -> None:
    """No question contains its own answer as whole words."""
    for fact in facts:
        pattern = rf"(?<!\w){re.escape(squeeze(fact['answer']).lower())}(?!\w)"
        for question in fact["questions"]:
            assert not re.search(pattern, squeeze(question).lower()), (fact["id"], question)


def test_every_chapter_has_facts(facts: list[dict[str, Any]], chapters: dict[str, str]) -> None:
    """Each chapter has at least eight facts."""
    counts = Counter(fact["chapter"] for fact in facts)
    assert {heading: counts[heading] for heading in chapters if counts[heading] < 8} == {}


def test_seeds(seeds: list[dict[str, Any]]) -> None:
    """There are 25 seeds in alpaca columns with unique instructions and filled outputs."""
    assert len(seeds) == 25
    for seed in seeds:
        assert set(seed) == {"instruction", "input", "output"}
        assert all(isinstance(value, str) for value in seed.values())
        assert seed["instruction"].strip()
        assert seed["output"].strip()
    assert len({squeeze(seed["instruction"]).lower() for seed in seeds}) == 25
    assert any(seed["input"] for seed in seeds)


def test_held_out_questions_are_not_given_away(
    facts: list[dict[str, Any]],
    seeds: list[dict[str, Any]],
    spec: dict[str, Any],
    environment: jinja2.Environment,
) -> None:
    """No seed and no rendered instruction equals a question of the facts."""
    questions = {squeeze(question).lower() for fact in facts for question in fact["questions"]}
    instructions = [seed["instruction"] for seed in seeds]
    instructions += [fields["instruction"] for _, fields in render_all(spec, environment)]
    assert [text for text in instructions if squeeze(text).lower() in questions] == []


def test_templates_are_well_formed(spec: dict[str, Any], environment: jinja2.Environment) -> None:
    """Templates have unique names and known fields, and there are enough of each kind."""
    templates = spec["templates"]
    assert len(templates) >= 14
    assert len(spec["slots"]) >= 8
    assert len(spec["tables"]) >= 6
    assert len({template["name"] for template in templates}) == len(templates)
    for template in templates:
        assert {"name", "instruction", "category", "difficulty"} <= set(template), template["name"]
        assert set(template) <= {"name", "category", "difficulty", *FIELDS}, template["name"]
        assert template["difficulty"] in DIFFICULTIES
        assert names_used(template, environment) & set(spec["slots"]), template["name"]
    assert {template["difficulty"] for template in templates} == DIFFICULTIES
    assert sum("response" not in template for template in templates) >= 3


def test_every_slot_and_table_is_used(spec: dict[str, Any], environment: jinja2.Environment) -> None:
    """Slots and tables have distinct names, and the templates use exactly these names."""
    used = set().union(*(names_used(template, environment) for template in spec["templates"]))
    assert not set(spec["slots"]) & set(spec["tables"])
    assert used == set(spec["slots"]) | set(spec["tables"])
    for name, values in spec["slots"].items():
        assert len(set(values)) == len(values), name


def test_every_combination_renders(spec: dict[str, Any], environment: jinja2.Environment) -> None:
    """All combinations render to clean text, and no two instructions with their inputs are the same."""
    rendered = render_all(spec, environment)
    assert len(rendered) >= 120
    for name, fields in rendered:
        for field, text in fields.items():
            assert text.strip(), (name, field)
            assert text == squeeze(text), (name, field, text)
    assert len({(fields["instruction"], fields.get("input", "")) for _, fields in rendered}) == len(rendered)


def test_open_inputs_stand_in_the_handbook(
    document: str, spec: dict[str, Any], environment: jinja2.Environment
) -> None:
    """A template without a response brings sentences of the handbook word for word."""
    text = squeeze(document)
    for name, fields in render_all(spec, environment):
        if "response" not in fields:
            assert squeeze(fields["input"]) in text, (name, fields["input"])
