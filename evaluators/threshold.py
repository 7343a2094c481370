"""Drop records by one score."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import model_validator

from curator.record import Record, Score
from curator.stage.base import StageOptions
from curator.stage.context import Context
from curator.stage.selector import Rejection, Selector


class ThresholdOptions(StageOptions):
    """Options of `threshold`; at least one bound is wanted.

    Attributes:
        score: the score that decides, as in `grounding` or `judge.accuracy`.
        min: the smallest value that stays.
        max: the largest value that stays.
        unscored: what becomes of a record whose score has no value.
    """

    score: str
    min: float | None = None
    max: float | None = None
    unscored: Literal["keep", "drop"] = "drop"

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("threshold needs min, max, or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}: no record could stay")
        return self


class Threshold(Selector[ThresholdOptions]):
    """Keeps the records whose score lies between `min` and `max`, both included."""

    name: ClassVar[str] = "threshold"
    Options: ClassVar[type[StageOptions]] = ThresholdOptions

    def needs(self) -> frozenset[str]:
        """Return the score that decides."""
        return frozenset({self.options.score})

    def decide(self, record: Record, context: Context) -> Rejection | None:
        """Compare the score with the bounds.

        Args:
            record: the record.
            context: not used.

        Returns:
            None to keep it; otherwise `below-threshold`, `above-threshold` or `unscored`, with the evaluator's own
            explanation.
        """
        options = self.options
        score = next((score for score in reversed(record.scores) if score.name == options.score), None)
        if score is None or score.value is None:
            return None if options.unscored == "keep" else Rejection("unscored", _unscored(options.score, score))
        if options.min is not None and not score.value >= options.min:
            return Rejection("below-threshold", _detail(score, "<", options.min))
        if options.max is not None and not score.value <= options.max:
            return Rejection("above-threshold", _detail(score, ">", options.max))
        return None


def _unscored(name: str, score: Score | None) -> str:
    return f"{name}: {'never measured' if score is None else score.explanation or 'no value'}"


def _detail(score: Score, relation: str, bound: float) -> str:
    value, limit = f"{score.value:.2f}", f"{bound:.2f}"
    if value == limit:  # two decimals would hide the difference
        value, limit = f"{score.value!r}", f"{bound!r}"
    return f"{score.name} {value} {relation} {limit}" + (f": {score.explanation}" if score.explanation else "")
