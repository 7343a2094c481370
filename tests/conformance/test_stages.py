"""Every installed stage keeps the promises of `curator.stage`."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from curator.registry import stages
from curator.stage import (
    CorpusEvaluator,
    CorpusSelector,
    Evaluator,
    Generator,
    Measure,
    Selector,
    Stage,
    StageOptions,
    Transformer,
)
from tests.conformance.samples import RECORDS, STAGE_OPTIONS, any_reply, build, context_for, run
from tests.stage.samples import Unsteady
from ui.cli.method_help import documented

NAMES = stages.names()
every_stage = pytest.mark.parametrize("name", NAMES)


def _of(*kinds: type) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", [name for name in NAMES if issubclass(stages.load(name), kinds)])


def test_the_stages_that_ship_are_installed() -> None:
    shipped = {"templates", "book-qa", "heuristics", "exact-dedup", "near-dedup", "grounding", "self-containment"}
    assert shipped | {"threshold"} <= set(NAMES)


@every_stage
def test_it_is_a_stage_that_says_what_it_does(name: str) -> None:
    kind = stages.load(name)
    assert issubclass(kind, Stage)
    assert not inspect.isabstract(kind)
    assert kind.name == name
    assert inspect.getdoc(kind) != inspect.getdoc(Stage)
    assert kind.version >= 1


@every_stage
def test_each_option_is_described(name: str) -> None:
    options = stages.load(name).Options
    docs = "\n".join(inspect.getdoc(base) or "" for base in options.__mro__ if issubclass(base, StageOptions))
    assert [field for field in options.model_fields if f"{field}:" not in docs] == []


@every_stage
def test_options_are_fixed_and_refuse_what_they_do_not_know(name: str) -> None:
    options = build(name).options
    with pytest.raises(ValidationError, match="no_such_option"):
        stages.load(name)({**STAGE_OPTIONS.get(name, {}), "no_such_option": 1})
    for field in type(options).model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(options, field, None)


@every_stage
def test_it_declares_its_scores(name: str) -> None:
    stage = build(name)
    assert isinstance(stage.needs(), frozenset)
    assert all(isinstance(measure, Measure) and measure.unit for measure in stage.gives())
    assert all(measure.high is None or measure.low < measure.high for measure in stage.gives())
    assert len({measure.name for measure in stage.gives()}) == len(stage.gives())


@every_stage
async def test_nothing_comes_of_nothing(name: str, tmp_path: Path) -> None:
    stage = build(name)
    assert await run(stage, [], context_for(stage, tmp_path, limit=0)) == []


@every_stage
async def test_it_loses_no_record_and_keeps_their_order(name: str, tmp_path: Path) -> None:
    stage = build(name)
    made = await run(stage, RECORDS, context_for(stage, tmp_path))
    given = {record.id for record in RECORDS}
    assert [record.id for record in made if record.id in given] == [record.id for record in RECORDS]
    if isinstance(stage, Evaluator | CorpusEvaluator | Selector | CorpusSelector):
        assert len(made) == len(RECORDS)
    assert all(record.drop is None or (record.drop.stage == stage.key and record.drop.reason) for record in made)


@every_stage
async def test_the_same_comes_of_the_same(name: str, tmp_path: Path) -> None:
    runs = [await run(stage, RECORDS, context_for(stage, tmp_path)) for stage in (build(name), build(name))]
    first, second = map(msgspec.json.encode, runs)
    assert first == second


@_of(Generator, Transformer)
async def test_the_order_of_replies_changes_nothing(name: str, tmp_path: Path) -> None:
    runs = []
    for most_s in (0.0, 0.004, 0.004):
        stage = build(name)
        context = context_for(stage, tmp_path, 40, Unsteady(any_reply, most_s=most_s))
        runs.append([msgspec.json.encode(record) for record in await run(stage, RECORDS, context)])
    assert runs[0] == runs[1] == runs[2]


@_of(Generator, Transformer)
def test_its_help_shows_it_at_work(name: str) -> None:
    kind: Any = stages.load(name)
    assert kind.example.startswith(f"curator generate {name} ")
    documented_options = documented(kind.Options)
    assert [option for option in kind.Options.model_fields if not documented_options.get(option)] == []


@_of(Evaluator, CorpusEvaluator)
async def test_an_evaluator_gives_what_it_declares(name: str, tmp_path: Path) -> None:
    stage = build(name)
    measures = {measure.name: measure for measure in stage.gives()}
    assert measures
    for before, record in zip(RECORDS, await run(stage, RECORDS, context_for(stage, tmp_path)), strict=True):
        given = [score for score in record.scores if score not in before.scores]
        assert record.drop is None
        assert {score.name for score in given} == set(measures)
        for score in given:
            measure = measures[score.name]
            if score.value is None:
                assert score.explanation
            else:
                assert measure.low <= score.value
                assert measure.high is None or score.value <= measure.high


@_of(Selector, CorpusSelector)
async def test_a_selector_gives_no_score(name: str, tmp_path: Path) -> None:
    stage = build(name)
    assert stage.gives() == ()
    made = await run(stage, RECORDS, context_for(stage, tmp_path))
    assert [record.scores for record in made] == [record.scores for record in RECORDS]


@_of(Generator, Transformer)
async def test_new_records_know_where_they_come_from(name: str, tmp_path: Path) -> None:
    stage = build(name)
    given = {record.id for record in RECORDS}
    new = [record for record in await run(stage, RECORDS, context_for(stage, tmp_path)) if record.id not in given]
    assert new
    assert {record.origin.method for record in new} == {name}
    assert {(record.origin.stage, record.origin.recipe_hash) for record in new} == {(stage.key, "0" * 16)}


@_of(Generator, Transformer)
async def test_no_more_is_made_than_wanted(name: str, tmp_path: Path) -> None:
    stage = build(name)
    assert len(await run(stage, RECORDS, context_for(stage, tmp_path, limit=1))) == len(RECORDS) + 1
