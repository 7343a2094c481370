"""From a recipe to built stages: everything that can be refused is refused here, before the first paid call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from curator.errors import FormatError, PluginError, RecipeError
from curator.formats.containers import container_of
from curator.llm.spec import ModelSpec
from curator.recipe.model import Recipe, StageUse
from curator.recipe.sources import read_sources
from curator.registry import formats, providers, stages
from curator.results import Results, ResultsInMemory
from curator.stage import AskingStage, Context, Generator, Stage, Transformer
from curator.text.document import Document
from curator.text.near_miss import did_you_mean
from curator.text.yaml_lines import explain

AUTO = "auto"
"""The name of the model that a stage gets when the recipe defines none."""


@dataclass(frozen=True)
class PlannedStage:
    """A stage of a recipe, built and checked.

    Attributes:
        use: what the recipe says about it.
        stage: the stage.
        model: the recipe's name of the model it may ask; "" if it asks none.
        gate_ends_at: the number of the last stage that its records must survive to count as accepted; None without
            `accept`.
    """

    use: StageUse
    stage: Stage[Any]
    model: str = ""
    gate_ends_at: int | None = None

    @property
    def key(self) -> str:
        """The recipe's name of the stage."""
        return self.use.key


@dataclass(frozen=True)
class Plan:
    """A recipe that can be carried out.

    Attributes:
        recipe: the recipe.
        documents: its sources, read.
        stages: its stages, in order.
        models: the models that its stages ask, by the recipe's names.
    """

    recipe: Recipe
    documents: tuple[Document, ...]
    stages: tuple[PlannedStage, ...]
    models: Mapping[str, ModelSpec]

    @property
    def keys(self) -> tuple[str, ...]:
        """The recipe's names of the stages, in order."""
        return tuple(planned.key for planned in self.stages)

    def context(self, results: Results | None = None) -> Context:
        """Return what all stages share of the world; each gets its own through `Context.for_stage`.

        Args:
            results: where costly results of our own are kept; while the program runs unless said.

        Returns:
            The context.
        """
        recipe = self.recipe
        kept = ResultsInMemory() if results is None else results
        return Context("", recipe.seed, recipe.folder, self.documents, recipe.hash, results=kept)


def make_plan(recipe: Recipe) -> Plan:
    """Build every stage of a recipe and check that it can run.

    Args:
        recipe: the recipe.

    Returns:
        The plan.

    Raises:
        RecipeError: a name, an option, a missing score or model, with the line and what would be right.
        SourceError: a source cannot be read.
        CuratorError: a stage's own check found something.
    """
    documents = read_sources(recipe)
    planned = [_build(recipe, number) for number in range(len(recipe.stages))]
    _check_scores(recipe, planned)
    _check_exports(recipe)
    plan = Plan(recipe, documents, tuple(planned), _models(recipe, planned))
    context = plan.context()
    for entry in planned:
        entry.stage.check(context.for_stage(entry.key))
        if isinstance(entry.stage, AskingStage):
            entry.stage.personas(context)
    return plan


def _build(recipe: Recipe, number: int) -> PlannedStage:
    use = recipe.stages[number]
    place = ("stages", number)
    try:
        kind = stages.load(use.use)
    except PluginError as error:
        raise RecipeError(f"{recipe.lines.where((*place, 'use'))}: {error}") from error
    try:
        stage = kind(use.options, key=use.key)
    except ValidationError as error:
        raise RecipeError(explain(error, recipe.lines, kind.Options, (*place, "options"))) from error
    _check_takes(recipe, number, stage)
    _check_others(recipe, number, stage)
    return PlannedStage(use, stage, _model_of(recipe, number, stage), _gate_end(recipe, number, stage))


def _check_takes(recipe: Recipe, number: int, stage: Stage[Any]) -> None:
    use = recipe.stages[number]
    if not use.takes:
        return
    where = recipe.lines.where(("stages", number, "from"))
    if not isinstance(stage, Transformer):
        raise RecipeError(f"{where}: {use.use!r} makes no records from records, so `from` means nothing here")
    above = [entry.key for entry in recipe.stages[:number]]
    if use.takes not in above:
        raise RecipeError(f"{where}: no stage {use.takes!r} stands above this one{did_you_mean(use.takes, above)}")
    stage.takes = use.takes


def _model_of(recipe: Recipe, number: int, stage: Stage[Any]) -> str:
    use = recipe.stages[number]
    where = recipe.lines.where(("stages", number, "model"))
    if not stage.asks:
        if use.model:
            raise RecipeError(f"{where}: {use.use!r} asks no model; leave `model` out")
        return ""
    if use.model and use.model not in recipe.models:
        raise RecipeError(f"{where}: no model {use.model!r} in `models:`{did_you_mean(use.model, recipe.models)}")
    return use.model or next(iter(recipe.models), AUTO)


def _check_others(recipe: Recipe, number: int, stage: Stage[Any]) -> None:
    for name in stage.also_asks():
        if name not in recipe.models:
            where = recipe.lines.where(("stages", number, "options"))
            raise RecipeError(f"{where}: no model {name!r} in `models:`{did_you_mean(name, recipe.models)}")


def _gate_end(recipe: Recipe, number: int, stage: Stage[Any]) -> int | None:
    use = recipe.stages[number]
    if use.accept is None:
        return None
    if not isinstance(stage, Generator | Transformer):
        where = recipe.lines.where(("stages", number, "accept"))
        raise RecipeError(f"{where}: {use.use!r} makes no records, so it cannot go on until enough are accepted")
    below = {entry.key: place for place, entry in enumerate(recipe.stages) if place > number}
    for name in use.gate:
        if name not in below:
            where = recipe.lines.where(("stages", number, "gate"))
            raise RecipeError(f"{where}: no stage {name!r} stands below this one{did_you_mean(name, below)}")
    return max((below[name] for name in use.gate), default=len(recipe.stages) - 1)


def _check_scores(recipe: Recipe, planned: list[PlannedStage]) -> None:
    given: dict[str, str] = {}
    for number, entry in enumerate(planned):
        for name in sorted(entry.stage.needs() - given.keys()):
            where = recipe.lines.where(("stages", number))
            raise RecipeError(
                f"{where}: {entry.key!r} needs the score {name!r}, which no stage above it gives"
                f"{did_you_mean(name, given)}"
            )
        given |= {measure.name: entry.key for measure in entry.stage.gives()}


def _check_exports(recipe: Recipe) -> None:
    for number, target in enumerate(recipe.export):
        where = recipe.lines.where(("export", number))
        if target.format not in formats.names():
            known = formats.names()
            raise RecipeError(f"{where}: there is no format {target.format!r}{did_you_mean(target.format, known)}")
        keys = [stage.key for stage in recipe.stages]
        if target.made_by and target.made_by not in keys:
            raise RecipeError(f"{where}: there is no stage {target.made_by!r}{did_you_mean(target.made_by, keys)}")
        try:
            container_of(target.path)
        except FormatError as error:
            raise RecipeError(f"{where}: {error}") from error


def _models(recipe: Recipe, planned: list[PlannedStage]) -> dict[str, ModelSpec]:
    known = {AUTO, *providers.names()}
    for name, spec in recipe.models.items():
        if spec.provider not in known:
            where = recipe.lines.where(("models", name, "provider"))
            raise RecipeError(f"{where}: there is no provider {spec.provider!r}{did_you_mean(spec.provider, known)}")
    asked = dict.fromkeys(name for entry in planned for name in (entry.model, *entry.stage.also_asks()) if name)
    return {name: recipe.models[name] if name in recipe.models else ModelSpec() for name in asked}
