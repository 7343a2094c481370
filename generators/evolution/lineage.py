"""What the evolving methods share: lineages, in which round after round changes the fittest text so far.

A lineage begins with a record from above. Each round draws an operator and asks for a child of the current parent. A
child that passes every check is the parent of the next round; one that does not is dropped under its reason, and its
parent goes into the next round unchanged. Lineages run side by side, the rounds of each one after another.

Source:
    The schedule: Xu et al. 2023, "WizardLM", arXiv 2304.12244, section 3. There all instructions finish an epoch
    before the next begins; lineages do not depend on each other, so here they need not wait.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from typing import TypeVar

import msgspec
from pydantic import Field

from curator.llm.base import Sampling
from curator.record import Record, Turn
from curator.stage import AskingOptions, Context, Prompt, Transformer
from curator.text.diff import word_diff
from curator.text.prompt import PromptFolder
from curator.text.words import jaccard, words
from generators.evolution.operators import Operator, draw

_EXAMPLE = re.compile(
    r"^(?:Prompt: (?P<prompt>.*?)\n)?Before: (?P<before>.*?)\nAfter: (?P<after>.*?)(?:\n\n|\Z)", re.M | re.S
)


class EvolvingOptions(AskingOptions):
    """Options of the methods that evolve records.

    Attributes:
        rounds: how many times each record is evolved, one operator a time.
        weights: how often an operator is drawn, relative to the others, as in `{in-breadth: 2, deepen: 0}`; one that is
            not named has 1.
    """

    rounds: int = Field(default=2, ge=1, le=20)
    weights: dict[str, float] = Field(default_factory=dict)


EvolvingOptionsT = TypeVar("EvolvingOptionsT", bound=EvolvingOptions)


class Round(msgspec.Struct, frozen=True):
    """Where a lineage stands: its seed, the current parent, this round's number and the number of its last."""

    seed: Record
    parent: Record
    number: int
    last: int


class Method(msgspec.Struct, frozen=True):
    """An operator's prompt: what it asks for, and examples as (prompt, before, after)."""

    text: str
    examples: tuple[tuple[str, str, str], ...]


