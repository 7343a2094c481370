"""A planted set of questions and answers: which stand on their own, and which lean on something unseen."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from curator.record import Record, Score, single_turn
from curator.stage.context import Context
from evaluators.self_containment import SelfContainment

SET = [
    json.loads(line) for line in Path(__file__).with_name("self_containment_set.jsonl").read_text("utf-8").splitlines()
]
"""Labelled questions and answers: `leans` says whether the text points to something that its reader does not have."""

FLOOR = {"question": 0.98, "answer": 1.0}
"""What precision and recall were when the set was made; the patterns were tuned on it, so they may only rise."""


def parts(record: Record) -> tuple[Score, ...]:
    """Return the scores of a record: both, question, answer."""
    return asyncio.run(SelfContainment().score(record, Context()))


def score(record: Record) -> Score:
    """Return the first score of a record."""
    return parts(record)[0]


def measured(row: dict[str, Any]) -> bool:
    """Return whether the evaluator finds that a text of the set leans."""
    if row["part"] == "question":
        record = single_turn(row["text"], "Yes.")
    else:
        record = single_turn(row.get("question", "What about the ferry Alma of Port Eld?"), row["text"])
    return parts(record)[1 if row["part"] == "question" else 2].value == 0.0


def test_the_set_is_large_and_without_twins() -> None:
    """At least a hundred strings, fifty of each kind."""
    assert len({(row["part"], row["text"]) for row in SET}) == len(SET)
    assert sum(row["leans"] for row in SET) >= 50
    assert sum(not row["leans"] for row in SET) >= 50


@pytest.mark.parametrize("part", ["question", "answer"])
def test_precision_and_recall(part: str) -> None:
    rows = [row for row in SET if row["part"] == part]
    missed = [row["text"] for row in rows if row["leans"] and not measured(row)]
    wrong = [row["text"] for row in rows if not row["leans"] and measured(row)]
    leaning = sum(row["leans"] for row in rows)
    hits = leaning - len(missed)
    assert hits / leaning >= FLOOR[part], missed
    assert hits / (hits + len(wrong)) >= FLOOR[part], wrong


def test_the_page_says_what_is_measured() -> None:
    """docs/methods/checks.md states the size of the set and the two figures of each part."""
    page = (Path(__file__).parents[2] / "docs" / "methods" / "checks.md").read_text("utf-8")
    for part in ("question", "answer"):
        rows = [row for row in SET if row["part"] == part]
        hits = sum(row["leans"] and measured(row) for row in rows)
        found, leaning = sum(map(measured, rows)), sum(row["leans"] for row in rows)
        line = f"| {part}s | {len(rows)} | {hits} of {found} | {hits} of {leaning} |"
        assert line in page


@pytest.mark.parametrize(
    ("question", "answer", "found"),
    [
        ("When does Alma leave?", "At seven.", [1, 1, 1]),
        ("When does it leave?", "At seven.", [0, 0, 1]),
        ("When does Alma leave?", "The text states that it leaves at seven.", [0, 1, 0]),
        ("When does it leave?", "According to the passage, at seven.", [0, 0, 0]),
        ("When does Alma leave?", "", [1, 1, None]),
    ],
)
def test_the_smaller_of_question_and_answer_counts(question: str, answer: str, found: list[float | None]) -> None:
    assert [part.value for part in parts(single_turn(question, answer))] == found


def test_an_answer_may_point_to_its_own_input() -> None:
    record = single_turn("Summarise the text.", "The text says that it rains.", input="It rains.")
    assert [part.value for part in parts(record)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("What is the main idea of the text?", "'of the text' points to a text that is not there"),
        ("What does the author mention about bees?", "'the author mention' lets an unnamed text or author speak"),
        ("What did he do then?", "'he' stands for nothing named before"),
        ("Which of the following is correct?", "'the following' announces something that does not follow"),
    ],
)
def test_explanation_names_what_was_found(question: str, found: str) -> None:
    assert score(single_turn(question, "Yes.")) == Score("self-containment", 0.0, found)


@pytest.mark.parametrize(
    "question", ["Summarise the text.", "Which of the following is a fruit?", "Is it in the passage?"]
)
def test_a_question_may_point_to_its_own_input(question: str) -> None:
    assert score(single_turn(question, "Yes.")).value == 0.0
    assert score(single_turn(question, "Yes.", input="An apple fell.")).value == 1.0
    assert score(single_turn(f"{question}\n\nAn apple fell.", "Yes.")).value == 1.0


@pytest.mark.parametrize("question", ["😀", "你好吗？", "مرحبا كيف حالك؟", "a", "?", "What " * 20_000])
def test_any_text_can_be_asked(question: str) -> None:
    assert score(single_turn(question, "Yes.")).value == 1.0


def test_without_a_question_there_is_no_value() -> None:
    assert score(Record(())) == Score("self-containment", None, "no question")


def test_declares_its_measure() -> None:
    names = [measure.name for measure in SelfContainment().gives()]
    assert names == ["self-containment", "self-containment.question", "self-containment.answer"]
    assert SelfContainment().needs() == frozenset()
