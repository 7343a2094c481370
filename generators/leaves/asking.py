"""What a model is asked about a leaf: questions with answers on a passage, requests for a skill, a response."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from curator.llm.base import Sampling
from curator.record import Record, Source, Turn
from curator.stage import Context, Prompt
from curator.text.chunks import chunk_document
from curator.text.document import Document
from curator.text.prompt import PromptFolder
from generators.leaves.leaf import Leaf, SkillLeaf

SHOWN = 3
"""How many examples of a leaf a prompt shows."""

TOKENS_A_PAIR = 90
"""More than a question with its answer takes, and less than a small model needs to lose itself behind them."""


class Asked(msgspec.Struct, frozen=True):
    """What a prompt is about: a leaf, and a passage of its document, or the text of a skill's example."""

    leaf: Leaf
    passage: str = ""
    source: Source | None = None


class Wording:
    """Puts what a leaf is about into prompts."""

    def __init__(self, folder: PromptFolder, pairs: int, max_words: int, *, faithful: bool) -> None:
        """Ask for so many pairs.

        Args:
            folder: the prompts.
            pairs: how many questions a prompt asks for.
            max_words: the longest passage, in words.
            faithful: whether to ask as InstructLab does.
        """
        self._folder = folder
        self._pairs = pairs
        self._max_words = max_words
        self._faithful = faithful

    def of_leaf(self, leaf: Leaf, documents: Sequence[Document], turn: int, context: Context) -> Iterator[Prompt]:
        """Yield one round's prompts of a leaf.

        Args:
            leaf: the leaf.
            documents: its documents.
            turn: the number of the round, from 0; each shows other examples.
            context: the stage's surroundings.

        Yields:
            One prompt a passage; one for a skill.
        """
        if isinstance(leaf.content, SkillLeaf):
            yield self._skill(leaf, leaf.content, turn, context)
            return
        kept = {document.digest for document in context.documents}
        seeds = leaf.content.seed_examples
        place = turn
        for document in documents:
            for chunk in chunk_document(document, max_words=self._max_words):
                seed = seeds[place % len(seeds)]
                place += 1
                values = {
                    "domain": leaf.content.domain,
                    "outline": " ".join(leaf.content.document_outline.split()),
                    "example": seed.context.strip(),
                    "pairs": seed.questions_and_answers[:SHOWN],
                    "passage": chunk.text,
                    "count": self._pairs,
                }
                span = Source(document.name, document.digest, chunk.index, chunk.start, chunk.end, chunk.chapter)
                # A document that the run does not keep cannot be looked up, so its place is noted as a fact only.
                source = span if document.digest in kept else None
                noted = () if source else (("passage", f"{document.name}:{chunk.start}-{chunk.end}"),)
                turns = self._tagged(values) if self._faithful else self._labelled(values)
                yield self._prompt(
                    turns, Asked(leaf, chunk.text, source), turn, (("domain", leaf.content.domain), *noted)
                )

    def _labelled(self, values: dict[str, Any]) -> tuple[Turn, ...]:
        example = {**values, "passage": values["example"], "count": len(values["pairs"])}
        return (
            Turn("system", self._folder.render("knowledge_system", **values)),
            Turn("user", self._folder.render("knowledge", **example)),
            Turn("assistant", self._folder.render("pairs", pairs=values["pairs"])),
            Turn("user", self._folder.render("knowledge", **values)),
        )

    def _tagged(self, values: dict[str, Any]) -> tuple[Turn, ...]:
        pairs = self._folder.render("pairs_tagged", pairs=values["pairs"])
        return (Turn("user", self._folder.render("knowledge_faithful", **{**values, "pairs": pairs})),)

    def _skill(self, leaf: Leaf, content: SkillLeaf, turn: int, context: Context) -> Prompt:
        shown = context.random(leaf.name, turn).sample(content.seed_examples, SHOWN)
        task, passage = _line(content.task_description), shown[-1].context
        turns = (
            Turn("system", task),
            Turn("user", self._folder.render("skill_questions", task=task, count=SHOWN, passage="")),
            Turn("assistant", "\n".join(f"Request: {_line(seed.question)}" for seed in shown)),
            Turn("user", self._folder.render("skill_questions", task=task, count=self._pairs, passage=passage)),
        )
        return self._prompt(turns, Asked(leaf, passage), turn, (("task", task),))

    def _prompt(self, turns: tuple[Turn, ...], asked: Asked, turn: int, facts: tuple[tuple[str, str], ...]) -> Prompt:
        labels = (("leaf", asked.leaf.name), *facts, ("round", str(turn)))
        sampling = Sampling(stop=("<passage>",), max_tokens=TOKENS_A_PAIR * (2 if self._faithful else 1) * self._pairs)
        return Prompt(turns, item=asked, sampling=sampling, source=asked.source, labels=labels)


def response_prompt(folder: PromptFolder, leaf: SkillLeaf, record: Record) -> Prompt:
    """Return the question for the response to a request, with the leaf's first examples as a dialogue before it.

    Args:
        folder: the prompts.
        leaf: the skill.
        record: the request.

    Returns:
        The prompt.
    """
    turns = [Turn("system", _line(leaf.task_description))]
    for seed in leaf.seed_examples[:SHOWN]:
        turns += [
            Turn("user", folder.render("skill_request", request=seed.question, passage=seed.context)),
            Turn("assistant", seed.answer.strip()),
        ]
    asked = folder.render("skill_request", request=record.instruction, passage=record.input)
    return Prompt((*turns, Turn("user", asked)))


def _line(text: str) -> str:
    return " ".join(text.split())
