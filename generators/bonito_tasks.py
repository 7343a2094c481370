"""Tasks of sixteen types from any passage: a task type and a passage in, an instruction with its response out.

Source:
    Nayak, Nan, Trost, Bach 2024, "Learning to Generate Instruction Tuning Datasets for Zero-Shot Task Adaptation"
    (Bonito), arXiv 2402.18334, sections 3 and 4. There a model is trained for it; ours asks any chat model with two
    examples of the type. With `faithful: true` the markers and the decoding are Bonito's (top_p 0.95, temperature 0.5,
    256 tokens), for that model behind an endpoint, and its replies are read as theirs are: two parts with a pipe token
    between them, and the passage only where the placeholder stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from types import MappingProxyType
from typing import ClassVar, Literal, get_args

import msgspec
from pydantic import Field

from curator.errors import StageError, UnparsableReply
from curator.llm.base import Sampling
from curator.record import Record, Source, Turn, single_turn
from curator.stage import Context, Generator, GeneratorOptions, Prompt
from curator.text.chunks import chunk_document
from curator.text.prompt import PromptFolder

TaskType = Literal[
    "extractive-qa",
    "multiple-choice-qa",
    "question-generation",
    "qa-without-choices",
    "yes-no-qa",
    "coreference-resolution",
    "paraphrase-generation",
    "paraphrase-identification",
    "sentence-completion",
    "sentiment",
    "summarization",
    "text-generation",
    "topic-classification",
    "word-sense-disambiguation",
    "textual-entailment",
    "natural-language-inference",
]
TASK_TYPES: tuple[TaskType, ...] = get_args(TaskType)

FULL_NAMES = MappingProxyType(
    {
        "extractive-qa": "extractive question answering",
        "multiple-choice-qa": "multiple-choice question answering",
        "qa-without-choices": "question answering without choices",
        "yes-no-qa": "yes-no question answering",
    }
)
"""What Bonito calls the types whose name is shortened here."""

WITHOUT_PASSAGE = frozenset(
    {
        "coreference-resolution",
        "paraphrase-generation",
        "paraphrase-identification",
        "sentence-completion",
        "text-generation",
        "word-sense-disambiguation",
    }
)
"""The types whose instruction brings its own sentence, or needs none; all others are asked about the passage."""

FAITHFUL = Sampling(temperature=0.5, top_p=0.95, max_tokens=256)
DEFAULT = Sampling(max_tokens=256, stop=("<passage>",))

_PIPE = "<|pipe|>"
_PLACEHOLDER = re.compile(r"\{\{\s*context\s*\}\}", re.IGNORECASE)
_EXAMPLE = re.compile(r"\APassage: (?P<passage>.+?)\nInput: (?P<input>.+?)\nOutput: (?P<output>.+)\Z", re.DOTALL)
_LABEL = r"^[ \t>*_#-]*(?:\d{{1,2}}[.)][ \t]*)?[*_]*({})[*_]*[ \t]*[:：][*_]*[ \t]*"
_LABELS = tuple(
    re.compile(_LABEL.format(names), re.IGNORECASE | re.MULTILINE)
    for names in ("input|output|passage", "instruction|response", "question|answer")
)
_CLOSING_LABELS = frozenset({"output", "response", "answer"})


class BonitoTasksOptions(GeneratorOptions):
    """Options of `bonito-tasks`.

    Attributes:
        types: the task types to draw from, evenly; all sixteen unless said.
        per_passage: how many tasks a passage gives, each of another type while there are any.
        max_words: the longest passage, in words.
        faithful: whether to send Bonito's own markers and decode as the paper does, for the Bonito model itself.
    """

    types: tuple[TaskType, ...] = Field(default=TASK_TYPES, min_length=1)
    per_passage: int = Field(default=1, ge=1, le=64)
    max_words: int = Field(default=120, ge=10, le=5000)
    faithful: bool = False


class Asked(msgspec.Struct, frozen=True):
    """A passage and the type of task that is wanted of it."""

    passage: str
    task_type: TaskType


class BonitoTasks(Generator[BonitoTasksOptions]):
    """Turns passages of documents into tasks of sixteen types; see the module's docstring."""

    name: ClassVar[str] = "bonito-tasks"
    Options: ClassVar[type[GeneratorOptions]] = BonitoTasksOptions
    checks = (
        {"use": "heuristics"},
        {"use": "threshold", "name": "well-formed", "options": {"score": "heuristics.format", "min": 1}},
        {"use": "exact-dedup"},
        {"use": "near-dedup"},
    )
    example = "curator generate bonito-tasks book.txt -n 20 --out tasks.jsonl"

    def check(self, context: Context) -> None:
        """See that there is something to read.

        Args:
            context: the context of the run to come.

        Raises:
            StageError: the recipe names no sources, or a prompt file is wrong.
        """
        if not context.documents:
            raise StageError(f"{self.key}: there is no document to make tasks of; name one in `sources:`")
        folder = self.prompt_folder(context)
        for task_type in self.options.types:
            _demonstrations(folder, task_type)

    def prompts(self, context: Context) -> Iterator[Prompt | Record]:
        """Yield one question a passage and type, all passages once before any a second time.

        Args:
            context: the stage's surroundings.

        Yields:
            The prompts; after every round of types each was drawn once more.
        """
        folder = self.prompt_folder(context)
        types = self._types_in_turn(context)
        for _round in range(self.options.per_passage):
            for document in context.documents:
                for chunk in chunk_document(document, max_words=self.options.max_words):
                    place = (document.name, document.digest, chunk.index, chunk.start, chunk.end, chunk.chapter)
                    yield self._prompt(folder, Asked(chunk.text, next(types)), Source(*place))

    def _types_in_turn(self, context: Context) -> Iterator[TaskType]:
        """Yield the types without end, every round of them in another order."""
        types = list(dict.fromkeys(self.options.types))
        turn = 0
        while True:
            yield from context.random("types", turn).sample(types, len(types))
            turn += 1

    def parse(self, reply: str, prompt: Prompt) -> Iterable[Record]:
        """Read the two parts of a reply: the instruction and the response.

        Args:
            reply: the model's text.
            prompt: the prompt; its item is the passage with the type.

        Returns:
            The first whole task; what the model wrote besides, further tasks or halves of one, is marked as dropped.

        Raises:
            UnparsableReply: the reply does not hold two parts.
        """
        asked: Asked = prompt.item
        records: list[Record] = []
        whole = 0
        for instruction, response in parts_of(reply, faithful=self.options.faithful):
            record = self._record(instruction, response, asked)
            if instruction and response:
                whole += 1
                records.append(record.dropped(self.key, "surplus", "one task was asked for") if whole > 1 else record)
            elif instruction not in asked.passage or response:  # else the passage was said again before its task
                records.append(record.dropped(self.key, "incomplete-task", "one of input and output has no other"))
        return sorted(records, key=lambda record: record.drop is not None)

    def _record(self, instruction: str, response: str, asked: Asked) -> Record:
        filled, placed = _PLACEHOLDER.subn(lambda _match: asked.passage, instruction)
        response = _PLACEHOLDER.sub(lambda _match: asked.passage, response)
        stands = placed or asked.task_type in WITHOUT_PASSAGE or asked.passage in instruction
        return single_turn(filled, response, input="" if stands or self.options.faithful else asked.passage)

    def _prompt(self, folder: PromptFolder, asked: Asked, source: Source) -> Prompt:
        labels = (("task_type", asked.task_type),)
        if self.options.faithful:
            name = FULL_NAMES.get(asked.task_type, asked.task_type.replace("-", " "))
            text = folder.render("faithful", task_type=name, passage=asked.passage)
            return Prompt((Turn("user", text),), item=asked, sampling=FAITHFUL, source=source, labels=labels)
        task, examples = _demonstrations(folder, asked.task_type)
        turns = (
            Turn("system", folder.render("system", task=task)),
            *examples,
            Turn("user", folder.render("passage", passage=asked.passage)),
        )
        return Prompt(turns, item=asked, sampling=DEFAULT, source=source, labels=labels)


