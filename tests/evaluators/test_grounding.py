"""What stands in the passage is grounded, what does not is named."""

from __future__ import annotations

import asyncio

import pytest

from curator.errors import StageError
from curator.record import Score, single_turn
from curator.stage.context import Context
from evaluators.grounding import Grounding
from tests.evaluators.records import run, sourced

PASSAGE = "The library opens at nine o'clock. It closes at 4.30 p.m. on Mondays. Mrs. Long keeps the keys of Room 12."


def parts(question: str, answer: str, evidence: str = "", passage: str = PASSAGE) -> list[float | None]:
    """Return the overall score and its three parts."""
    record, context = sourced(question, answer, passage, evidence)
    scores = asyncio.run(Grounding().score(record, context))
    assert [score.name for score in scores] == [measure.name for measure in Grounding().gives()]
    return [score.value for score in scores]


def test_a_grounded_answer() -> None:
    assert parts("When does it close?", "The library closes at 4.30 p.m. on Mondays.", "It closes at 4.30 p.m.") == [
        1,
        1,
        1,
        1,
    ]


@pytest.mark.parametrize(
    ("evidence", "value"),
    [
        ("it CLOSES at 4.30 p.m. on mondays", 1.0),
        ("“Mrs. Long keeps the keys”", 1.0),
        ("It opens at nine o'clock.", 4 / 5),  # "opens at nine o'clock" of 5 words
        ("entirely invented words", 0.0),
        ("", None),
        ("...", None),
    ],
)
def test_evidence(evidence: str, value: float | None) -> None:
    assert parts("Q?", "Yes.", evidence)[1] == value


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("The library closes.", 1.0),
        ("Closing the libraries.", 1.0),  # the same stems
        ("The museum closes.", 1 / 2),
        ("Zebras dance.", 0.0),
        ("Yes, it is.", None),
    ],
)
def test_answer(answer: str, value: float | None) -> None:
    assert parts("Q?", answer)[2] == value


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("It closes at 16:30 on Mondays.", 1.0),
        ("It closes at 4.30 on Mondays.", 1.0),
        ("It closes at 4.30 a.m.", 0.0),
        ("It opens at 9 a.m.", 1.0),
        ("It closes at five on Mondays.", 1 / 2),
        ("It was Mrs. Long, and not Mr. Collins.", 1 / 2),
        ("It is in room twelve.", 1.0),
        ("It is in room thirteen.", 0.0),
        ("We ask Ann Lee of Leeds.", 1 / 2),  # Ann Lee is in the question
        ("It opens early.", None),
    ],
)
def test_entities(answer: str, value: float | None) -> None:
    assert parts("Did Ann Lee ask?", answer)[3] == value


def test_overall_is_the_smallest_part_and_explains_it() -> None:
    record, context = sourced("Q?", "The library closes at five.", PASSAGE, "It closes at 4.30 p.m.")
    scores = asyncio.run(Grounding().score(record, context))
    assert scores[0] == Score("grounding", 0.0, "entities: 1 of 1 numbers and names do not: 5")
    assert scores[1] == Score("grounding.evidence", 1.0, "the quote stands in the passage")
    assert scores[2] == Score("grounding.answer", 2 / 3, "1 of 3 content words do not: five")


def test_only_the_passage_and_its_heading_count() -> None:
    assert parts("Q?", "Before.", passage="Something.")[2] is None  # "before" is a function word
    assert parts("Q?", "Hours.", passage="Something.")[2] == 1.0
    assert parts("Q?", "Walruses.", passage="Something.")[2] == 0.0


def test_without_a_source_there_is_no_value() -> None:
    (record,) = run(Grounding(), [single_turn("Q?", "A.")])
    assert record.scores == tuple(Score(measure.name, None, "no source") for measure in Grounding().gives())


def test_nothing_to_check() -> None:
    record, context = sourced("Q?", "Yes.", PASSAGE)
    assert asyncio.run(Grounding().score(record, context))[0] == Score("grounding", None, "nothing to check")


def test_a_source_that_the_run_lacks_is_an_error() -> None:
    record, _ = sourced("Q?", "Yes.", PASSAGE)
    with pytest.raises(StageError, match=r"a\.md"):
        asyncio.run(Grounding().score(record, Context(stage="grounding")))


@pytest.mark.parametrize("answer", ["", "😀", "你好", "مرحبا", "a", "word " * 200_000])
def test_any_answer_has_values_in_range(answer: str) -> None:
    assert all(value is None or 0 <= value <= 1 for value in parts("Q?", answer))
