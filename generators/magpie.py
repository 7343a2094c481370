"""Instructions out of nothing: an aligned model is given only the mark at which a user's turn begins, and writes one.

A model that was trained on dialogues knows how users ask. Given its chat template up to where the user's words would
stand, it draws a request (temperature 1, to the end of the line); asked in the usual way, it then answers it. What is
sent is the same every time, so each draw is a sample of its own. A system prompt steers the field.

The filters of the paper that need no reward model: a request that ends with a colon, that is too short, or that repeats
an earlier one is dropped. Difficulty, quality and category are asked for with `tag`.

Source:
    Xu et al. 2024, "Magpie: Alignment Data Synthesis from Scratch by Prompting Aligned LLMs with Nothing", arXiv
    2406.08464, section 2 (generation) and section 3 (tags, filters). Ours finds repetitions by their normal form
    instead of embeddings; its filter by a reward model, and by length, are for the stages behind.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Iterator
from functools import partial
from typing import ClassVar, Literal

from pydantic import Field

from curator.errors import UnparsableReply
from curator.llm.base import ChatReply, Sampling
from curator.llm.open_turn import before_special_tokens
from curator.record import Record, Turn, single_turn
from curator.stage import Context, Generator, GeneratorOptions, Prompt, Reading
from curator.text.words import normalise, words
from generators.shared.few_shot import examples_in, shown
from generators.shared.plain_reply import answer_in, is_cut_off

DEFAULT_DRAWS = 100
"""How many requests are drawn where neither the option nor the run says how many."""

TAGS = {
    "difficulty": ("very easy", "easy", "medium", "hard", "very hard"),
    "quality": ("very poor", "poor", "average", "good", "excellent"),
    "category": (
        *("information seeking", "reasoning", "planning", "editing", "coding", "math", "role playing"),
        *("data analysis", "creative writing", "advice seeking", "brainstorming", "other"),
    ),
}
"""What is asked about a request, and the answers there are: five, five and twelve, as in the paper."""

UNREAD = "unread"
"""The value of a tag whose answer could not be read."""

TAGGING = Sampling(temperature=0, max_tokens=16, stop=("\n",))


class MagpieOptions(GeneratorOptions):
    """Options of `magpie`; the numbers are the paper's.

    Attributes:
        n: how many requests are drawn; as many as the run wants unless said.
        template: the chat template of the model: chatml, llama-3, mistral, zephyr or gemma; "auto" for the model's own,
            which the embedded model and other local files tell, and servers do not.
        system: a system prompt that steers the field of the requests; it does not become part of the records.
        temperature: of the request's draw.
        top_p: of the request's draw.
        instruction_tokens: the longest request, in tokens; one that does not end is dropped.
        response_temperature: of the response; 0 is greedy.
        response_tokens: the longest response, in tokens; one that does not end is dropped.
        shortest_words: a request with fewer words is dropped.
        tag: ask for the difficulty, quality and category of each request, one question each.
        tagger: the recipe's name of the model that is asked for the tags; "" for the stage's own.
    """

    n: int | None = Field(default=None, ge=1)
    template: Literal["auto", "chatml", "llama-3", "mistral", "zephyr", "gemma"] = "auto"
    system: str = ""
    temperature: float = Field(default=1.0, ge=0, le=10)
    top_p: float = Field(default=1.0, gt=0, le=1)
    instruction_tokens: int = Field(default=128, ge=8)
    response_temperature: float = Field(default=0.0, ge=0, le=10)
    response_tokens: int = Field(default=512, ge=8)
    shortest_words: int = Field(default=3, ge=1)
    tag: bool = False
    tagger: str = ""


class Magpie(Generator[MagpieOptions]):
    """Draws requests from the model itself, and answers them; see the module's docstring."""

    name: ClassVar[str] = "magpie"
    Options: ClassVar[type[GeneratorOptions]] = MagpieOptions
    checks = (
        {"use": "heuristics"},
        {"use": "threshold", "name": "well-formed", "options": {"score": "heuristics.format", "min": 1}},
        {"use": "near-dedup"},
    )
    reads: ClassVar[str] = "nothing"
    example: ClassVar[str] = "curator generate magpie -n 20 --out magpie.jsonl"

    def also_asks(self) -> tuple[str, ...]:
        """Return the name of the model that tags."""
        return (self.options.tagger,) if self.options.tag and self.options.tagger else ()

    def requests_per_prompt(self) -> tuple[int, int]:
        """Return how many replies a draw takes: one where it is dropped at once."""
        return (1, 2 + (len(TAGS) if self.options.tag else 0))

    def check(self, context: Context) -> None:
        """Look at the prompts.

        Args:
            context: the context of the run to come.

        Raises:
            StageError: the folder of prompts is wrong.
        """
        self._tag_prompts("", context)

    def prompts(self, context: Context) -> Iterator[Prompt | Record]:
        """Yield the open turn, as often as requests are to be drawn.

        Args:
            context: the stage's surroundings.

        Yields:
            Equal prompts; the item is the number of the draw.
        """
        options = self.options
        system = (Turn("system", options.system),) if options.system else ()
        sampling = Sampling(
            temperature=options.temperature,
            top_p=options.top_p,
            max_tokens=options.instruction_tokens,
            stop=("\n",),
            open_turn=options.template,
        )
        for number in range(options.n or context.limit or DEFAULT_DRAWS):
            yield Prompt((*system, Turn("user", "")), item=number, sampling=sampling)

    def parse(self, reply: str, prompt: Prompt) -> Iterable[Record]:
        """Read a drawn request.

        Args:
            reply: what the model wrote into the open turn.
            prompt: the prompt.

        Returns:
            One record without a response, marked as dropped where the request is unfit.

        Raises:
            UnparsableReply: there is no word in it.
        """
        text = before_special_tokens(reply)
        request = text.splitlines()[0].strip() if text else ""
        if not words(request):
            raise UnparsableReply("the model wrote no request into the open turn")
        record = single_turn(request, "")
        if request.endswith((":", "：")):
            record = record.dropped(self.key, "ends-with-colon", "what it announces is missing")
        elif len(words(request)) < self.options.shortest_words:
            record = record.dropped(self.key, "too-short", f"fewer than {self.options.shortest_words} words")
        return [record]

    async def answer(self, prompt: Prompt, context: Context) -> list[Record]:
        """Draw a request, have it answered and, if wanted, tagged.

        Args:
            prompt: the open turn; its item is the number of the draw.
            context: the stage's surroundings.

        Returns:
            One record.

        Raises:
            StageError: the recipe lent this stage no model.
            ProviderError: the endpoint cannot serve, or cannot leave a user's turn open.
        """
        drawn = await self.ask(prompt, context, lambda reply: self._drawn(reply, prompt), sample=prompt.item)
        if drawn.value is None:
            return [self.failed(prompt, context, drawn)]
        if drawn.value.drop is not None:
            return [self.signed(drawn.value, prompt, context, drawn)]
        request = drawn.value.instruction
        sampling = Sampling(temperature=self.options.response_temperature, max_tokens=self.options.response_tokens)
        question = Prompt((Turn("user", request),), sampling=sampling, labels=prompt.labels)
        told = await self.ask(question, context, answer_in)
        if told.value is None or told.answer is None:
            return [self.failed(question, context, told, drawn)]
        record, whole = single_turn(request, told.value), not is_cut_off(told.answer.reply)
        if not whole:
            record = record.dropped(self.key, "response-cut-off", f"not ended in {self.options.response_tokens} tokens")
        tags = await self._tags(request, context) if whole else {}
        read = tuple((name, reading.value or UNREAD) for name, reading in tags.items())
        return [self.signed(record.with_origin(labels=read), prompt, context, drawn, told, *tags.values())]

    async def candidates(self, prompts: AsyncIterator[Prompt | Record], context: Context) -> AsyncIterator[Record]:
        """Yield what is drawn, and mark what repeats an earlier request.

        Args:
            prompts: the open turns.
            context: the stage's surroundings.

        Yields:
            The candidates, dropped ones included.
        """
        first: dict[str, int] = {}
        number = 0
        async for record in super().candidates(prompts, context):
            if record.drop is None:
                earlier = first.setdefault(normalise(record.instruction), number)
                if earlier != number:
                    record = record.dropped(self.key, "repeats", f"the request of candidate {earlier + 1}")
            number += 1
            yield record

    def _drawn(self, reply: ChatReply, prompt: Prompt) -> Record:
        (record,) = self.parse(reply.text, prompt)
        if record.drop is None and is_cut_off(reply):
            return record.dropped(self.key, "request-cut-off", f"not ended in {self.options.instruction_tokens} tokens")
        return record

    async def _tags(self, request: str, context: Context) -> dict[str, Reading[str]]:
        if not self.options.tag:
            return {}
        readings = {}
        for name, prompt in self._tag_prompts(request, context).items():
            read = partial(_tag_in, values=TAGS[name])
            readings[name] = await self.ask(prompt, context, read, model=self.options.tagger)
        return readings

    def _tag_prompts(self, request: str, context: Context) -> dict[str, Prompt]:
        folder = self.prompt_folder(context)
        examples = examples_in(folder, "examples")
        prompts = {}
        for name in TAGS:
            before = shown(folder, name, examples, reply=name)
            prompts[name] = Prompt((*before, Turn("user", folder.render(name, instruction=request))), sampling=TAGGING)
        return prompts


def _tag_in(reply: ChatReply, values: tuple[str, ...]) -> str:
    """Return the first of the values that a reply names; where one begins another ("very easy"), the longer."""
    text = normalise(reply.text).replace("-", " ")
    found = [(at.start(), -len(value), value) for value in values if (at := re.search(rf"\b{value}", text))]
    if not found:
        raise UnparsableReply(f"the reply names none of: {', '.join(values)}")
    return min(found)[2]
