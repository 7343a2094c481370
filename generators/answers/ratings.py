"""How good is an answer? Rated by a judge, by a registered measure, or by its likeness to a reference.

A judge gives its reason before its number, one aspect a question unless `rating: joint` asks for all at once (cheaper,
and an answer that shines in one aspect then shines in all). An answer's rating is the mean of its aspects.

Source:
    Cui et al. 2023, "UltraFeedback: Boosting Language Models with Scaled AI Feedback", arXiv 2310.01377, section 3:
    four aspects rated 1 to 5. Ours differ: the prompts are our own and short, answers are rated one by one, and there
    is no overall score besides the mean (some of the published overall scores are 10 where 1 was meant).
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from pydantic import ValidationError

from curator.errors import StageError, UnparsableReply
from curator.llm.base import ChatReply, Sampling
from curator.record import Record, Turn
from curator.registry import stages
from curator.stage import AskingStage, Context, Evaluator, Measure, Prompt, Reading
from curator.text.near_miss import did_you_mean
from curator.text.prompt import PromptFolder
from curator.text.words import words

ASPECTS = ("instruction-following", "truthfulness", "honesty", "helpfulness")

JUDGING = Sampling(temperature=0)

_EXAMPLE = re.compile(r"^Instruction: (.+)\nAnswer: (.+)\n(Rationale: (?:.+\n?)+)", re.MULTILINE)
_LABELLED = re.compile(r"\b(?:rating|score)\b\W{0,6}(-?\d+(?:\.\d+)?)", re.IGNORECASE)
_SCALE = re.compile(r"\(?\b1\s*(?:-|–|to)\s*5\b\)?", re.IGNORECASE)
_BARE = re.compile(r"\W*(-?\d+(?:\.\d+)?)(?:\s*/\s*5)?\W*")


class Rating(msgspec.Struct, frozen=True):
    """What an answer is worth.

    Attributes:
        value: the rating, higher is better; None if nobody could tell.
        note: how it came about, for a person.
        readings: the replies that it took.
    """

    value: float | None
    note: str
    readings: tuple[Reading[Any], ...] = ()


class Judge:
    """A model that rates answers."""

    def __init__(self, folder: PromptFolder, *, model: str, joint: bool) -> None:
        """Choose the judge.

        Args:
            folder: the prompts.
            model: the judge, by the recipe's name; "" for the stage's own model.
            joint: whether all aspects are asked at once.
        """
        self._folder = folder
        self._model = model
        self._aspects = ("",) if joint else ASPECTS

    async def rate(self, stage: AskingStage[Any], record: Record, context: Context) -> Rating:
        """Rate one answer.

        Args:
            stage: who asks.
            record: the question and the answer.
            context: the stage's surroundings.

        Returns:
            The mean of the aspects; no value if one of them could not be read.
        """
        readings = await asyncio.gather(*(self._ask(stage, record, aspect, context) for aspect in self._aspects))
        rated: dict[str, float] = {}
        for reading in readings:
            if reading.value is None:
                return Rating(None, f"the judge's reply: {reading.problem}", tuple(readings))
            rated |= reading.value
        note = ", ".join(f"{aspect} {value:g}" for aspect, value in rated.items())
        return Rating(sum(rated.values()) / len(rated), note, tuple(readings))

    async def _ask(
        self, stage: AskingStage[Any], record: Record, aspect: str, context: Context
    ) -> Reading[dict[str, float]]:
        def read(reply: ChatReply) -> dict[str, float]:
            return {aspect: rating_in(reply.text)} if aspect else ratings_in(reply.text)

        return await stage.ask(self._prompt(record, aspect), context, read, model=self._model)

    def _prompt(self, record: Record, aspect: str) -> Prompt:
        turns = [Turn("system", self._folder.render("judge_system", aspect=aspect))]
        examples = self._folder.render("judge_examples", aspect=aspect)
        for instruction, answer, verdict in _EXAMPLE.findall(examples):
            asked = self._folder.render("judge", instruction=instruction, answer=answer)
            turns += [Turn("user", asked), Turn("assistant", verdict.strip())]
        *before, asked_last, answered = record.messages
        question = "\n\n".join([*(f"{turn.role}: {turn.content}" for turn in before), asked_last.content])
        turns.append(Turn("user", self._folder.render("judge", instruction=question, answer=answered.content)))
        return Prompt(tuple(turns), sampling=JUDGING)


def rating_in(reply: str) -> float:
    """Return the rating of one aspect.

    Args:
        reply: the judge's reply: a rationale, then "Rating: 4".

    Returns:
        The last rating in it, 1 to 5.

    Raises:
        UnparsableReply: there is none, or it is not between 1 and 5.
    """
    said = _SCALE.sub("", reply)
    found = _LABELLED.findall(said)
    if not found:
        lines = [line for line in said.splitlines() if line.strip()]
        bare = _BARE.fullmatch(lines[-1]) if lines else None
        found = [bare[1]] if bare else []
    if not found:
        raise UnparsableReply("there is no rating in it")
    return _in_range(found[-1])


def ratings_in(reply: str) -> dict[str, float]:
    """Return the ratings of all aspects.

    Args:
        reply: the judge's reply: a rationale, then a line for each aspect.

    Returns:
        A rating from 1 to 5 for each of `ASPECTS`.

    Raises:
        UnparsableReply: an aspect has none, or it is not between 1 and 5.
    """
    rated: dict[str, float] = {}
    said = _SCALE.sub("", reply)
    for aspect in ASPECTS:
        name = aspect.replace("-", "[- _]")
        found = re.findall(rf"\b{name}\b\W{{0,6}}(?:rating\W{{0,6}})?(-?\d+(?:\.\d+)?)", said, re.IGNORECASE)
        if not found:
            raise UnparsableReply(f"there is no rating of {aspect} in it")
        rated[aspect] = _in_range(found[-1])
    return rated


def token_overlap(answer: str, reference: str) -> float:
    """Return how much of two texts' words is common: F1 = 2 |A ∩ B| / (|A| + |B|) over multisets of words.

    Source: Rajpurkar et al. 2016, "SQuAD", arXiv 1606.05250, section 6.1; here words are normalised as everywhere in
    the project, and articles count.

    Args:
        answer: a text.
        reference: another.

    Returns:
        0 (no word in common) to 1 (the same words).
    """
    left, right = Counter(words(answer)), Counter(words(reference))
    total = left.total() + right.total()
    return 2 * (left & right).total() / total if total else 0.0


class Measured:
    """A registered measure, as a rating: what the evaluator would give the record."""

    def __init__(self, name: str, where: str) -> None:
        """Find the measure.

        Args:
            name: the measure's name, as in `grounding` or `heuristics.format`.
            where: who wants it, for the error text.

        Raises:
            StageError: no evaluator that works record by record and without a model gives it.
            PluginError: no stage bears the name before the dot.
        """
        kind = stages.load(name.partition(".")[0])
        if not issubclass(kind, Evaluator) or kind.asks:
            raise StageError(f"{where}: {kind.name!r} is no evaluator that rates one record at a time without a model")
        try:
            self._evaluator: Evaluator[Any] = kind()
        except ValidationError as error:
            raise StageError(f"{where}: {kind.name!r} cannot be used here, it needs options of its own") from error
        measures = {measure.name: measure for measure in self._evaluator.gives()}
        if name not in measures:
            raise StageError(f"{where}: {kind.name!r} gives no measure {name!r}{did_you_mean(name, measures)}")
        self._measure: Measure = measures[name]
        if self._measure.better == "neither":
            raise StageError(f"{where}: of {name!r} neither more nor less is better, so it cannot choose")

    async def rate(self, record: Record, context: Context) -> Rating:
        """Rate one answer; the sign is turned where less is better."""
        scores = await self._evaluator.score(record, context)
        score = next(score for score in scores if score.name == self._measure.name)
        if score.value is None:
            return Rating(None, score.explanation)
        sign = -1 if self._measure.better == "lower" else 1
        return Rating(sign * score.value, f"{score.name} {score.value:g}: {score.explanation}")


def judge_labels(context: Context, judge: str, *writers: str) -> tuple[tuple[str, str], ...]:
    """Return labels that name the judge, and say so where it judges what it wrote itself.

    Args:
        context: lends the models.
        judge: the judge, by the recipe's name; "" for the stage's own model.
        writers: those who wrote the answers, by the recipe's names; the stage's own model if none is named.

    Returns:
        The labels `judge` and, if it is one of the writers, `judge_is_writer`.
    """
    model = context.others.get(judge) if judge else context.model
    wrote = [context.others.get(writer) for writer in writers] or [context.model]
    name = model.name if model is not None else ""
    own = name in {writer.name for writer in wrote if writer is not None}
    return (("judge", name), *((("judge_is_writer", "yes"),) if own else ()))


def best_of(ratings: Sequence[Rating]) -> int | None:
    """Return the place of the highest rating; of equal ones the first; None if none has a value."""
    rated = [(rating.value, -place) for place, rating in enumerate(ratings) if rating.value is not None]
    return -max(rated)[1] if rated else None


def _in_range(number: str) -> float:
    value = float(number)
    if not 1 <= value <= 5:
        raise UnparsableReply(f"the rating {number} is not between 1 and 5")
    return value
