"""Templates: every combination or an even, seeded share of them, and values that stay text."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from curator.errors import RecipeError, StageError
from curator.llm.base import ChatRequest
from curator.llm.scripted import ScriptedProvider
from curator.record import Record, Turn
from curator.stage import Context, Prompt
from generators.templates import Templates
from tests.stage.samples import model_of, outcome

SLOTS = {"berth": [1, 2, 3], "season": ["spring", "autumn"]}
TABLES = {"rent": {1: 10, 2: 20, 3: 30}}
RENT = {
    "name": "rent",
    "category": "berths",
    "difficulty": "basic",
    "instruction": "What does berth {{ berth }} cost in {{ season }}?",
    "response": "Berth {{ berth }} costs {{ rent[berth] }} crowns.",
}
OPEN = {"name": "open", "instruction": "Describe:", "input": "berth {{ berth }}"}


def stage(
    folder: Path, templates: list[dict[str, Any]], *, slots: Any = None, tables: Any = None, **options: Any
) -> Templates:
    """Write a file of templates and return the stage that fills them."""
    content = {"slots": slots or SLOTS, "tables": tables or TABLES, "templates": templates}
    (folder / "t.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return Templates({"file": "t.yaml", **options})


def made(folder: Path, templates: list[dict[str, Any]], *, seed: int = 7, **options: Any) -> list[Prompt | Record]:
    """Return what the stage asks or makes."""
    filled = stage(folder, templates, **options)
    context = Context(filled.key, seed, folder)
    filled.check(context)
    return list(filled.prompts(context))


def texts(candidates: list[Prompt | Record]) -> list[str]:
    """Return the instructions of finished records."""
    return [candidate.instruction for candidate in candidates if isinstance(candidate, Record)]


def test_every_combination_is_a_candidate_and_the_last_slot_turns_fastest(tmp_path: Path) -> None:
    records = made(tmp_path, [RENT])
    assert texts(records) == [f"What does berth {b} cost in {s}?" for b in (1, 2, 3) for s in ("spring", "autumn")]
    first = records[0]
    assert isinstance(first, Record)
    assert first.response == "Berth 1 costs 10 crowns."
    assert dict(first.origin.labels) == {"template": "rent", "category": "berths", "difficulty": "basic"}


def test_a_template_uses_its_own_slots_only(tmp_path: Path) -> None:
    assert len(made(tmp_path, [OPEN])) == 3


async def test_without_a_response_the_model_answers(tmp_path: Path) -> None:
    client = ScriptedProvider(lambda request: f"  About {request.messages[-1].content[-7:]}.\n")
    context = Context("templates", 7, tmp_path, model=model_of(client))
    records = await outcome(stage(tmp_path, [OPEN]), (), context)
    assert [record.response for record in records] == [f"About berth {number}." for number in (1, 2, 3)]
    assert (records[0].instruction, records[0].input) == ("Describe:", "berth 1")
    assert [turn.role for turn in records[0].messages] == ["user", "assistant"]  # the answer's system prompt is ours


def test_the_prompt_is_pinned(tmp_path: Path) -> None:
    (prompt, *_others) = made(tmp_path, [OPEN])
    assert isinstance(prompt, Prompt)
    assert prompt.turns == (
        Turn(
            "system",
            "Answer the request in plain, complete sentences. Use only what the request itself tells you, and add "
            "nothing else.",
        ),
        Turn("user", "Describe:\n\nberth 1"),
    )
    assert prompt.json_schema == ""


async def test_a_blank_answer_is_asked_again(tmp_path: Path) -> None:
    def script(request: ChatRequest) -> str:
        return "  \n" if request.sample == 0 else "An answer."

    client = ScriptedProvider(script)
    context = Context("templates", 7, tmp_path, model=model_of(client))
    records = await outcome(stage(tmp_path, [OPEN], retries=1), (), context)
    assert {record.response for record in records} == {"An answer."}
    assert len(client.asked) == 6


def numbered(name: str, slot: str) -> dict[str, str]:
    return {"name": name, "instruction": f"{name} {{{{ {slot} }}}}", "response": "x"}


@pytest.mark.parametrize(
    ("n", "shares"),
    [
        (1, (1, 0, 0)),
        (3, (1, 1, 1)),
        (5, (2, 2, 1)),
        (7, (2, 3, 2)),
        (20, (2, 9, 9)),
        (999, (2, 10, 50)),
        (None, (2, 10, 50)),
    ],
)
def test_shares_are_even_as_far_as_the_combinations_reach(
    n: int | None, shares: tuple[int, ...], tmp_path: Path
) -> None:
    slots = {"two": [1, 2], "ten": list(range(10)), "fifty": list(range(50))}
    templates = [numbered("a", "two"), numbered("b", "ten"), numbered("c", "fifty")]
    found = texts(made(tmp_path, templates, slots=slots, n=n))
    counts = Counter(text.split()[0] for text in found)
    assert tuple(counts[name] for name in "abc") == shares
    assert len(set(found)) == len(found)


def test_the_draw_follows_the_seed_and_the_templates_name(tmp_path: Path) -> None:
    slots = {"fifty": list(range(50))}
    first = texts(made(tmp_path, [numbered("a", "fifty")], slots=slots, n=10))
    assert texts(made(tmp_path, [numbered("a", "fifty")], slots=slots, n=10)) == first
    assert texts(made(tmp_path, [numbered("a", "fifty")], slots=slots, n=10, seed=8)) != first
    both = texts(made(tmp_path, [numbered("a", "fifty"), numbered("b", "fifty")], slots=slots, n=20))
    assert both[:10] == first  # a further template takes nothing from the others but their number
    assert [text.removeprefix("b ") for text in both[10:]] != [text.removeprefix("a ") for text in first]


@pytest.mark.parametrize(
    "value",
    ["{{ 7*7 }}", "{% for x in y %}", "{# comment #}", "{{ rent }}", "{{ ''.__class__.__mro__ }}", "100 % $ \\ \" '"],
)
def test_a_slot_value_is_text_whatever_it_says(value: str, tmp_path: Path) -> None:
    template = {"name": "t", "instruction": "Say {{ word }}", "response": "{{ word }}"}
    (record,) = made(tmp_path, [template], slots={"word": [value]})
    assert isinstance(record, Record)
    assert (record.instruction, record.response) == (f"Say {value}", value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ ''.__class__.__mro__ }}", "cannot be rendered: access to attribute '__class__'"),
        ("{{ rent.clear() }}", "cannot be rendered: "),
        ("{{ rent[99] }}", "dict object has no element 99; known slots: "),
        ("{{ 1 // 0 }}", "cannot be rendered: "),
        ("{{ berth", "t.yaml:9: template 't': the instruction does not parse: "),
        ("{{ birth }}", "t.yaml:9: template 't' uses the slot 'birth', which has no values; did you mean 'berth'?"),
        ("{{ void }}", "t.yaml:9: template 't' uses the slot 'void', whose list is empty"),
        ("{% if berth == 3 %}{{ rent[99] }}{% endif %}", "has no element 99"),  # every value is tried before the run
        ("{{ small[berth] }}", "has no element 2"),
    ],
)
def test_a_template_that_cannot_be_filled_is_refused_by_the_check(text: str, said: str, tmp_path: Path) -> None:
    content = f"""\
