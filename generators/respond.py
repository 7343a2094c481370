"""Answers to instructions that have none yet, perhaps the best of several.

Every record from above whose dialogue waits for an answer (`all: true`: every record) is asked of the model; the
answered record takes its place. With `best_of` several answers are drawn and one is chosen: the `longest`, the one
that most of them agree on (`consistency`), the one a `judge` or a `measure` rates highest. The others stay as records
dropped as `not-chosen`, so that nothing that was paid for is lost. With `grounded` the passages of the run's documents
that fit the question best go along, and become the answer's sources.

Source:
    Best-of-N sampling: Nakano et al. 2021, "WebGPT", arXiv 2112.09332, section 3.2; self-consistency: see
    `generators.answers.choice`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field, model_validator

from curator.record import Record
from curator.stage import AskingOptions, Context, Prompt
from generators.answers.answering import AnsweringOptions, AnsweringStage, Question, is_answered, question_of
from generators.answers.choice import longest, most_agreed
from generators.answers.draws import Drawn
from generators.answers.ratings import ASPECTS, Judge, Measured, Rating, best_of, judge_labels


class RespondOptions(AnsweringOptions):
    """Options of `respond`.

    Attributes:
        all: whether records that have an answer are answered anew.
        best_of: how many answers are drawn to each question, of which one is chosen.
        choose: how: "consistency" (the first of those that come to what most come to), "longest", "judge" or "measure".
        judge: with `choose: judge`, the recipe's name of the model that judges; the answering model unless said.
        rating: "per-aspect" (four questions to the judge about each answer) or "joint" (one).
        measure: with `choose: measure`, the measure's name, as in `grounding`.
    """

    all: bool = False
    best_of: int = Field(default=1, ge=1, le=64)
    choose: Literal["consistency", "longest", "judge", "measure"] = "consistency"
    judge: str = ""
    rating: Literal["per-aspect", "joint"] = "per-aspect"
    measure: str = ""

    @model_validator(mode="after")
    def _measure_is_named(self) -> RespondOptions:
        if (self.choose == "measure") != bool(self.measure):
            raise ValueError("`choose: measure` and `measure: <its name>` go together")
        if self.judge and self.choose != "judge":
            raise ValueError("`judge` names a model for `choose: judge` only")
        return self


class _Choice(NamedTuple):
    """Which answer was taken, the labels that say why, and a note about each answer."""

    place: int
    labels: tuple[tuple[str, str], ...] = ()
    ratings: tuple[Rating, ...] = ()


class Respond(AnsweringStage[RespondOptions]):
    """Answers instructions; see the module's docstring."""

    name: ClassVar[str] = "respond"
    Options: ClassVar[type[AskingOptions]] = RespondOptions
    supersedes = True
    needs_heir = True
    checks = (
        {"use": "heuristics"},
        {"use": "threshold", "name": "well-formed", "options": {"score": "heuristics.format", "min": 1}},
    )
    example = "curator generate respond questions.jsonl -n 20 --out answered.jsonl"

    @property
    def draws(self) -> int:
        """How many answers are drawn to each question."""
        return self.options.best_of

    def per_prompt(self) -> int:
        """Return how many answers a question gets, at most."""
        return self.options.best_of

    def requests_per_prompt(self) -> tuple[int, int]:
        """Return the replies to one question: its answers, and the judge's where they differ."""
        n = self.options.best_of
        if n == 1 or self.options.choose != "judge":
            return (n, n)
        return (n, n + n * (1 if self.options.rating == "joint" else len(ASPECTS)))

    def also_asks(self) -> tuple[str, ...]:
        """Return the judge, if the recipe names one."""
        return (self.options.judge,) if self.options.judge else ()

    def check(self, context: Context) -> None:
        """See that there are documents where they are wanted, and the measure.

        Args:
            context: the context of the run to come.

        Raises:
            StageError: the run has no documents to ground on, or no evaluator gives the measure.
            PluginError: no evaluator bears the measure's name.
        """
        super().check(context)
        if self.options.measure:
            Measured(self.options.measure, f"{self.key}: measure")

    def prompts_for(self, record: Record, context: Context) -> Iterable[Prompt | Record]:
        """Return the question of a record that waits for an answer.

        Args:
            record: the parent.
            context: the stage's surroundings.

        Returns:
            One prompt, or none where there is nothing to answer, or where an answer stands and may stay.
        """
        waits = question_of(record) and record.rejected is None
        if not waits or (is_answered(record) and not self.options.all):
            return []
        return [self.prompt_about(record, context)]

    async def answer(self, prompt: Prompt, context: Context) -> list[Record]:
        """Draw the answers to one question and choose one.

        Args:
            prompt: the question.
            context: the stage's surroundings.

        Returns:
            The chosen answer first; then all else that was drawn, each text once, dropped with the reason.

        Raises:
            StageError: the recipe lent this stage no model.
            ProviderError: the endpoint cannot serve.
        """
        drawn = await self.drawn(prompt, context)
        broken = self.broken(drawn, prompt, context)
        if not drawn.fit:
            return broken
        choice = await self._chosen(drawn, prompt.item, context)
        records = []
        for place, reading in enumerate(drawn.fit):
            rating = choice.ratings[place] if choice.ratings else Rating(None, "")
            labels = choice.labels if place == choice.place else ()
            further = (*rating.readings, *drawn.alike(reading))
            record = self.answered(prompt, context, reading, *further, labels=(*_counts(drawn), *labels))
            if record.id == prompt.item.parent.id:
                record = record.dropped(self.key, "same-answer", "the model wrote the answer that stands already")
            elif place != choice.place:
                record = record.dropped(self.key, "not-chosen", rating.note or f"one of {len(drawn.fit)} answers")
            records.append(record)
        return [records.pop(choice.place), *records, *broken]

    async def _chosen(self, drawn: Drawn, question: Question, context: Context) -> _Choice:
        how = self.options.choose
        if self.options.best_of == 1:
            return _Choice(0)
        if how == "longest":
            return _Choice(longest(drawn.texts), (("chosen_by", how),))
        if how == "consistency":
            place, agreeing = most_agreed(drawn.votes)
            labels = (("chosen_by", how), ("agreeing", f"{agreeing} of {len(drawn.votes)}"))
            return _Choice(drawn.texts.index(drawn.votes[place]), labels)
        if len(drawn.fit) == 1:
            return _Choice(0)
        ratings = await self._rated([question.answered(text) for text in drawn.texts], context)
        best = best_of(ratings)
        judged = judge_labels(context, self.options.judge) if how == "judge" else (("measure", self.options.measure),)
        if best is None:
            return _Choice(0, (("chosen_by", "order: none could be rated"), *judged), ratings)
        return _Choice(best, (("chosen_by", how), *judged, ("rating", f"{ratings[best].value:g}")), ratings)

    async def _rated(self, records: Sequence[Record], context: Context) -> tuple[Rating, ...]:
        if self.options.choose == "measure":
            measured = Measured(self.options.measure, f"{self.key}: measure")
            return tuple(await asyncio.gather(*(measured.rate(record, context) for record in records)))
        folder = self.prompt_folder(context)
        judge = Judge(folder, model=self.options.judge, joint=self.options.rating == "joint")
        return tuple(await asyncio.gather(*(judge.rate(self, record, context) for record in records)))


def _counts(drawn: Drawn) -> tuple[tuple[str, str], ...]:
    """Return what is worth knowing about several draws, as labels."""
    if len(drawn.all) == 1:
        return ()
    unread = sum(reading.value is None for reading in drawn.all)
    told = (("unread", str(unread)),) if unread else ()
    return (("drawn", str(len(drawn.all))), ("different", str(len(drawn.fit))), *told)
