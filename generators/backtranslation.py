"""Instructions for texts that people wrote: the passage is the response, and the model writes what was asked.

A passage is one or more whole paragraphs of a document, taken letter for letter, so the response is human and the model
only has to guess a request. Two styles. `humpback`: an instruction is written after the pattern of seed pairs, then the
model scores the pair from 1 to 5 (the reason first) and what scores too low is dropped; in a further round the pairs
that were kept become the pattern, and the passages that were dropped are tried again. A limit goes to new passages
first. `longform`: instructions, messages to a chatbot and search queries in turn, not scored unless `keep` says so.

Source:
    Li et al. 2023, "Self-Alignment with Instruction Backtranslation" (Humpback), arXiv 2308.06259, section 2. Where the
    paper fine-tunes the labelling and the scoring model anew in each round, ours shows the kept pairs as examples, and
    asks only about what was not kept.
    Köksal et al. 2023, "LongForm: Effective Instruction Tuning with Reverse Instructions", arXiv 2304.08460, section 3:
    the three styles of a request.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal

import msgspec
from pydantic import Field

from curator.errors import StageError
from curator.llm.base import ChatReply, Sampling
from curator.record import Origin, Record, Turn, single_turn
from curator.stage import Context, Generator, GeneratorOptions, Prompt
from curator.stage.ordered import as_stream
from curator.text.evidence import find_quote
from curator.text.words import words
from generators.shared.few_shot import examples_in, shown
from generators.shared.paragraphs import Paragraphs, whole_paragraphs
from generators.shared.plain_reply import is_cut_off, is_much_like, line_in
from generators.shared.self_curation import rating_in, rating_prompt
from generators.tasks.seed_pairs import read_seed_pairs

InstructionStyle = Literal["imperative", "chatbot", "search-query"]

SHOWN = 3
"""How many pairs are shown as examples."""

LONGEST_INSTRUCTION_WORDS = 60
"""A longer request is no request but a retelling of the passage."""

WRITING = Sampling(temperature=0.3, max_tokens=96, stop=("\n",))
FAITHFUL_KEEP, MODERN_KEEP = 5, 4
FAITHFUL_ROUNDS = 2


class BacktranslationOptions(GeneratorOptions):
    """Options of `backtranslation`.

    Attributes:
        style: "humpback" (written after seed pairs, then scored) or "longform" (three styles of request in turn).
        styles: the styles of request that `longform` takes in turn: imperative, chatbot, search-query.
        seeds: a dataset file of instructions and responses to show as examples; ours unless given. For `humpback`.
        keep: the lowest score, 1 to 5, of the pairs that stay; 0 scores nothing. Unless said 4 for `humpback` (5 if
            `faithful`), 0 for `longform`.
        rounds: how often a passage is tried; from the second time on the examples are pairs that were kept. 1 unless
            said (2 if `faithful`).
        judge: the recipe's name of the model that scores; "" for the stage's own.
        min_words: the shortest passage, in words.
        max_words: the longest passage, in words.
        tag: a system prompt that the records bear, so that a model can tell this data from others.
        seed_tag: if given, the seed pairs become records, too, with this system prompt.
        faithful: the paper's numbers: two rounds, only pairs of score 5.
    """

    style: Literal["humpback", "longform"] = "humpback"
    styles: tuple[InstructionStyle, ...] = Field(default=("imperative", "chatbot", "search-query"), min_length=1)
    seeds: Path | None = None
    keep: int | None = Field(default=None, ge=0, le=5)
    rounds: int | None = Field(default=None, ge=1, le=10)
    judge: str = ""
    min_words: int = Field(default=25, ge=1)
    max_words: int = Field(default=180, ge=20, le=5000)
    tag: str = ""
    seed_tag: str = ""
    faithful: bool = False


class Labelling(msgspec.Struct, frozen=True):
    """What one prompt is about: the passage, the style of the request, and which try it is."""

    passage: Paragraphs
    style: InstructionStyle
    round: int = 1


class Backtranslation(Generator[BacktranslationOptions]):
    """Writes the instruction that a passage of a document answers; see the module's docstring."""

    name: ClassVar[str] = "backtranslation"
    Options: ClassVar[type[GeneratorOptions]] = BacktranslationOptions
    checks = (
        {"use": "heuristics"},
        {"use": "threshold", "name": "specific", "options": {"score": "heuristics.instruction_words", "min": 4}},
        {"use": "exact-dedup", "options": {"field": "instruction"}},
        {"use": "near-dedup"},
    )
    example: ClassVar[str] = "curator generate backtranslation handbook.md -n 20 --out instructions.jsonl"

    @property
    def keep(self) -> int:
        """The lowest score of the pairs that stay; 0 where nothing is scored."""
        options = self.options
        if options.keep is not None:
            return options.keep
        if options.style == "longform":
            return 0
        return FAITHFUL_KEEP if options.faithful else MODERN_KEEP

    @property
    def rounds(self) -> int:
        """How often a passage is tried at most; once where nothing is scored, since nothing is then dropped."""
        wanted = self.options.rounds or (FAITHFUL_ROUNDS if self.options.faithful else 1)
        return wanted if self.keep else 1

    def also_asks(self) -> tuple[str, ...]:
        """Return the name of the model that scores."""
        return (self.options.judge,) if self.options.judge and self.keep else ()

    def requests_per_prompt(self) -> tuple[int, int]:
        """Return how many replies a passage takes, all rounds together."""
        return (1, 2 * self.rounds if self.keep else 1)

    def check(self, context: Context) -> None:
        """See that there are passages, and seeds.

        Args:
            context: the context of the run to come.

        Raises:
            StageError: no document has a paragraph of the length wanted, or seeds or prompts are wrong.
            FormatError: the file of seeds cannot be read.
        """
        if next(whole_paragraphs(context.documents, self.options.min_words, self.options.max_words), None) is None:
            raise StageError(
                f"{self.key}: no paragraph of {self.options.min_words} to {self.options.max_words} words is in "
                "`sources:`; name a document of running text, or change min_words and max_words"
            )
        self._examples(context)

    def prompts(self, context: Context) -> Iterator[Prompt | Record]:
        """Yield the seed pairs, if they are wanted, and a prompt a passage.

        Args:
            context: the stage's surroundings.

        Yields:
            Records of seed pairs, then the prompts of the first round.
        """
        if self.options.seed_tag:
            for seed in self._seeds(context):
                part = Origin(labels=(("part", "seed"),))
                yield single_turn(seed["reply"], seed["passage"], system=self.options.seed_tag, origin=part)
        examples = self._examples(context)
        longform = self.options.style == "longform"
        styles: tuple[InstructionStyle, ...] = self.options.styles if longform else ("imperative",)
        passages = whole_paragraphs(context.documents, self.options.min_words, self.options.max_words)
        for number, passage in enumerate(passages):
            yield self._prompt(Labelling(passage, styles[number % len(styles)]), examples, context)

    def parse(self, reply: str, prompt: Prompt) -> Iterable[Record]:
        """Read the request that was written for a passage.

        Args:
            reply: the model's text.
            prompt: the prompt; its item is the `Labelling`.

        Returns:
            One record; marked as dropped where the request is a retelling of the passage.

        Raises:
            UnparsableReply: there is no line of words in it.
        """
        item: Labelling = prompt.item
        request = line_in(reply, "instruction", "request", "message", "query", "search query", "question", "prompt")
        part = Origin(labels=(("part", "augmented"),))
        record = single_turn(request, item.passage.text, system=self.options.tag, origin=part)
        if len(words(request)) > LONGEST_INSTRUCTION_WORDS:
            record = record.dropped(self.key, "instruction-too-long", f"more than {LONGEST_INSTRUCTION_WORDS} words")
        elif find_quote(request, item.passage.text) is not None:
            record = record.dropped(self.key, "instruction-copies-passage", "it is a piece of the response")
        elif is_much_like(request, (turn.content for turn in prompt.turns if turn.role == "assistant")):
            record = record.dropped(self.key, "instruction-copies-example", "it asks what an example asks")
        return [record]

    async def answer(self, prompt: Prompt, context: Context) -> list[Record]:
        """Have the request written and the pair scored.

        Args:
            prompt: the prompt about a passage.
            context: the stage's surroundings.

        Returns:
            One record.

        Raises:
            StageError: the recipe lent this stage no model.
            ProviderError: the endpoint cannot serve.
        """
        written = await self.ask(prompt, context, lambda reply: self._written(reply, prompt))
        if written.value is None:
            return [self.failed(prompt, context, written)]
        record = written.value
        if record.drop is not None or not self.keep:
            return [self.signed(record, prompt, context, written)]
        question = rating_prompt(self.prompt_folder(context), record.instruction, record.response)
        scored = await self.ask(question, context, rating_in, model=self.options.judge)
        if scored.value is None:
            record = record.dropped(self.key, "not-scored", scored.problem)
            return [self.signed(record, prompt, context, written, scored)]
        score, reason = scored.value
        if score < self.keep:
            record = record.dropped(self.key, "below-curation", f"score {score}, wanted {self.keep}: {reason}")
        labels = (*record.origin.labels, ("curation", str(score)))
        return [self.signed(record.with_origin(labels=labels), prompt, context, written, scored)]

    def _written(self, reply: ChatReply, prompt: Prompt) -> Record:
        (record,) = self.parse(reply.text, prompt)
        if record.drop is None and is_cut_off(reply):
            return record.dropped(self.key, "instruction-cut-off", "it had not ended when its tokens were used up")
        return record

    async def candidates(self, prompts: AsyncIterator[Prompt | Record], context: Context) -> AsyncIterator[Record]:
        """Try the passages, and those again that were dropped, after the pattern of those that were kept.

        Args:
            prompts: the seeds, and the prompts of the first round.
            context: the stage's surroundings.

        Yields:
            The candidates of all rounds, dropped ones included.
        """
        left = sys.maxsize if context.limit is None else context.limit
        kept: list[Record] = []
        for number in range(1, self.rounds + 1):
            asked: list[Labelling] = []
            missed: list[Labelling] = []
            tried = 0
            batch = dataclasses.replace(context, limit=left if context.limit is not None else None)
            async for record in super().candidates(_noted(prompts, asked), batch):
                left -= 1
                yield record
                if record.origin.label("part") == "seed":
                    continue
                item, tried = asked[tried], tried + 1
                if record.drop is None:
                    kept.append(record)
                else:
                    missed.append(item)
            if number == self.rounds or not kept or left <= 0:
                return  # without a new pattern the same would be asked again
            prompts = as_stream(list(self._again(missed, number + 1, kept, context)))

    def _again(
        self, missed: Iterable[Labelling], number: int, kept: Sequence[Record], context: Context
    ) -> Iterator[Prompt]:
        best = sorted(kept, key=lambda record: -int(record.origin.label("curation")))[:SHOWN]
        examples = [{"passage": record.response, "reply": record.instruction} for record in best]
        for item in missed:
            yield self._prompt(msgspec.structs.replace(item, round=number), examples, context)

    def _prompt(self, item: Labelling, examples: Sequence[Mapping[str, str]], context: Context) -> Prompt:
        folder, name = self.prompt_folder(context), item.style.replace("-", "_")
        own = [{"passage": pair["passage"], "reply": pair.get(name, pair["reply"])} for pair in examples]
        turns = (
            Turn("system", folder.render("system")),
            *shown(folder, name, own),
            Turn("user", folder.render(name, passage=item.passage.text)),
        )
        labels = (("style", self.options.style), ("instruction_style", item.style), ("round", str(item.round)))
        return Prompt(turns, item=item, sampling=WRITING, source=item.passage.source, labels=labels)

    def _examples(self, context: Context) -> Sequence[Mapping[str, str]]:
        seeds, most = self._seeds(context), self.options.max_words
        fit = [seed for seed in seeds if self.options.seeds is None or len(words(seed["passage"])) <= most]
        if not fit:
            raise StageError(f"{self.key}: no response of {self.options.seeds} is within max_words; raise max_words")
        return fit if len(fit) <= SHOWN else context.random("seeds").sample(fit, SHOWN)

    def _seeds(self, context: Context) -> list[dict[str, str]]:
        """Return the seed pairs, as `reply` (what was asked) to `passage`; ours have one for each style besides."""
        if self.options.seeds is None:
            ours = examples_in(self.prompt_folder(context), "examples")
            return [{"reply": seed["imperative"], **seed} for seed in ours]
        return read_seed_pairs(context.path(self.options.seeds))


async def _noted(prompts: AsyncIterator[Prompt | Record], asked: list[Labelling]) -> AsyncIterator[Prompt | Record]:
    """Pass prompts on and note what each is about: each makes one record, and they come in order."""
    async for prompt in prompts:
        if isinstance(prompt, Prompt):
            asked.append(prompt.item)
        yield prompt