slots:
  berth: [1, 2, 3]
  void: []
tables:
  rent: {{1: 10, 2: 20, 3: 30}}
  small: {{1: 10}}
templates:
  - {{name: fine, instruction: "x", response: "y"}}
  - name: t
    instruction: "{text}"
    response: "x"
"""
    (tmp_path / "t.yaml").write_text(content)
    filled = Templates({"file": "t.yaml"})
    with pytest.raises(StageError) as caught:
        filled.check(Context("templates", folder=tmp_path))
    assert said in str(caught.value)
    assert "template 't'" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("slots: {a: [1]}", "t.yaml:1: templates: field required"),
        ("templates: []", "t.yaml:1: templates: "),
        (
            "templates:\n- {name: x, instruction: y, respons: z}",
            "t.yaml:2: unknown key 'templates.0.respons'; did you mean",
        ),
        ("templates:\n- {instruction: y}", "t.yaml:2: templates.0.name: field required"),
        ("slots: {a: [yes, no]}\ntemplates: [{name: x, instruction: y}]", "(it says True)"),
        ("slots: {a: 1}\ntemplates: [{name: x, instruction: y}]", "t.yaml:1: slots.a: "),
    ],
)
def test_a_file_that_is_not_what_it_should_be(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(text)
    with pytest.raises(RecipeError) as caught:
        Templates({"file": "t.yaml"}).check(Context("templates", folder=tmp_path))
    assert said in str(caught.value)


def test_a_value_given_twice_counts_once(tmp_path: Path) -> None:
    assert len(made(tmp_path, [OPEN], slots={"berth": [1, 1, 2]})) == 2


def test_numbers_keep_their_kind_for_the_tables(tmp_path: Path) -> None:
    template = {"name": "t", "instruction": "{{ n }}", "response": "{{ rent[n] }}"}
    records = made(
        tmp_path, [template], slots={"n": [1, 2.5, "1"]}, tables={"rent": {1: "one", 2.5: "some", "1": "text"}}
    )
    assert [record.response for record in records if isinstance(record, Record)] == ["one", "some", "text"]
