"""Reading replies as data, whatever a model wraps around them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from curator.errors import UnparsableReply
from curator.llm.structured import parse_as, schema_text


class Pair(BaseModel):
    question: str
    answer: str
    level: int = 1


class Pairs(BaseModel):
    pairs: list[Pair]


class Verdict(BaseModel):
    reason: str
    score: float


class Tags(BaseModel):
    tags: list[str]


ONE = '{"question": "Who?", "answer": "Ada", "level": 2}'
PAIR = Pair(question="Who?", answer="Ada", level=2)


@pytest.mark.parametrize(
    "text",
    [
        ONE,
        f"\n  {ONE}\n",
        f"```json\n{ONE}\n```",
        f"```\n{ONE}\n```\nI hope that helps {{you}}.",
        f"```json\n{ONE}",
        f"Sure! Here it is:\n\n{ONE}\n\nAnything else?",
        f"As asked in [1], the set {{x}} is: {ONE}",
        f"<think>I could say {{\"question\": \"wrong\", \"answer\": \"wrong\"}}</think>{ONE}",
        f"I could say {ONE.replace('Ada', 'Bob')} or not.\n</think>\n{ONE}",
        ONE.replace(", ", ", ").replace("2}", "2,}"),
        ONE.replace('"', "'"),
        "{“question”: “Who?”, “answer”: “Ada”, “level”: 2}",
        ONE.replace("2}", '"2"}'),
        ONE.replace("2}", "2.0}"),
        ONE[:-1] .replace(', "level": 2', ', "level": "2"'),
    ],
)  # fmt: skip
def test_one_object(text: str) -> None:
    assert parse_as(text, Pair) == PAIR


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (f'{{"pairs": [{ONE}, {ONE}]}}', 2),
        (f"[{ONE}, {ONE}]", 2),
        (ONE, 1),
        (f"Here you go: [{ONE}]", 1),
        (f'{{"pairs": [{ONE}, {ONE}, {{"question": "Wh', 2),
        (f'{{"pairs": [{ONE}, {{"question": "What?", "answer": "The ti', 1),
        (f'{{"pairs": [{ONE}, {ONE}', 2),
        (f'{{"pairs": [{ONE},', 1),
        (f"```json\n[{ONE}, {ONE}, {ONE[:25]}", 2),
        (f'{{"pairs": [{ONE}, {ONE}]', 2),
    ],
)
def test_a_list_keeps_its_complete_items(text: str, count: int) -> None:
    assert parse_as(text, Pairs) == Pairs(pairs=[PAIR] * count)


def test_a_list_of_texts_that_breaks_off() -> None:
    assert parse_as('{"tags": ["harbour", "tide", "moo', Tags) == Tags(tags=["harbour", "tide"])


@pytest.mark.parametrize(
    ("text", "model", "words"),
    [
        ("I cannot help with that.", Pair, "no JSON"),
        ("", Pair, "no JSON"),
        ('{"question": "Who?"}', Pair, "answer: Field required"),
        ('{"question": "Who?", "answer": "Ada Love', Pair, "breaks off"),
        ('{"reason": "good", "score": 4', Verdict, "breaks off"),
        ('{"reason": "good", "score": NaN}', Verdict, "score"),
        ('{"reason": "good", "score": "NaN"}', Verdict, "not finite"),
        ('{"reason": "good", "score": "four"}', Verdict, "score"),
        ("<think>I wonder", Pair, "no JSON"),
        ('{"pairs": [{"question": "Wh', Pairs, "breaks off"),
        ("[" * 100_000, Pairs, "breaks off"),
    ],
)
def test_what_cannot_be_read_says_why(text: str, model: type[BaseModel], words: str) -> None:
    with pytest.raises(UnparsableReply, match=words):
        parse_as(text, model)


def test_text_inside_json_is_left_alone() -> None:
    text = json.dumps({"question": "What does <think>x</think> do?", "answer": "```json\n{}\n```"})
    assert parse_as(text, Pair).question == "What does <think>x</think> do?"


@given(st.lists(st.builds(Pair, question=st.text(), answer=st.text(), level=st.integers()), min_size=1, max_size=4))
def test_what_is_right_is_never_touched(pairs: list[Pair]) -> None:
    whole = Pairs(pairs=pairs)
    assert parse_as(whole.model_dump_json(), Pairs) == whole


@given(
    st.lists(
        st.builds(Pair, question=st.text("ab c", min_size=1), answer=st.text("ab c", min_size=1)),
        min_size=1,
        max_size=4,
    ),
    st.data(),
)
def test_wherever_a_list_breaks_off_only_whole_items_remain(pairs: list[Pair], data: st.DataObject) -> None:
    text = Pairs(pairs=pairs).model_dump_json()
    cut = text[: data.draw(st.integers(0, len(text) - 1))]
    try:
        kept = parse_as(cut, Pairs).pairs
    except UnparsableReply:
        kept = []
    assert kept == pairs[: len(kept)]
    assert len(kept) == cut.count("}")


def test_schema_is_strict_and_keeps_the_order() -> None:
    class Inner(BaseModel):
        z: int
        a: str | None = None

    class Outer(BaseModel):
        """Words for the model."""

        items: list[Inner]
        kind: str = "x"

    schema = json.loads(schema_text(Outer))
    assert schema["required"] == ["items", "kind"]
    assert schema["additionalProperties"] is False
    inner = schema["$defs"]["Inner"]
    assert (inner["required"], inner["additionalProperties"]) == (["z", "a"], False)
    assert "default" not in schema_text(Outer)
    assert "title" not in inner
    assert schema_text(Outer) == schema_text(Outer)


def test_a_field_named_title_stays() -> None:
    class Book(BaseModel):
        title: str
        default: str

    assert json.loads(schema_text(Book))["required"] == ["title", "default"]


def test_free_keys_are_refused() -> None:
    class Free(BaseModel):
        facts: dict[str, str]

    with pytest.raises(ValueError, match="facts"):
        schema_text(Free)
