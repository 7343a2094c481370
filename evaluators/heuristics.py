"""Cheap signs of a poor record: its length, its repetitions, and the faults that models leave in answers."""

from __future__ import annotations

from typing import ClassVar

from curator.record import Record, Score
from curator.stage.base import Measure, StageOptions
from curator.stage.context import Context
from curator.stage.evaluator import Evaluator
from curator.text.words import word_ngrams, words
from evaluators.faults import faults


class Heuristics(Evaluator[StageOptions]):
    """Measures what can be told without a model.

    - `heuristics.instruction_words`, `heuristics.response_words`: words, from 0, neither direction better.
    - `heuristics.repetition`: 1 - distinct / all word 3-grams of the response; 0 (none occurs twice) to below 1; lower
      is better; 0 below three words.
    - `heuristics.format`: 1 if none of the faults is found that `evaluators.faults` lists (empty, truncated, unfilled
      placeholder, role leakage, response equals instruction, refusal, broken code fence), otherwise 0.

    Source: the repetition share follows Rae et al., 2021, arXiv 2112.11446, section A1.1, counted in n-grams instead of
    characters; the faults are the usual ones of released instruction sets.
    """

    name: ClassVar[str] = "heuristics"

    def gives(self) -> tuple[Measure, ...]:
        """Return the four measures."""
        return (
            Measure("heuristics.instruction_words", "words", high=None, better="neither"),
            Measure("heuristics.response_words", "words", high=None, better="neither"),
            Measure("heuristics.repetition", "share of word 3-grams that repeat another", better="lower"),
            Measure("heuristics.format", "1 without faults, 0 with"),
        )

    async def score(self, record: Record, context: Context) -> tuple[Score, ...]:
        """Measure one record.

        Args:
            record: the record.
            context: not used.

        Returns:
            The four scores.
        """
        instruction, response = record.instruction, record.response
        found = list(faults(instruction, response))
        return (
            Score("heuristics.instruction_words", len(words(instruction))),
            Score("heuristics.response_words", len(words(response))),
            _repetition(response),
            Score("heuristics.format", 0.0 if found else 1.0, "; ".join(found)),
        )


def _repetition(text: str) -> Score:
    runs = word_ngrams(text, 3) if len(words(text)) >= 3 else []
    if not runs:
        return Score("heuristics.repetition", 0.0, "fewer than three words")
    repeated = len(runs) - len(set(runs))
    return Score("heuristics.repetition", repeated / len(runs), f"{repeated} of {len(runs)} 3-grams repeat another")
