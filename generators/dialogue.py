"""Dialogues of several turns: one model plays both the person who asks and the assistant, turn by turn.

Each line is a request of its own. The person is played by showing the model the dialogue with its roles swapped: what
the assistant said stands in the user's turns. Both may be given a character; a dialogue is about a passage of a
document, which only the model sees, or about a topic. It ends after `turns` exchanges, or when the person says goodbye.
A dialogue with an empty line, a line that was said before, or a line in which one speaks for the other is dropped.

Source:
    Ding et al. 2023, "Enhancing Chat Language Models by Scaling High-quality Instructional Conversations" (UltraChat),
    arXiv 2305.14233, section 3: two models, one of which is told to behave as a user would. Ours lets a passage ground
    the dialogue, and checks the lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar, Literal

import msgspec
from pydantic import Field

from curator.errors import StageError, UnparsableReply
from curator.llm.base import ChatReply, Sampling
from curator.record import Record, Source, Turn
from curator.stage import Context, Generator, GeneratorOptions, Prompt, Reading
from curator.text.chunks import chunk_document
from curator.text.decoding import decode
from generators.shared.few_shot import examples_in, shown
from generators.shared.plain_reply import answer_in, is_cut_off, is_much_like, line_in

DEFAULT_ASSISTANT = "a helpful assistant"

ASKING = Sampling(temperature=0.7, max_tokens=96, stop=("\n",))

_LABEL = re.compile(r"(?:^|(?<=[\s*]))\**(?:User|Human|Person|Assistant|AI|Bot)\**:\**", re.MULTILINE)
_FAREWELL = re.compile(
    r"\b(?:good-?bye|bye(?!-)|have a (?:nice|good|great) (?:day|one|evening)|no (?:more|further|other) questions|"
    r"see you (?:all|around|later|next|on|soon|then|there|to\w+)|"
    r"(?:farewell|see you|that(?:['’]s| is| was) all(?: (?:for (?:now|today)|i (?:need|want)(?:ed)?(?: to \w+)?|"
    r"thanks?(?: you)?))?)(?=\s*(?:[.,;:!…–—]|$)))(?!\w)",
    re.IGNORECASE,
)
"""How a person takes leave. "See you", "farewell" and "that is all" do so only where nothing else follows them."""


class DialogueOptions(GeneratorOptions):
    """Options of `dialogue`.

    Attributes:
        turns: how many exchanges a dialogue has at most; each is a line of the person's and one of the assistant's.
        user: who asks, in a phrase.
        assistant: who answers, in a phrase; if given, it is the system prompt of the records, too.
        topics: what to talk about; instead of documents, or beside them.
        topics_file: a file of topics, one a line; likewise.
        responder: the recipe's name of the model that plays the assistant; "" for the stage's own.
        max_words: the longest passage, in words.
        answer_tokens: the assistant's longest line, in tokens.
    """

    turns: int = Field(default=3, ge=1, le=50)
    user: str = "a curious visitor who asks short, plain questions"
    assistant: str = ""
    topics: tuple[str, ...] = ()
    topics_file: Path | None = None
    responder: str = ""
    max_words: int = Field(default=180, ge=20, le=5000)
    answer_tokens: int = Field(default=160, ge=8)


class Line(msgspec.Struct, frozen=True):
    """What somebody says; whether they speak for the other, too; and whether they are cut off."""

    text: str
    is_confused: bool = False
    is_cut: bool = False


class Setting(msgspec.Struct, frozen=True):
    """What a dialogue is about: a passage or a topic, one of them empty."""

    passage: str = ""
    topic: str = ""


class Dialogue(Generator[DialogueOptions]):
    """Plays dialogues of several turns; see the module's docstring."""

    name: ClassVar[str] = "dialogue"
    Options: ClassVar[type[GeneratorOptions]] = DialogueOptions
    checks = (
        {"use": "heuristics"},
        {"use": "threshold", "name": "well-formed", "options": {"score": "heuristics.format", "min": 1}},
        {"use": "near-dedup"},
    )
    example: ClassVar[str] = "curator generate dialogue handbook.md -n 10 --out dialogues.jsonl --format sharegpt"

    def also_asks(self) -> tuple[str, ...]:
        """Return the name of the model that plays the assistant."""
        return (self.options.responder,) if self.options.responder else ()

    def requests_per_prompt(self) -> tuple[int, int]:
        """Return how many replies a dialogue takes: one where nobody begins, two an exchange at most."""
        return (1, 2 * self.options.turns)

    def check(self, context: Context) -> None:
        """See that there is something to talk about.

        Args:
            context: the context of the run to come.

        Raises:
            StageError: there are neither documents nor topics, or the file of topics cannot be read.
        """
        if not context.documents and not self._topics(context):
            raise StageError(f"{self.key}: name a document in `sources:`, or give `topics` or `topics_file`")
        examples_in(self.prompt_folder(context), "examples")

    def prompts(self, context: Context) -> Iterator[Prompt | Record]:
        """Yield the question for the person's first line, for each passage and each topic.

        Args:
            context: the stage's surroundings.

        Yields:
            The prompts.
        """
        for document in context.documents:
            for chunk in chunk_document(document, max_words=self.options.max_words):
                source = Source(document.name, document.digest, chunk.index, chunk.start, chunk.end, chunk.chapter)
                yield self._prompt(Setting(passage=chunk.text), context, source=source)
        for topic in self._topics(context):
            yield self._prompt(Setting(topic=topic), context)

    def parse(self, reply: str, prompt: Prompt) -> Iterable[Record]:
        """Read the person's first line.

        Args:
            reply: the model's text.
            prompt: the prompt.

        Returns:
            One record with that line.

        Raises:
            UnparsableReply: there is no line of words in it.
        """
        return [Record((Turn("user", _asked(ChatReply(reply)).text),))]

    async def answer(self, prompt: Prompt, context: Context) -> list[Record]:
        """Play a dialogue.

        Args:
            prompt: the question for the person's first line; its item is the `Setting`.
            context: the stage's surroundings.

        Returns:
            One record with all its lines; dropped where one of them is unfit.

        Raises:
            StageError: the recipe lent this stage no such model.
            ProviderError: the endpoint cannot serve.
        """
        said: list[Turn] = []
        readings: list[Reading[Line]] = []
        ended, fault = "", None
        while not ended:
            role: Literal["user", "assistant"] = "assistant" if len(said) % 2 else "user"
            if role == "user":
                reading = await self.ask(self._to_ask(said, prompt), context, _asked)
            else:
                reading = await self.ask(
                    self._to_tell(said, prompt, context), context, _told, model=self.options.responder
                )
            readings.append(reading)
            fault = self._fault(reading, said)
            if reading.value is not None:
                said.append(Turn(role, reading.value.text))
            ended = "dropped" if fault is not None else self._end(said)
        system = (Turn("system", f"You are {self.options.assistant}."),) if self.options.assistant else ()
        labels = (("exchanges", str(len(said) // 2)), ("ended", ended))
        record = Record((*system, *said)) if said else self.failed(prompt, context, readings[0])
        record = record.with_origin(labels=labels)
        return [self.signed(record if fault is None else record.dropped(self.key, *fault), prompt, context, *readings)]

    def _to_ask(self, said: list[Turn], prompt: Prompt) -> Prompt:
        """Return the question for the person's next line: the dialogue with its roles swapped."""
        swapped = (Turn("user" if turn.role == "assistant" else "assistant", turn.content) for turn in said)
        return msgspec.structs.replace(prompt, turns=(*prompt.turns, *swapped))

    def _to_tell(self, said: list[Turn], prompt: Prompt, context: Context) -> Prompt:
        """Return the question for the assistant's next line: the dialogue, and what it is about."""
        item: Setting = prompt.item
        system = self.prompt_folder(context).render(
            "assistant", assistant=self.options.assistant or DEFAULT_ASSISTANT, passage=item.passage, topic=item.topic
        )
        return Prompt((Turn("system", system), *said), sampling=Sampling(max_tokens=self.options.answer_tokens))

    def _fault(self, reading: Reading[Line], said: list[Turn]) -> tuple[str, str] | None:
        """Return why a dialogue cannot go on after this line, as the reason that is counted and the detail."""
        line, where = reading.value, f"turn {len(said) + 1}"
        if line is None:
            return ("empty-turn" if reading.reason == "unparsable" else reading.reason), f"{where}: {reading.problem}"
        if line.is_confused:
            return "role-confusion", f"{where}: one speaks for the other"
        if line.is_cut:
            return "turn-cut-off", f"{where} had not ended when its tokens were used up"
        earlier = next((n for n, turn in enumerate(said, 1) if is_much_like(line.text, (turn.content,))), 0)
        if earlier:
            return "repeated-turn", f"{where} says what turn {earlier} said"
        if not said and _is_farewell(line.text):
            return "nothing-asked", f"{where} is a goodbye"
        return None

    def _end(self, said: list[Turn]) -> str:
        """Return why the dialogue ends here; "" if it goes on. The person ends it, the assistant has the last word."""
        if len(said) % 2:
            return ""
        if _is_farewell(said[-2].content):
            return "goodbye"
        return "turns" if len(said) >= 2 * self.options.turns else ""

    def _prompt(self, setting: Setting, context: Context, source: Source | None = None) -> Prompt:
        folder = self.prompt_folder(context)
        slot = "passage" if setting.passage else "topic"
        empty = {"passage": "", "topic": ""}
        alike = [{**empty, **example} for example in examples_in(folder, "examples") if slot in example]
        turns = (
            Turn("system", folder.render("asker", user=self.options.user)),
            *shown(folder, "opening", alike),
            Turn("user", folder.render("opening", passage=setting.passage, topic=setting.topic)),
        )
        labels = (("grounding", slot), *((("topic", setting.topic),) if setting.topic else ()))
        return Prompt(turns, item=setting, sampling=ASKING, source=source, labels=labels)

    def _topics(self, context: Context) -> tuple[str, ...]:
        if self.options.topics_file is None:
            return self.options.topics
        path = context.path(self.options.topics_file)
        try:
            lines = decode(path.read_bytes(), str(path)).splitlines()
        except OSError as error:
            raise StageError(f"{self.key}: topics_file {path} cannot be read: {error.strerror or error}") from error
        return (*self.options.topics, *(line.strip() for line in lines if line.strip()))


def _asked(reply: ChatReply) -> Line:
    text = line_in(reply.text, "user", "human", "person", "question")
    return Line(text, _is_confused(reply.text, own=("User", "Human", "Person")), is_cut_off(reply))


def _told(reply: ChatReply) -> Line:
    text = _LABEL.sub("", answer_in(reply), count=1) if _LABEL.match(reply.text.lstrip()) else answer_in(reply)
    if not text.strip():
        raise UnparsableReply("the assistant says nothing")
    confused = _is_confused(reply.text, own=("Assistant", "AI", "Bot"))
    return Line(text.strip(), confused, is_cut_off(reply))


def _is_confused(text: str, own: tuple[str, ...]) -> bool:
    """Whether a line bears another label than, at its beginning, one of the speaker's own."""
    labels = [(found.start(), found.group().strip("*:")) for found in _LABEL.finditer(text.strip())]
    return any(at > 0 or label not in own for at, label in labels)


def _is_farewell(line: str) -> bool:
    return "?" not in line and _FAREWELL.search(line) is not None
