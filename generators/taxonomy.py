"""Records from a taxonomy: each leaf says what is to be learned, with a few examples, and a model writes more of them.

Knowledge: questions with answers are written about every passage of the leaf's document, with one passage and three
pairs of the leaf as example; a question that was there before is dropped; then, if the recipe names a judge, the answer
must be faithful to the passage, the pair relevant to it, and the question understandable by itself, in this order.
Skills: requests are written after the leaf's examples, judged, answered, and the answer is rated.

Judges are asked only if `judge` names a model: the verdict of a very small model on its own work is chance.

Source:
    Sudalairaj et al. 2024, "LAB: Large-Scale Alignment for ChatBots", arXiv 2403.01081, section 3, with the published
    pipelines of InstructLab. Ours differ: labelled lines instead of tags unless `faithful`, the leaf's examples are
    shown in turn, and a skill's text is the one of its example.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, ClassVar

import msgspec
from pydantic import Field

from curator.errors import UnparsableReply
from curator.record import Record, Turn, single_turn
from curator.stage import Context, Generator, GeneratorOptions, Prompt, Reading
from curator.stage.ordered import WINDOW, ordered_map
from curator.text.prompt import PromptFolder
from curator.text.words import normalise
from generators.leaves.asking import Asked, Wording, response_prompt
from generators.leaves.judges import JUDGES, KNOWLEDGE_JUDGES, SKILL_QUESTION, SKILL_RESPONSE, Judge, demonstrations
from generators.leaves.leaf import SkillLeaf, documents_of, read_leaves
from generators.leaves.replies import pairs_in, questions_in
from generators.shared.declined import UNANSWERABLE


class TaxonomyOptions(GeneratorOptions):
    """Options of `taxonomy`.

    Attributes:
        file: a `qna.yaml`, or a folder with several, relative to the workspace.
        pairs: how many questions a prompt asks for.
        rounds: how often each passage and each skill is asked about, each time with other examples of the leaf.
        max_words: the longest passage, in words.
        judge: the recipe's name of the model that judges; "" leaves the judges out.
        min_rating: the least rating of a skill's response, 1 to 3.
        faithful: whether to ask as InstructLab does: one long instruction, with tags.
    """

    file: Path
    pairs: int = Field(default=3, ge=1, le=20)
    rounds: int = Field(default=5, ge=1, le=1000)
    max_words: int = Field(default=180, ge=20, le=5000)
    judge: str = ""
    min_rating: int = Field(default=2, ge=1, le=3)
    faithful: bool = False


class Draft(msgspec.Struct, frozen=True):
    """A record on its way through the judges, with the prompt and the replies that it took so far."""

    record: Record
    prompt: Prompt
    readings: tuple[Reading[Any], ...] = ()


class Taxonomy(Generator[TaxonomyOptions]):
    """Writes records after the leaves of a taxonomy; see the module's docstring."""

    name: ClassVar[str] = "taxonomy"
    Options: ClassVar[type[GeneratorOptions]] = TaxonomyOptions
    checks = (
        {"use": "heuristics"},
        {"use": "self-containment"},
        {"use": "threshold", "name": "well-formed", "options": {"score": "heuristics.format", "min": 1}},
        {"use": "threshold", "name": "self-contained", "options": {"score": "self-containment", "min": 1}},
        {"use": "grounding"},
        {
            "use": "threshold",
            "name": "grounded",
            "options": {"score": "grounding", "min": 0.8, "unscored": "keep"},  # skills rest on no passage
        },
        {"use": "exact-dedup", "options": {"field": "instruction"}},
        {"use": "near-dedup"},
    )
    input_option = "file"
    example = "curator generate taxonomy qna.yaml -n 20 --out knowledge.jsonl"

    def per_prompt(self) -> int:
        """Return how many questions a prompt asks for."""
        return self.options.pairs

    def requests_per_prompt(self) -> tuple[int, int]:
        """Return the replies a prompt takes: one, and for each question up to an answer and the judges."""
        return (1, 1 + self.options.pairs * (3 if self.options.judge else 1))

    def also_asks(self) -> tuple[str, ...]:
        """Return the judge's name."""
        return (self.options.judge,) if self.options.judge else ()

    def check(self, context: Context) -> None:
        """Read the leaves and their documents.

        Args:
            context: the context of the run to come.

        Raises:
            RecipeError: a file is no leaf: which key is missing or wrong, with its line.
            StageError: there is no leaf, its document is not here, or a prompt file is wrong.
        """
        folder = self.prompt_folder(context)
        for judge in JUDGES:
            demonstrations(folder, judge)
        for leaf in read_leaves(context.path(self.options.file)):
            documents_of(leaf, context.documents)

    def prompts(self, context: Context) -> Iterator[Prompt | Record]:
        """Yield what to ask, round by round over all leaves.

        Args:
            context: the stage's surroundings.

        Yields:
            One prompt a passage of a leaf's documents, or a skill.
        """
        options = self.options
        wording = Wording(self.prompt_folder(context), options.pairs, options.max_words, faithful=options.faithful)
        leaves = [(leaf, documents_of(leaf, context.documents)) for leaf in read_leaves(context.path(options.file))]
        for turn in range(self.options.rounds):
            for leaf, documents in leaves:
                yield from wording.of_leaf(leaf, documents, turn, context)

    def parse(self, reply: str, prompt: Prompt) -> Iterable[Record]:
        """Read the questions of a reply, for knowledge with their answers.

        Args:
            reply: the model's text.
            prompt: the prompt; its item says which leaf and passage it is about.

        Returns:
            One record a question; one without an answer, one too many, and a passage that the model calls
            unanswerable are marked as dropped.

        Raises:
            UnparsableReply: there is no question in it.
        """
        asked: Asked = prompt.item
        if isinstance(asked.leaf.content, SkillLeaf):
            records = [single_turn(question, "", input=asked.passage) for question in questions_in(reply)]
        elif UNANSWERABLE.search(reply):
            return [Record((*prompt.turns, Turn("assistant", reply))).dropped(self.key, "unanswerable")]
        else:
            records = [self._answered(question, answer) for question, answer in pairs_in(reply)]
        surplus = f"{self.options.pairs} were asked for"
        return [
            record if number < self.options.pairs or record.drop else record.dropped(self.key, "surplus", surplus)
            for number, record in enumerate(records)
        ]

    async def candidates(self, prompts: AsyncIterator[Prompt | Record], context: Context) -> AsyncIterator[Record]:
        """Ask for questions, drop those that were there before, then judge and answer, many at a time.

        Args:
            prompts: what to ask.
            context: the stage's surroundings; its `limit` bounds the candidates.

        Yields:
            The candidates in the order of the prompts, dropped ones included.
        """
        limit = sys.maxsize if context.limit is None else context.limit
        made = 0
        folder = self.prompt_folder(context)

        async def draft(prompt: Prompt | Record) -> list[Draft]:
            return [Draft(prompt, Prompt(()))] if isinstance(prompt, Record) else await self._drafts(prompt, context)

        async def finish(found: Draft) -> Record:
            return await self._finished(found, folder, context)

        def window() -> int:
            return min(WINDOW, -(-(limit - made) // self.per_prompt()))

        if limit <= 0:
            return
        async with (
            aclosing(ordered_map(self._spoken(prompts, context), draft, window)) as batches,
            aclosing(self._first_asked(batches, context)) as new,
            aclosing(ordered_map(new, finish, lambda: min(WINDOW, limit - made))) as finished,
        ):
            async for record in finished:
                made += 1
                yield record
                if made >= limit:
                    return

    async def _drafts(self, prompt: Prompt, context: Context) -> list[Draft]:
        reading = await self.ask(prompt, context, lambda reply: list(self.parse(reply.text, prompt)))
        if reading.value is None:
            return [Draft(self.failed(prompt, context, reading), prompt, (reading,))]
        return [Draft(record, prompt, (reading,)) for record in reading.value]

    async def _first_asked(self, batches: AsyncIterator[list[Draft]], context: Context) -> AsyncGenerator[Draft]:
        """Mark the questions that a leaf's examples or an earlier reply asked already."""
        seen = {
            normalise(question): "an example of the leaf"
            for leaf in read_leaves(context.path(self.options.file))
            for question in leaf.questions()
        }
        async for batch in batches:
            for draft in batch:
                record = draft.record
                if record.drop is None:
                    form = normalise(record.messages[0].content)
                    if form in seen:
                        record = record.dropped(self.key, "duplicate-question", f"asked before, in {seen[form]}")
                    seen.setdefault(form, "an earlier reply")
                yield msgspec.structs.replace(draft, record=record)

    async def _finished(self, draft: Draft, folder: PromptFolder, context: Context) -> Record:
        """Judge, and for a skill answer, what was drafted."""
        if draft.record.drop is None:
            asked: Asked = draft.prompt.item
            content = asked.leaf.content
            if isinstance(content, SkillLeaf):
                draft = await self._skilled(draft, content, folder, context)
            else:
                parts = {
                    "passage": asked.passage,
                    "question": draft.record.instruction,
                    "answer": draft.record.response,
                }
                for judge in KNOWLEDGE_JUDGES:
                    draft = await self._judged(draft, judge, parts, folder, context)
        return self.signed(draft.record, draft.prompt, context, *draft.readings)

    async def _skilled(self, draft: Draft, leaf: SkillLeaf, folder: PromptFolder, context: Context) -> Draft:
        request = draft.record.messages[-1].content
        parts = {"task": leaf.task_description, "request": request}
        draft = await self._judged(draft, SKILL_QUESTION, parts, folder, context)
        if draft.record.drop is not None:
            return draft
        prompt = response_prompt(folder, leaf, draft.record)
        reading = await self.ask(prompt, context, lambda reply: _text(reply.text))
        if reading.value is None:
            failed = draft.record.dropped(self.key, reading.reason, reading.problem)
            return Draft(failed, draft.prompt, (*draft.readings, reading))
        answered = (*draft.record.messages, Turn("assistant", reading.value))
        record = msgspec.structs.replace(draft.record, messages=answered)
        done = Draft(record, draft.prompt, (reading, *draft.readings))
        parts |= {"response": reading.value}
        rated = msgspec.structs.replace(SKILL_RESPONSE, passes=self.options.min_rating)
        return await self._judged(done, rated, parts, folder, context)

    async def _judged(
        self, draft: Draft, judge: Judge, parts: dict[str, str], folder: PromptFolder, context: Context
    ) -> Draft:
        """Ask one judge, if there is one and the record is still in."""
        if not self.options.judge or draft.record.drop is not None:
            return draft
        reading = await self.ask(
            judge.prompt(folder, parts), context, lambda reply: (judge.read(reply.text),), model=self.options.judge
        )
        record = draft.record
        if reading.value is None:
            record = record.dropped(self.key, f"no-verdict-on-{judge.name.replace('_', '-')}", reading.problem)
        else:
            (points,) = reading.value
            record = record.with_origin(labels=(*record.origin.labels, (f"judge.{judge.name}", str(points))))
            if points < judge.passes and reading.answer is not None:
                record = record.dropped(self.key, judge.reason, reading.answer.reply.text.strip())
        return Draft(record, draft.prompt, (*draft.readings, reading))

    def _answered(self, question: str, answer: str) -> Record:
        record = single_turn(question, answer)
        return record if answer else record.dropped(self.key, "no-answer", "the question has no answer")


def _text(reply: str) -> str:
    if not reply.strip():
        raise UnparsableReply("the reply is blank")
    return reply.strip()
