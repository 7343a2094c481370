"""Single stages on records in memory."""

from __future__ import annotations

import pytest

from curator.errors import StageError
from curator.llm.scripted import ScriptedProvider
from curator.record import single_turn
from curator.run import apply
from curator.text.document import Document
from evaluators.threshold import Threshold
from generators.book_qa import BookQA
from tests.run.samples import Divides, names
from tests.stage.samples import Asker, echo, model_of


def test_outside_of_a_loop() -> None:
    made = apply(Asker({"n": 3}), model=model_of(ScriptedProvider(echo)))
    assert names(made) == ["Q0.0", "Q1.0", "Q2.0"]


async def test_inside_of_a_running_loop() -> None:
    """As in a notebook."""
    made = apply(Asker({"n": 3}), model=model_of(ScriptedProvider(echo)))
    assert names(made) == ["Q0.0", "Q1.0", "Q2.0"]


def test_one_stage_after_the_other_leaves_out_what_was_dropped() -> None:
    made = apply(Asker({"n": 5}), model=model_of(ScriptedProvider(echo)))
    even = apply(Divides(), made)
    assert [record.drop is None for record in even] == [True, False, True, False, True]
    assert names(apply(Divides({"by": 4}), even)) == ["Q0.0", "Q2.0", "Q4.0"]


def test_a_limit() -> None:
    assert len(apply(Asker({"n": 50}), model=model_of(ScriptedProvider(echo)), limit=2)) == 2


def test_the_stage_is_checked_first() -> None:
    with pytest.raises(StageError, match="there is no document to ask about"):
        apply(BookQA())
    document = Document("a.md", "The ferry Alma leaves Port Eld at seven every morning.")
    model = model_of(ScriptedProvider(lambda _request: "When does the ferry Alma leave?"))
    (made,) = apply(BookQA(), documents=[document], model=model)
    assert made.response == document.text


def test_errors_come_through() -> None:
    with pytest.raises(StageError, match="it was given none"):
        apply(Asker({"n": 1}))


async def test_errors_come_through_from_the_other_loop() -> None:
    with pytest.raises(StageError, match="it was given none"):
        apply(Asker({"n": 1}))


def test_a_selector_of_ours() -> None:
    record = single_turn("Q", "A")
    (dropped,) = apply(Threshold({"score": "grounding", "min": 0.5}), [record])
    assert dropped.drop is not None