def parts_of(reply: str, *, faithful: bool = False) -> list[tuple[str, str]]:
    """Return the tasks of a reply, each as instruction and response.

    The two parts stand on either side of Bonito's pipe token, or behind labels: Input and Output, Instruction and
    Response, Question and Answer, in any case, numbered or marked up.

    Args:
        reply: the model's text.
        faithful: whether the pipe token alone divides the parts.

    Returns:
        The tasks, at least one of them whole; of what the model wrote besides, a half task has one of its parts blank.

    Raises:
        UnparsableReply: there are not exactly two parts, or one is blank.
    """
    if faithful or _PIPE in reply:
        parts = [part.strip() for part in reply.split(_PIPE)]
        if len(parts) != 2 or not all(parts):
            raise UnparsableReply(f"the pipe token divides the reply into {len(parts)} parts, not two with text")
        return [(parts[0], parts[1])]
    for labels in _LABELS:
        pairs = _labelled(reply, labels)
        if any(instruction and response for instruction, response in pairs):
            return pairs
    raise UnparsableReply("the reply has not the two parts Input and Output")


def _labelled(reply: str, labels: re.Pattern[str]) -> list[tuple[str, str]]:
    """Return each opening part with the closing one that follows; what has no counterpart stands by itself."""
    pairs: list[tuple[str, str]] = []
    opened = ""
    for kind, text in _sections(reply, labels):
        if kind in _CLOSING_LABELS:
            pairs.append((opened, text))
            opened = ""
        else:
            pairs.append((opened, ""))
            opened = text
    return [pair for pair in (*pairs, (opened, "")) if any(pair)]


def _sections(reply: str, labels: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Yield each label with its text; what stands before a first closing label is an opening part without a label.

    "Passage:" between an Input and its Output is text of that Input.
    """
    marks: list[re.Match[str]] = []
    for mark in labels.finditer(reply):
        is_inside = bool(marks) and marks[-1][1].lower() not in {"passage", *_CLOSING_LABELS}
        if mark[1].lower() != "passage" or not is_inside:
            marks.append(mark)
    if marks and marks[0][1].lower() in _CLOSING_LABELS:
        yield "", reply[: marks[0].start()].strip()
    for at, mark in enumerate(marks):
        end = marks[at + 1].start() if at + 1 < len(marks) else len(reply)
        yield mark[1].lower(), reply[mark.end() : end].strip().strip("`").strip()


def _demonstrations(folder: PromptFolder, task_type: str) -> tuple[str, tuple[Turn, ...]]:
    """Return what a type of task is, and its examples as turns of a dialogue."""
    name = task_type.replace("-", "_")
    task, *examples = folder.render(name).split("\n===\n")
    turns: list[Turn] = []
    for example in examples:
        found = _EXAMPLE.match(example.strip())
        if found is None:
            raise StageError(f"prompt {name}.jinja: an example needs the lines Passage:, Input: and Output:")
        turns += [
            Turn("user", folder.render("passage", passage=found["passage"])),
            Turn("assistant", f"Input: {found['input']}\nOutput: {found['output']}"),
        ]
    return task.strip(), tuple(turns)