class Evolving(Transformer[EvolvingOptionsT]):
    """A method that evolves records in rounds; a subclass says what is asked and what becomes of a reply."""

    def per_prompt(self) -> int:
        """Return how many records a lineage gives, about: one a round."""
        return self.options.rounds

    @property
    @abstractmethod
    def operators(self) -> tuple[Operator, ...]:
        """The operators to draw from."""

    @abstractmethod
    def evolvable(self, record: Record) -> bool:
        """Return whether `record` has what is evolved."""

    @abstractmethod
    def turns(self, parent: Record, operator: Operator, folder: PromptFolder) -> tuple[Turn, ...]:
        """Return what is sent to have a parent changed.

        Args:
            parent: the parent.
            operator: how it is to be changed.
            folder: the method's prompts.

        Returns:
            The turns of the prompt.
        """

    @abstractmethod
    async def children(self, prompt: Prompt, context: Context, sample: int) -> list[Record]:
        """Ask for children, and check them.

        Args:
            prompt: what to ask; its item is the `Round`.
            context: the stage's surroundings.
            sample: which draw of this prompt is wanted.

        Returns:
            One or more records with their origin; those that are not fit are dropped.
        """

    def sampling(self) -> Sampling:
        """Return how the method wants tokens drawn; nothing where it leaves that to the model."""
        return Sampling()

    def check(self, context: Context) -> None:
        """See that the overriding prompts, if any, are what they should be.

        Args:
            context: the context of the run to come.

        Raises:
            StageError: they are not.
        """
        self.prompt_folder(context)

    def prompts_for(self, record: Record, context: Context) -> Iterable[Prompt | Record]:
        """Return the first round's prompt.

        Args:
            record: the seed of the lineage.
            context: the stage's surroundings.

        Returns:
            One prompt; none for a record that has nothing to evolve.
        """
        if not self.evolvable(record):
            return []
        return [self._prompt(Round(record, record, 1, self.options.rounds), context)]

    async def candidates(self, prompts: AsyncIterator[Prompt | Record], context: Context) -> AsyncIterator[Record]:
        """Carry the lineages out; the last ones of a limited run get fewer rounds instead of wasted ones.

        Args:
            prompts: the first prompt of each lineage.
            context: the stage's surroundings.

        Yields:
            The records of each lineage, round by round, in the order of the seeds.
        """
        wanted = prompts if context.limit is None else _rationed(prompts, context.limit)
        made = super().candidates(wanted, context)
        async with aclosing(made) as records:  # type: ignore[type-var]
            async for record in records:
                yield record

    async def answer(self, prompt: Prompt, context: Context) -> list[Record]:
        """Carry one lineage out.

        Args:
            prompt: its first round's prompt.
            context: the stage's surroundings.

        Returns:
            The records of all rounds, in order, dropped ones included.
        """
        persona = dict(prompt.labels).get("persona", "")
        made: list[Record] = []
        failures = 0
        while True:
            round_: Round = prompt.item
            found = await self.children(prompt, context, failures)
            made += found
            heir = next((record for record in found if record.drop is None), None)
            failures = 0 if heir else failures + 1  # the same question, asked again, is to be another draw
            if round_.number >= round_.last:
                return made
            parent = heir or round_.parent
            following = msgspec.structs.replace(round_, parent=parent, number=round_.number + 1)
            prompt = self._prompt(following, context, persona)

    def described(self, child: Record, before: str, after: str) -> Record:
        """Return `child` with what changed written down, for people and for counts.

        Args:
            child: the child.
            before: the parent's text.
            after: the child's text.

        Returns:
            The child, with the labels `diff`, `delta_words` and `similarity`: the share of common words, from "0.00"
            to "1.00".
        """
        old, new = words(before), words(after)
        labels = (
            ("diff", word_diff(before, after)),
            ("delta_words", str(len(new) - len(old))),
            ("similarity", f"{jaccard(frozenset(old), frozenset(new)):.2f}"),
        )
        return child.with_origin(labels=(*child.origin.labels, *labels))

    def first_of(self, children: list[Record]) -> list[Record]:
        """Return the children of one reply, all but the first dropped: a lineage has one heir a round."""
        return children[:1] + [
            child.dropped(self.key, "surplus-candidate", f"the reply offers {place} before it")
            for place, child in enumerate(children[1:], 1)
        ]

    def _prompt(self, round_: Round, context: Context, persona: str = "") -> Prompt:
        chance = context.random(round_.seed.id, round_.number)
        operator = draw(self.operators, self.options.weights, chance)
        turns = self.turns(round_.parent, operator, self.prompt_folder(context))
        labels = (("operator", operator.name), ("round", str(round_.number)))
        prompt = Prompt(turns, item=round_, sampling=self.sampling(), parents=(round_.parent.id,), labels=labels)
        return prompt.spoken_by(persona)


def method_of(operator: Operator, folder: PromptFolder) -> Method:
    """Read an operator's prompt: its first paragraph says what to do, `Before:` and `After:` lines give examples.

    Args:
        operator: the operator.
        folder: the method's prompts.

    Returns:
        The text and the examples.

    Raises:
        StageError: the prompt cannot be rendered.
    """
    text = folder.render(operator.prompt)
    examples = tuple((match["prompt"] or "", match["before"], match["after"]) for match in _EXAMPLE.finditer(text))
    return Method(text.partition("\n\n")[0], examples)


async def _rationed(prompts: AsyncIterator[Prompt | Record], limit: int) -> AsyncIterator[Prompt | Record]:
    """Pass lineages on until their rounds together reach `limit`; the last gets what is left."""
    left = limit
    async for prompt in prompts:
        if left <= 0:
            return
        if isinstance(prompt, Prompt):
            last = min(prompt.item.last, left)
            prompt = msgspec.structs.replace(prompt, item=msgspec.structs.replace(prompt.item, last=last))
            left -= last
        yield prompt
