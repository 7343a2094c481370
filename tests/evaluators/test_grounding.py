"""What stands in the passage is grounded, what does not is named."""

from __future__ import annotations

import asyncio

import pytest

from curator.errors import StageError
from curator.record import Origin, Score, Source, single_turn
from curator.stage.context import Context
from curator.text.document import Document
from evaluators.grounding import Grounding
from tests.evaluators.records import run, sourced

PASSAGE = "The library opens at nine o'clock. It closes at 4.30 p.m. on Mondays. Mrs. Long keeps the keys of Room 12."


QUESTION = 4
EXTRACTIVE = 5
COPIED = 6


def parts(question: str, answer: str, evidence: str = "", passage: str = PASSAGE) -> list[float | None]:
    """Return the overall score and its parts."""
    record, context = sourced(question, answer, passage, evidence)
    scores = asyncio.run(Grounding().score(record, context))
    assert [score.name for score in scores] == [measure.name for measure in Grounding().gives()]
    return [score.value for score in scores]


def test_a_grounded_answer() -> None:
    """The shares are 1 where everything stands in the passage; the answer's own words are not in the evidence."""
    found = parts("When does it close?", "The library closes at 4.30 p.m. on Mondays.", "It closes at 4.30 p.m.")
    assert found == [1, 1, 1, 1, 1, 0, 8]  # "closes at 4 30 p m on mondays" is copied


def test_a_question_about_something_else_shows_apart() -> None:
    """The question's own words are measured, and do not lower the answer's grounding."""
    found = parts("When does the harbour museum close?", "The library closes at 4.30 p.m.")
    assert found[0] == 1
    assert found[QUESTION] == 1 / 3  # close, of harbour, museum, close


@pytest.mark.parametrize(
    ("evidence", "value"),
    [
        ("it CLOSES at 4.30 p.m. on mondays", 1.0),
        ("“Mrs. Long keeps the keys”", 1.0),
        ("It opens at nine o'clock.", 8 / 9),  # "opens at nine o'clock", 4 words of 5 and 4
        ("Mrs. Long keeps all the keys of Room 12.", 16 / 17),  # one word put in: the quote with a slip
        ("It closes at 5.30 p.m. on Mondays.", 1 / 2),  # near, but of its number and its name one stands nowhere
        ("Mrs. Longbourn keeps the keys of Room 12.", 2 / 3),  # likewise: Longbourn, Room, 12
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
    """What a person wrote about nothing in particular cannot be held against anything."""
    (record,) = run(Grounding(), [single_turn("Shorten this.", "Rain fell on Porto.", input="Rain fell on Lisbon.")])
    assert {score.value for score in record.scores} == {None}
    assert "no source" in record.scores[0].explanation


def test_what_a_model_wrote_about_an_input_is_held_against_it() -> None:
    """Other words are welcome, other names are not."""
    origin = Origin(model="local/embedded")
    text = "Tobit Harrow ordered every hand off the ridge."
    true = single_turn("Retell this.", "At once Harrow sent them home.", input=text, origin=origin)
    false = single_turn("Retell this.", "At once Harrow sent them to Madrid.", input=text, origin=origin)
    assert [record.score("grounding") for record in run(Grounding(), [true, false])] == [1, 1 / 2]


def test_nothing_to_check() -> None:
    record, context = sourced("Q?", "Yes.", PASSAGE)
    assert asyncio.run(Grounding().score(record, context))[0].value is None


def test_a_source_that_the_run_lacks_is_an_error() -> None:
    record, _ = sourced("Q?", "Yes.", PASSAGE)
    with pytest.raises(StageError, match=r"a\.md"):
        asyncio.run(Grounding().score(record, Context(stage="grounding")))


@pytest.mark.parametrize("answer", ["", "😀", "你好", "مرحبا", "a", "word " * 200_000])
def test_any_answer_has_values_in_range(answer: str) -> None:
    assert all(value is None or 0 <= value <= 1 for value in parts("Q?", answer))


@pytest.mark.parametrize("question", ["Who keeps the keys of Room 13?", "When does the library of Tesk close?"])
def test_a_false_premise_counts_whole(question: str) -> None:
    """An invented number or name is measured among numbers and names, however many other words stand in the passage."""
    value = parts(question, "The library closes at 4.30 p.m. on Mondays.")[QUESTION]
    assert value is not None
    assert value <= 1 / 2


@pytest.mark.parametrize(
    ("answer", "evidence", "value"),
    [
        ("nine o'clock", "The library opens at nine o’clock.", 1.0),
        ("At nine o'clock!", "The library opens at nine o'clock.", 1.0),
        ("The library opens at nine o'clock.", "library opens at NINE o'clock", 1.0),
        ("Nine in the morning", "The library opens at nine o'clock.", 0.0),
        ("in", "The library opens at nine.", 0.0),  # whole words
        ("nine o'clock", "", None),
        ("the", "The library opens.", None),  # nothing is left in SQuAD's normal form
    ],
)
def test_answer_in_evidence(answer: str, evidence: str, value: float | None) -> None:
    """For extractive types the answer stands in the quote."""
    assert parts("Q?", answer, evidence)[EXTRACTIVE] == value


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("The library opens at nine o'clock.", 5.0),  # its words: the library opens at nine o'clock, less the first
        ("It opens at nine.", 3.0),
        ("Zebras dance.", 0.0),
        ("", None),
    ],
)
def test_copied_words(answer: str, value: float | None) -> None:
    """The longest run of words that answer and passage share."""
    found = parts("Q?", answer, passage="Our library opens at nine o'clock.")[COPIED]
    assert found == value


def test_a_record_of_two_passages_is_held_against_both() -> None:
    record, context = sourced("Q?", "The library closes before Walter arrives.", PASSAGE)
    source = record.origin.source
    assert source is not None
    alone = asyncio.run(Grounding().score(record, context))
    other = Document("b.md", "Walter arrives in the evening.", "Arrivals")
    both = record.with_origin(further_sources=(Source("b.md", other.digest, 0, 0, len(other.text)),))
    context = Context(documents=(*context.documents, other))
    assert (alone[2].value, asyncio.run(Grounding().score(both, context))[2].value) == (1 / 2, 1)
