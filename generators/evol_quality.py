"""Evol-Quality: answers are rewritten to be better, round by round, and their prompts stay as they are.

One round: draw an aspect (helpfulness, relevance, depth, creativity, detail), have the parent's answer rewritten along
it, check the text. What passes is kept beside its parent and is the next round's parent, so that a lineage holds
answers of known order to the same prompt, of which preference pairs can be made.

Source:
    Liu et al. 2023, "What Makes Good Data for Alignment?" (DEITA), arXiv 2312.15685, section on evol quality: five
    rounds a seed. Prompts are in our words, with examples as turns of a dialogue. DEITA makes the versions to train a
    scorer; here they are records. It has no eliminator; ours is in `generators.evolution.eliminator`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Self

from pydantic import Field, model_validator

from curator.record import Record, Turn
from curator.stage import AskingOptions, Context, Prompt
from curator.text.prompt import PromptFolder
from generators.evolution.eliminator import EMPTY_CONTENT, REFUSAL, UNCHANGED, first_failure, scaffold_leak
from generators.evolution.lineage import Evolving, EvolvingOptions, method_of
from generators.evolution.operators import ASPECTS, Operator, weights_problem
from generators.evolution.replies import candidates_in, complete_text

SCAFFOLD = ("given response", "rewritten response")
"""What the prompts call the answers that they are about."""

CHECKS = (scaffold_leak(SCAFFOLD, ("prompt", "response")), REFUSAL, EMPTY_CONTENT, UNCHANGED)
"""What a rewritten answer must pass."""


class EvolQualityOptions(EvolvingOptions):
    """Options of `evol-quality`.

    Attributes:
        rounds: how many times each answer is rewritten, along one aspect a time; DEITA has 5.
    """

    rounds: int = Field(default=1, ge=1, le=20)

    @model_validator(mode="after")
    def _weights_fit(self) -> Self:
        if problem := weights_problem(self.weights, ASPECTS):
            raise ValueError(f"weights: {problem}")
        return self


class EvolQuality(Evolving[EvolQualityOptions]):
    """Evolves answers; see the module's docstring."""

    name: ClassVar[str] = "evol-quality"
    Options: ClassVar[type[AskingOptions]] = EvolQualityOptions
    checks = ({"use": "exact-dedup"},)
    example = "curator generate evol-quality answers.jsonl -n 20 --out better.jsonl"

    @property
    def operators(self) -> tuple[Operator, ...]:
        """The five aspects."""
        return ASPECTS

    def requests_per_prompt(self) -> tuple[int, int]:
        """Return the replies a lineage takes: one a round."""
        return self.options.rounds, self.options.rounds

    def evolvable(self, record: Record) -> bool:
        """Return whether the dialogue ends with an answer."""
        return record.messages[-1:] != () and record.messages[-1].role == "assistant" and bool(record.response.strip())

    def turns(self, parent: Record, operator: Operator, folder: PromptFolder) -> tuple[Turn, ...]:
        """Return the frame, the aspect's examples, and the parent's prompt and answer.

        Args:
            parent: the parent.
            operator: the aspect.
            folder: the method's prompts.

        Returns:
            The turns of the prompt.
        """
        method = method_of(operator, folder)

        def question(prompt: str, response: str) -> Turn:
            return Turn("user", folder.render("rewrite", method=method.text, prompt=prompt, response=response))

        turns = [Turn("system", folder.render("system"))]
        for prompt, before, after in method.examples:
            turns += [question(prompt, before), Turn("assistant", folder.render("rewritten", response=after))]
        return (*turns, question(asked_in(parent), parent.response))

    def parse(self, reply: str, prompt: Prompt) -> Iterable[Record]:
        """Read the rewritten answer, and check it.

        Args:
            reply: the model's text.
            prompt: the prompt; its item is the `Round`.

        Returns:
            The child: its parent's dialogue with another last answer; behind it, dropped, the others of a reply that
            offers several.

        Raises:
            UnparsableReply: the reply is blank.
        """
        parent: Record = prompt.item.parent
        made: list[Record] = []
        for text in candidates_in(reply, parent.response, choice=False):
            child = Record((*parent.messages[:-1], Turn("assistant", text)), input_at=parent.input_at)
            child = self.described(child, parent.response, text)
            failure = first_failure(CHECKS, text, parent.response)
            made.append(child.dropped(self.key, *failure) if failure else child)
        return self.first_of(made)

    async def children(self, prompt: Prompt, context: Context, sample: int) -> list[Record]:
        """Carry one round out.

        Args:
            prompt: what to ask; its item is the `Round`.
            context: the stage's surroundings.
            sample: which draw of this prompt is wanted.

        Returns:
            The child.
        """
        reading = await self.ask(
            prompt, context, lambda reply: list(self.parse(complete_text(reply), prompt)), sample=sample
        )
        if reading.value is None:
            return [self.failed(prompt, context, reading)]
        return [self.signed(record, prompt, context, reading) for record in reading.value]


def asked_in(record: Record) -> str:
    """Return what the last answer answers: the question, or the whole dialogue before it if there is more."""
    before = [turn for turn in record.messages[:-1] if turn.role != "system"]
    if len(before) == 1:
        return before[0].content
    return "\n\n".join(f"{turn.role}: {turn.content}" for turn in before)
