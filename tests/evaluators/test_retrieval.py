"""A question that says what it is about finds its passage; one that leans on it does not."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from curator.errors import StageError
from curator.record import Origin, Record, Source, single_turn
from curator.stage.context import Context
from curator.text.chunks import chunk_document
from curator.text.document import Document
from evaluators.retrieval import Retrieval
from tests.evaluators.records import run

SUBJECTS = ("ferry Alma", "Corn Bridge", "tower bells", "salt caves", "mail boat", "pilot Harrow")
TEXT = "\n\n".join(
    f"The {subject} of Port Eld was looked after by its keeper for many years, and he wrote a long report about it, "
    "in which he said what had been done and what it had cost." for subject in SUBJECTS
)  # fmt: skip
DOCUMENT = Document("eld.md", TEXT, "Port Eld")
CHUNKS = list(chunk_document(DOCUMENT, max_words=40))
CONTEXT = Context(stage="retrieval", documents=(DOCUMENT,))


def about(number: int, question: str, *further: int) -> Record:
    """Return a record made from the passage of this number, and from `further` ones."""
    source, *others = (
        Source("eld.md", DOCUMENT.digest, one, CHUNKS[one].start, CHUNKS[one].end) for one in (number, *further)
    )
    return single_turn(question, "Yes.", origin=Origin(source=source, further_sources=tuple(others)))


def scores(record: Record, context: Context = CONTEXT, **options: object) -> tuple[float | None, float | None]:
    """Return rank and recall of a record."""
    (scored,) = run(Retrieval({"max_words": 40, **options}), [record], context)
    return scored.score("retrieval.rank"), scored.score("retrieval.recall")


def test_the_passages_are_one_a_subject() -> None:
    assert [subject in chunk.text for subject, chunk in zip(SUBJECTS, CHUNKS, strict=True)] == [True] * 6


@pytest.mark.parametrize("number", range(6))
def test_a_question_that_names_its_subject_finds_its_passage(number: int) -> None:
    assert scores(about(number, f"Who looked after the {SUBJECTS[number]}?"), k=1) == (1, 1)


@pytest.mark.parametrize(
    ("number", "question", "k", "found"),
    [
        (5, "What did he say it had cost?", 5, (6, 0)),  # fits all alike, so the last comes last
        (5, "What did he say it had cost?", 6, (6, 1)),
        (0, "What did he say it had cost?", 1, (1, 1)),  # and the first first: what k bounds is luck
        (2, "Who looked after the Corn Bridge?", 1, None),
        (2, "Do zebras dance?", 5, (None, 0)),
        (2, "?", 5, (None, 0)),
    ],
)
def test_rank_and_recall(number: int, question: str, k: int, found: tuple[float | None, float] | None) -> None:
    rank, recall = scores(about(number, question), k=k)
    if found is None:
        assert (rank or 0) > 1
        assert recall == 0
    else:
        assert (rank, recall) == found


def test_of_several_passages_the_share_is_found() -> None:
    """Recall at k is the share of the record's passages among the first k, the rank that of the first of them."""
    record = about(1, "Is the Corn Bridge as old as the salt caves?", 3)
    assert scores(record, k=2) == (1, 1)
    assert scores(record, k=1) == (1, 1 / 2)


@pytest.mark.parametrize(("start", "end", "found"), [(0, 1.0, True), (0.4, 1.4, True), (0.6, 1.6, False)])
def test_a_passage_is_found_again_if_half_of_the_shorter_is_shared(start: float, end: float, found: bool) -> None:
    """The generator may have cut the document in other places."""
    first = CHUNKS[0]
    length = first.end - first.start
    source = Source("eld.md", DOCUMENT.digest, 0, int(start * length), int(end * length))
    record = single_turn("Who looked after the ferry Alma?", "Yes.", origin=Origin(source=source))
    assert (scores(record, k=1)[1] == 1) is found


def test_without_source_or_question_there_is_no_value() -> None:
    (bare, silent) = run(Retrieval(), [single_turn("Who?", "Yes."), about(0, " ")], CONTEXT)
    assert {(score.value, score.explanation) for score in bare.scores} == {(None, "no source")}
    assert {(score.value, score.explanation) for score in silent.scores} == {(None, "no question")}


def test_a_source_that_the_run_lacks_is_an_error() -> None:
    with pytest.raises(StageError, match=r"eld\.md"):
        scores(about(0, "Who?"), Context(stage="retrieval", documents=(Document("b.md", "Other text."),)))


def test_a_document_of_headings_is_a_passage_itself() -> None:
    document = Document("h.md", "# Harbour\n\n## Boats")
    record = single_turn("Harbour?", "Yes.", origin=Origin(source=Source("h.md", document.digest, 0, 0, 19)))
    assert scores(record, Context(documents=(document,))) == (1, 1)


def test_explanations_say_where_it_was_found() -> None:
    (record,) = run(Retrieval({"max_words": 40}), [about(3, "Who looked after the salt caves?")], CONTEXT)
    assert [score.explanation for score in record.scores] == ["place 1 of 6 passages", "1 of 1 among the first 5"]


@pytest.mark.parametrize("options", [{"k": 0}, {"max_words": 1}, {"top": 3}])
def test_wrong_options(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Retrieval(options)
