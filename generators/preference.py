"""Preference pairs: of several answers to one instruction, a better one and a worse one.

Each instruction from above is answered several times, by one model or by several `writers` in turn; the answers are
rated by a judge in four aspects, by their likeness to the answer that the record has (`by: reference`), or by a
registered measure (`by: grounding`). The best becomes the reply, the worst (or, with `rejected: random`, a drawn one)
the rejected one. The answers between stay as records dropped as `not-paired`, so that nothing that was paid for is
lost; a pair whose ratings are equal, or nearer than `margin`, is dropped as `tie`. With `pairs: lineage` no model is
asked: a record and its parent that answer the same question make the pair; where none can be made at all, every
answered record is noted as dropped (`no-pair`), with what it lacks.

Source:
    Cui et al. 2023, "UltraFeedback", arXiv 2310.01377, sections 2 and 3: four answers by several models, four aspects
    rated from 1 to 5. Ours differ: see `generators.answers.ratings`; the pair is made by the mean of the aspects.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, ClassVar, Literal

import msgspec
from pydantic import Field, model_validator

from curator.record import Record
from curator.stage import AskingOptions, Context, Prompt, Reading
from generators.answers.answering import AnsweringOptions, AnsweringStage, is_answered, question_of
from generators.answers.draws import Draw, text_of
from generators.answers.lineage import lack_of, pairs_of
from generators.answers.ratings import ASPECTS, Judge, Measured, Rating, judge_labels, token_overlap

_NO_MARGIN = 1e-9
"""Means of equal ratings may differ by a rounding error."""


class PreferenceOptions(AnsweringOptions):
    """Options of `preference`.

    Attributes:
        pairs: "asked" (several answers are drawn and rated) or "lineage" (a record and its parent from above).
        n: how many answers each instruction gets.
        writers: the recipe's names of the models that answer in turn; the stage's own unless said.
        by: "judge", "reference" (likeness to the record's own answer), or a measure's name, as in `grounding`.
        judge: with `by: judge`, the recipe's name of the model that judges; the stage's own unless said.
        rating: "per-aspect" (four questions to the judge about each answer) or "joint" (one).
        margin: how far the ratings of a pair must lie apart at least; equal ones never make a pair.
        rejected: "worst", or "random" among all but the best.
        better: with `pairs: lineage`, which is chosen: the "child" (an improvement) or the "parent" (of a spoilt copy).
    """

    pairs: Literal["asked", "lineage"] = "asked"
    n: int = Field(default=2, ge=2, le=16)
    writers: tuple[str, ...] = ()
    by: str = "judge"
    judge: str = ""
    rating: Literal["per-aspect", "joint"] = "per-aspect"
    margin: float = Field(default=0.0, ge=0)
    rejected: Literal["worst", "random"] = "worst"
    better: Literal["child", "parent"] = "child"

    @model_validator(mode="after")
    def _judge_is_asked(self) -> PreferenceOptions:
        if self.judge and self.by != "judge":
            raise ValueError("`judge` names a model for `by: judge` only")
        return self


class Preference(AnsweringStage[PreferenceOptions]):
    """Makes preference pairs; see the module's docstring."""

    name: ClassVar[str] = "preference"
    Options: ClassVar[type[AskingOptions]] = PreferenceOptions
    example = "curator generate preference questions.jsonl -n 20 --out pairs.jsonl"
    written_as: ClassVar[str] = "preference"

    @property
    def draws(self) -> int:
        """How many answers are drawn to each instruction."""
        return self.options.n

    def per_prompt(self) -> int:
        """Return how many records one instruction gives, if a pair comes about: that, and the answers not in it."""
        return max(1, self.options.n - 1)

    def requests_per_prompt(self) -> tuple[int, int]:
        """Return the replies to one instruction: its answers, and the judge's where they differ."""
        n = self.options.n
        if self.options.pairs == "lineage":
            return (0, 0)
        if self.options.by != "judge":
            return (n, n)
        return (n, n + n * (1 if self.options.rating == "joint" else len(ASPECTS)))

    def also_asks(self) -> tuple[str, ...]:
        """Return the writers and the judge that the recipe names."""
        named = (*self.options.writers, self.options.judge)
        return tuple(dict.fromkeys(name for name in named if name))

    def check(self, context: Context) -> None:
        """See that there are documents where they are wanted, and the measure.

        Args:
            context: the context of the run to come.

        Raises:
            StageError: the run has no documents to ground on, or no evaluator gives the measure.
            PluginError: no evaluator bears the measure's name.
        """
        super().check(context)
        if self.options.by not in {"judge", "reference"}:
            Measured(self.options.by, f"{self.key}: by")

    def run(self, records: AsyncIterator[Record], context: Context) -> AsyncIterator[Record]:
        """Pass on what comes from above, then add the pairs."""
        if self.options.pairs == "lineage":
            return self._from_lineage(records, context)
        return super().run(records, context)

    def prompts_for(self, record: Record, context: Context) -> Iterable[Prompt | Record]:
        """Return the question of a record.

        Args:
            record: the parent.
            context: the stage's surroundings.

        Returns:
            One prompt; none for pairs, for records without a question, and without a reference where one is needed.
        """
        unfit = record.rejected is not None or not question_of(record)
        if unfit or (self.options.by == "reference" and not is_answered(record)):
            return []
        return [self.prompt_about(record, context)]

    async def answer(self, prompt: Prompt, context: Context) -> list[Record]:
        """Draw the answers to one instruction, rate them and pair two.

        Args:
            prompt: the question.
            context: the stage's surroundings.

        Returns:
            The pair, dropped where the two are too alike, then all else that was drawn, each text once, dropped;
            without two answers that could be rated, all of them dropped.

        Raises:
            StageError: the recipe lent this stage no model.
            ProviderError: the endpoint cannot serve.
        """
        drawn = await self.drawn(prompt, context, self.options.writers or ("",))
        broken = self.broken(drawn, prompt, context)
        if not drawn.fit:
            return broken
        if len(drawn.fit) == 1:
            (only,) = drawn.fit
            detail = f"of {self.options.n} answers only this one is whole and different"
            return [self._single(prompt, context, only, "single-answer", detail, *drawn.alike(only)), *broken]
        ratings = await self._rated([prompt.item.answered(text) for text in drawn.texts], prompt, context)
        rated = [
            _Rated(reading, rating, (*rating.readings, *drawn.alike(reading)))
            for reading, rating in zip(drawn.fit, ratings, strict=True)
        ]
        return [*self._paired(rated, prompt, context), *broken]

    def _paired(self, rated: Sequence[_Rated], prompt: Prompt, context: Context) -> list[Record]:
        known = sorted((each for each in rated if each.rating.value is not None), key=lambda each: -each.value)
        single = [
            self._single(prompt, context, each.reading, "unrated", each.rating.note, *each.further)
            for each in rated
            if each.rating.value is None
        ]
        if len(known) < 2:
            why = "there is no second rated answer to compare it with"
            return [*(self._single(prompt, context, e.reading, "not-paired", why, *e.further) for e in known), *single]
        best, *others = known
        worst = others[-1]
        if self.options.rejected == "random":
            worst = context.random("rejected", prompt.item.parent.id).choice(others)
        pair = self._pair(best, worst, prompt, context)
        between = [
            self._single(prompt, context, e.reading, "not-paired", f"rated {e.value:g}: {e.rating.note}", *e.further)
            for e in others
            if e is not worst
        ]
        return [pair, *between, *single]

    def _pair(self, best: _Rated, worst: _Rated, prompt: Prompt, context: Context) -> Record:
        margin = best.value - worst.value
        labels = (
            ("rated_by", self.options.by),
            *(judge_labels(context, self.options.judge, *self.options.writers) if self.options.by == "judge" else ()),
            ("chosen_rating", f"{best.value:g}"),
            ("rejected_rating", f"{worst.value:g}"),
            ("chosen_model", best.reading.model),
            ("rejected_model", worst.reading.model),
            ("chosen_note", best.rating.note),
            ("rejected_note", worst.rating.note),
        )
        further = (worst.reading, *best.further, *worst.further)
        chosen = self.answered(prompt, context, best.reading, *further, labels=labels)
        pair = msgspec.structs.replace(chosen, rejected=text_of(worst.reading))
        if margin < max(self.options.margin, _NO_MARGIN) - _NO_MARGIN / 2:
            return pair.dropped(self.key, "tie", f"the ratings lie {margin:g} apart")
        return pair

    def _single(
        self,
        prompt: Prompt,
        context: Context,
        reading: Reading[Draw],
        reason: str,
        detail: str,
        *further: Reading[Any],
    ) -> Record:
        return self.answered(prompt, context, reading, *further).dropped(self.key, reason, detail)

    async def _rated(self, records: Sequence[Record], prompt: Prompt, context: Context) -> list[Rating]:
        if self.options.by == "reference":
            reference = prompt.item.parent.response
            overlaps = [token_overlap(record.response, reference) for record in records]
            return [Rating(value, f"token overlap with the record's answer {value:.2f}") for value in overlaps]
        if self.options.by != "judge":
            measured = Measured(self.options.by, f"{self.key}: by")
            return list(await asyncio.gather(*(measured.rate(record, context) for record in records)))
        judge = Judge(self.prompt_folder(context), model=self.options.judge, joint=self.options.rating == "joint")
        return list(await asyncio.gather(*(judge.rate(self, record, context) for record in records)))

    async def _from_lineage(self, records: AsyncIterator[Record], context: Context) -> AsyncIterator[Record]:
        seen: dict[str, Record] = {}
        async for record in records:
            seen.setdefault(record.id, record)
            yield record
        ours = [record for record in seen.values() if self._is_for_us(record)]
        found = [pair for child in ours for pair in pairs_of(child, seen, self.options.better)]
        if not found:
            lacking = ((record, lack_of(record, seen)) for record in ours)
            found = [
                record.with_origin(parents=(record.id,)).dropped(self.key, "no-pair", lack)
                for record, lack in lacking
                if lack
            ]
        for record in found[: context.limit]:
            yield self.signed(record, Prompt(()), context)


class _Rated(msgspec.Struct, frozen=True):
    """An answer with its rating, and the further replies that it stands for: the judge's, and equal answers."""

    reading: Reading[Draw]
    rating: Rating
    further: tuple[Reading[Any], ...]

    @property
    def value(self) -> float:
        """The rating's value; 0 where there is none."""
        return self.rating.value or 0.0
