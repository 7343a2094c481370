"""Programming tasks with solutions, perhaps tested: inspired by snippets of code, or in bulk from seed tasks.

`style: oss-instruct` (the default): a few lines are drawn from source files, and the model writes a task that they
bring to mind, with its solution. Without `code` the recipe's documents are drawn from: any text may give an idea.
`style: code-alpaca`: the method `alpaca` with prompts for programming, from a file of coding `seeds`; `code` may name
that file, too, so that `curator generate` takes one file in either style.

With `tests` the model is asked for assertions too, and solution and assertions run in a process of their own, whose
time, memory and files are limited. That is resource limiting, not a security boundary; see `curator.execution.python`.

Source:
    Wei, Wang, Liu, Ding, Zhang 2023, "Magicoder: Empowering Code Generation with OSS-Instruct", arXiv 2312.02120,
    section 2 and appendix: snippets of 1 to 15 lines, and the filters for equal problems and solutions. Ours differ:
    short prompts of our own with examples, tests, and no benchmark list (leave that to a decontamination stage).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from curator.errors import StageError
from curator.execution.python import Limits
from curator.llm.base import ChatReply, Sampling
from curator.record import Record, Turn, single_turn
from curator.stage import Context, Generator, GeneratorOptions, Prompt, Rejection
from generators.code.alpaca_style import CodeAlpaca
from generators.code.asserts import tested
from generators.code.replies import CodeTask, code_blocks, squeezed, task_in
from generators.code.snippets import CodeFile, Snippet, from_documents, read_code, snippets
from generators.shared.few_shot import examples_in, shown

WRITING = Sampling(usual_tokens=800)


class CodeInstructOptions(GeneratorOptions):
    """Options of `code-instruct`.

    Attributes:
        style: "oss-instruct" (inspired by snippets) or "code-alpaca" (in bulk, from seed tasks).
        code: a file, a folder or a pattern of source files to draw snippets from; the recipe's documents unless said.
            With `style: code-alpaca`, the same as `seeds`.
        per_file: how many snippets of a file at most.
        seeds: with `style: code-alpaca`, a dataset of programming tasks with answers.
        n: with `style: code-alpaca`, how many new tasks at most.
        tests: whether the model writes assertions, and solutions that fail them are dropped; Python only.
        wall_s: how long solution and assertions may run, in seconds.
        cpu_s: how long they may compute, in seconds.
        memory_mb: how much address space they may take, in MiB.
    """

    style: Literal["oss-instruct", "code-alpaca"] = "oss-instruct"
    code: Path | None = None
    per_file: int = Field(default=20, ge=1)
    seeds: Path | None = None
    n: int = Field(default=1000, ge=1)
    tests: bool = False
    wall_s: float = Field(default=10.0, gt=0, le=600)
    cpu_s: int = Field(default=5, ge=1, le=600)
    memory_mb: int = Field(default=512, ge=64)

    @model_validator(mode="after")
    def _inputs_fit_the_style(self) -> CodeInstructOptions:
        if self.style == "oss-instruct" and self.seeds is not None:
            raise ValueError("`seeds` are for `style: code-alpaca`; oss-instruct draws from `code`, or from documents")
        if self.seeds is not None and self.code is not None:
            raise ValueError("`style: code-alpaca` takes one file of programming tasks: `seeds` or `code`, not both")
        return self

    @property
    def seed_tasks(self) -> Path | None:
        """The file that `style: code-alpaca` begins with, if that is the style and a file is named."""
        return (self.seeds or self.code) if self.style == "code-alpaca" else None

    @property
    def limits(self) -> Limits:
        """What a run may take."""
        return Limits(wall_s=self.wall_s, cpu_s=self.cpu_s, memory_mb=self.memory_mb)


class CodeInstruct(Generator[CodeInstructOptions]):
    """Writes programming tasks with solutions; see the module's docstring."""

    name: ClassVar[str] = "code-instruct"
    Options: ClassVar[type[GeneratorOptions]] = CodeInstructOptions
    checks = ({"use": "exact-dedup"}, {"use": "near-dedup"})
    input_option = "code"
    example = "curator generate code-instruct script.py -n 20 --out tasks.jsonl"

    def per_prompt(self) -> int:
        """Return how many tasks a reply holds, about."""
        return self._alpaca().per_prompt() if self.options.seed_tasks else 1

    def requests_per_prompt(self) -> tuple[int, int]:
        """Return the replies to one prompt: the tasks, and perhaps assertions for each."""
        return self._alpaca().requests_per_prompt() if self.options.seed_tasks else (1, 1 + self.options.tests)

    def at_most(self, prompts: float, candidates: float) -> tuple[float, float]:
        """Return how many prompts and replies a run takes at most; with `code-alpaca` it grows a pool.

        Args:
            prompts: how many prompts there are to ask.
            candidates: how many records the run may make.

        Returns:
            The prompts, and the replies to them and to further questions.
        """
        if self.options.seed_tasks:
            return self._alpaca().at_most(prompts, candidates)
        return super().at_most(prompts, candidates)

    def check(self, context: Context) -> None:
        """Read the files and the prompts.

        Args:
            context: the context of the run to come.

        Raises:
            StageError: there is nothing to draw from, or a file is not what it should be.
        """
        if self.options.seed_tasks:
            self._alpaca().check(context)
        elif self.options.style == "code-alpaca":
            raise StageError(
                f"{self.key}: `style: code-alpaca` begins with programming tasks; name a dataset of them in `seeds`"
            )
        else:
            self._files(context)
            self.prompt_folder(context)

    def prompts(self, context: Context) -> Iterator[Prompt | Record]:
        """Yield what to ask: a snippet of each file in turn.

        Args:
            context: the stage's surroundings.

        Yields:
            One prompt a snippet; or those of `alpaca`.
        """
        if self.options.seed_tasks:
            yield from self._alpaca().prompts(context)
            return
        folder = self.prompt_folder(context)
        examples = shown(folder, "snippet", examples_in(folder, "snippet_examples"))
        head = (Turn("system", folder.render("snippet_system")), *examples)
        for snippet in snippets(self._files(context), self.options.per_file, context):
            turns = (*head, Turn("user", folder.render("snippet", snippet=snippet.text)))
            yield Prompt(turns, item=snippet, sampling=WRITING, labels=_labels(snippet))

    def parse(self, reply: str, prompt: Prompt) -> Iterable[Record]:
        """Read a reply as a task.

        Args:
            reply: the model's text.
            prompt: the prompt it answers.

        Returns:
            One record, or with `code-alpaca` several; marked as dropped where the solution holds no code, or only code
            that the problem gives away.

        Raises:
            UnparsableReply: there is no problem or no solution.
        """
        if self.options.seed_tasks:
            return self._alpaca().parse(reply, prompt)
        task = task_in(reply)
        record = single_turn(task.problem, task.solution)
        fault = _fault(task)
        return [record if fault is None else record.dropped(self.key, fault.reason, fault.detail)]

    async def answer(self, prompt: Prompt, context: Context) -> list[Record]:
        """Ask for a task and, if it is to be tested and can be, for assertions.

        Args:
            prompt: what to ask.
            context: the stage's surroundings.

        Returns:
            The task; dropped if it is unfit, or fails its tests.

        Raises:
            StageError: the recipe lent this stage no model, or the system cannot limit a process.
            ProviderError: the endpoint cannot serve.
        """

        def read(reply: ChatReply) -> Record:
            (record,) = self.parse(reply.text, prompt)
            cut = reply.finish_reason == "length" and record.drop is None
            return record.dropped(self.key, "cut-off", "max_tokens was used up") if cut else record

        reading = await self.ask(prompt, context, read)
        if reading.value is None:
            return [self.failed(prompt, context, reading)]
        if reading.value.drop is not None or not self.options.tests:
            return [self.signed(reading.value, prompt, context, reading)]
        return [await tested(self, reading.value, prompt, context, reading, limits=self.options.limits)]

    async def candidates(self, prompts: AsyncIterator[Prompt | Record], context: Context) -> AsyncIterator[Record]:
        """Ask, and drop what only repeats an earlier problem or solution.

        Args:
            prompts: what to ask.
            context: the stage's surroundings; its `limit` bounds the candidates.

        Yields:
            The candidates, dropped ones included.
        """
        seen: dict[str, set[str]] = {"same-problem": set(), "same-solution": set()}
        grown = self.options.seed_tasks is not None
        made = self._alpaca().candidates(prompts, context) if grown else super().candidates(prompts, context)
        async for record in made:
            if record.drop is not None:
                yield record
                continue
            forms = {
                "same-problem": squeezed(record.instruction + record.input),
                "same-solution": squeezed(record.response),
            }
            again = next((reason for reason, form in forms.items() if form in seen[reason]), None)
            for reason, form in forms.items():
                seen[reason].add(form)
            yield record if again is None else record.dropped(self.key, again, "equal but for blank space")

    def _files(self, context: Context) -> tuple[CodeFile, ...]:
        if self.options.code is not None:
            return read_code(context.path(self.options.code))
        files = from_documents(context)
        if not files:
            raise StageError(
                f"{self.key}: there is nothing to draw from; name source files in `code`, or documents in `sources:`"
            )
        return files

    def _alpaca(self) -> CodeAlpaca:
        options = self.options
        shared = options.model_dump(include={"n", "retries", "prompts", "personas"})
        limits = options.limits if options.tests else None
        return CodeAlpaca({**shared, "seeds": options.seed_tasks, "limits": limits}, key=self.key)


def _fault(task: CodeTask) -> Rejection | None:
    solution = code_blocks(task.solution)
    if not solution:
        return Rejection("no-code", "the solution is text only")
    given = {squeezed(block.code) for block in code_blocks(task.problem)}
    if any(squeezed(block.code) in given for block in solution):
        return Rejection("solution-in-problem", "a block of the solution stands in the problem")
    return None


def _labels(snippet: Snippet) -> tuple[tuple[str, str], ...]:
    language = (("language", snippet.file.language),) if snippet.file.language else ()
    return (("style", "oss-instruct"), ("snippet", f"{snippet.file.name}:{snippet.first}-{snippet.last}"), *language)
