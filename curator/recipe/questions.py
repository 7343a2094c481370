"""What the stages of a plan would ask, gone through or extrapolated before anything is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from curator.llm.prices import estimate_tokens, worst_prompt_tokens
from curator.record import Record, single_turn
from curator.stage import Context, Generator, Prompt, Transformer

MOST_MEASURED = 20_000
"""How many prompts of a stage are measured for an estimate; more are counted, and taken to be as long as these."""

SPECIMENS = 50
"""How many records stand for all that a stage makes, where the next one's questions depend on them."""

TYPICAL = single_turn("word " * 20, "word " * 60)
"""Stands for a record that a model is yet to write."""


@dataclass(frozen=True)
class Range:
    """A low and a high bound."""

    low: float = 0.0
    high: float = 0.0

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.high + other.high)


@dataclass
class Questions:
    """What a stage would ask, counted as it is gone through, so that no prompt need be kept.

    Attributes:
        ready: the records that need no model.
        asked: the prompts, at most.
        needed: the prompts, if each reply gives as many records as it can and none of them is dropped.
        specimens: the first of the records that need no model.
    """

    ready: Range = Range()
    asked: float = 0
    needed: float = 0
    specimens: list[Record] = field(default_factory=list)
    _measured: int = 0
    _low_tokens: int = 0
    _high_tokens: int = 0

    @property
    def tokens_each(self) -> Range:
        """How long a prompt is, in tokens."""
        return (
            Range(self._low_tokens / self._measured, self._high_tokens / self._measured) if self._measured else Range()
        )

    def measure(self, prompt: Prompt) -> None:
        """Let a prompt's length count."""
        if self._measured < MOST_MEASURED:
            texts = [turn.content for turn in prompt.turns]
            self._measured += 1
            self._low_tokens += sum(estimate_tokens(text)[0] for text in texts)
            self._high_tokens += worst_prompt_tokens([*texts, prompt.json_schema])


def questions_of(stage: Generator[Any], context: Context, wanted: float, most: float) -> Questions:
    """Go through a generator's prompts until `most` candidates would be made of them.

    Args:
        stage: the generator.
        context: its surroundings.
        wanted: how many candidates there need be.
        most: how many there may be.

    Returns:
        What it would ask.
    """
    found, ready = Questions(), 0
    for prompt in stage.prompts(context):
        if ready + found.asked >= most:
            break
        if isinstance(prompt, Prompt):
            found.asked += 1
            found.needed += ready + found.needed * stage.per_prompt() < wanted
            found.measure(prompt)
        else:
            ready += 1
            found.specimens += [prompt][: SPECIMENS - len(found.specimens)]
    found.ready = Range(ready, ready)
    return found


def questions_about(
    stage: Transformer[Any], context: Context, parents: Range, specimens: Sequence[Record], wanted: float, most: float
) -> Questions:
    """Extrapolate what a transformer would ask from what it asks about a few records.

    Args:
        stage: the transformer.
        context: its surroundings.
        parents: how many records it will be given.
        specimens: some of them; a typical record stands in where none is there yet.
        wanted: how many candidates there need be.
        most: how many there may be.

    Returns:
        What it would ask.
    """
    found = Questions()
    prompts = ready = 0
    looked_at = list(islice(specimens, SPECIMENS)) or [TYPICAL]
    for record in looked_at:
        for prompt in stage.prompts_for(record, context):
            if isinstance(prompt, Prompt):
                prompts += 1
                found.measure(prompt)
            else:
                ready += 1
    share = prompts / len(looked_at)
    found.ready = Range(parents.low * ready / len(looked_at), parents.high * ready / len(looked_at))
    found.asked = min(parents.high * share, most)
    found.needed = min(parents.low * share, wanted / stage.per_prompt())
    return found
