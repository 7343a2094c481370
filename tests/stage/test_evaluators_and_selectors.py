"""Evaluators only measure, selectors only mark, and both give back every record in its order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import ValidationError

from curator.errors import StageError
from curator.record import Record, Score, Source, single_turn
from curator.stage import (
    Context,
    CorpusEvaluator,
    CorpusSelector,
    Evaluator,
    Rejection,
    Selector,
    StageOptions,
)
from curator.text.document import Document
from tests.stage.samples import outcome

RECORDS = tuple(single_turn("Q" * number, "A").with_scores(Score("old", number)) for number in range(1, 30))


class Length(Evaluator[StageOptions]):
    name: ClassVar[str] = "length"

    async def score(self, record: Record, context: Context) -> tuple[Score, ...]:
        await asyncio.sleep(random.uniform(0, 0.003))
        return (Score("length", len(record.instruction)), Score("old", None, "measured anew"))


class Rank(CorpusEvaluator[StageOptions]):
    name: ClassVar[str] = "rank"

    async def score_all(self, records: Sequence[Record], context: Context) -> Sequence[tuple[Score, ...]]:
        return [(Score("rank", place / len(records)),) for place, _record in enumerate(records)]


class Forgetful(Rank):
    name: ClassVar[str] = "forgetful"

    async def score_all(self, records: Sequence[Record], context: Context) -> Sequence[tuple[Score, ...]]:
        return (await super().score_all(records, context))[:-1]


class Even(Selector[StageOptions]):
    name: ClassVar[str] = "even"

    def decide(self, record: Record, context: Context) -> Rejection | None:
        length = len(record.instruction)
        return Rejection("odd", f"{length} letters") if length % 2 else None


class Last(CorpusSelector[StageOptions]):
    name: ClassVar[str] = "last"

    async def select(self, records: Sequence[Record], context: Context) -> Sequence[Rejection | None]:
        return [Rejection("not-last")] * (len(records) - 1) + [None] * bool(records)


async def test_an_evaluator_scores_in_order_and_drops_nothing() -> None:
    scored = await outcome(Length(), RECORDS, Context())
    assert [record.id for record in scored] == [record.id for record in RECORDS]
    assert [record.score("length") for record in scored] == list(range(1, 30))
    assert {record.score("old") for record in scored} == {None}
    assert all(record.drop is None for record in scored)


async def test_a_corpus_evaluator_sees_all() -> None:
    scored = await outcome(Rank(), RECORDS[:4], Context())
    assert [record.score("rank") for record in scored] == [0, 0.25, 0.5, 0.75]


async def test_a_corpus_evaluator_that_forgets_a_record_is_a_defect() -> None:
    with pytest.raises(ValueError, match="zip"):
        await outcome(Forgetful(), RECORDS, Context())


async def test_a_selector_marks_and_gives_back_all() -> None:
    marked = await outcome(Even({}, key="my-even"), RECORDS[:3], Context())
    assert [record.drop.detail if record.drop else "" for record in marked] == ["1 letters", "", "3 letters"]
    assert marked[0] == RECORDS[0].dropped("my-even", "odd", "1 letters")


async def test_a_corpus_selector_marks_and_gives_back_all() -> None:
    marked = await outcome(Last(), RECORDS[:3], Context())
    assert marked == [*(record.dropped("last", "not-last") for record in RECORDS[:2]), RECORDS[2]]


@pytest.mark.parametrize("stage", [Length(), Rank(), Even(), Last()], ids=lambda stage: stage.name)
async def test_nothing_in_nothing_out(stage: Length | Rank | Even | Last) -> None:
    assert await outcome(stage, (), Context()) == []


def test_a_stage_goes_by_the_recipes_name_or_its_own() -> None:
    assert (Even().key, Even(key="even-2").key, Even.asks, Even().needs(), Even().gives()) == (
        "even",
        "even-2",
        False,
        frozenset(),
        (),
    )


def test_unknown_options_are_refused() -> None:
    with pytest.raises(ValidationError, match="treshold"):
        Even({"treshold": 1})


def test_random_numbers_depend_on_seed_stage_and_position_alone() -> None:
    context = Context("a", seed=7)
    first = context.random("x", 1).random()
    context.random("other").random()
    assert context.random("x", 1).random() == first
    others = [Context("a", 8).random("x", 1), Context("b", 7).random("x", 1), context.random("x", 2), context.random()]
    assert len({first, *(numbers.random() for numbers in others)}) == 5


def test_random_numbers_are_the_same_in_every_process() -> None:
    assert Context("templates", seed=7).random("rent").sample(range(1000), 4) == [161, 646, 601, 137]


def test_a_passage_is_cut_from_its_own_document() -> None:
    document = Document("a.md", "One. Two. Three.")
    context = Context("grounding", documents=(Document("b.md", "Other."), document))
    assert context.passage(Source("a.md", document.digest, 1, 5, 9)) == "Two."
    with pytest.raises(StageError, match=r"grounding: the text of 'a\.md' .* is not among the sources of this run"):
        context.passage(Source("a.md", Document("a.md", "One. Three.").digest, 1, 5, 9))


def test_paths_are_relative_to_the_workspace(tmp_path: Path) -> None:
    context = Context(folder=Path("ws"))
    assert (context.path(Path("a/b")), context.path(tmp_path)) == (Path("ws/a/b"), tmp_path)


def test_a_stage_is_lent_its_own_model_and_limit() -> None:
    shared = Context("", 7, Path("ws"), (Document("a", "b"),), "hash", None, 3)
    lent = shared.for_stage("judge", limit=5)
    assert (lent.stage, lent.limit, lent.seed, lent.folder, lent.documents) == (
        "judge",
        5,
        7,
        Path("ws"),
        shared.documents,
    )
    assert shared.for_stage("other").limit is None
