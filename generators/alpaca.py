"""Alpaca: many whole tasks a request (instruction, input, output), after three that people wrote.

Source:
    Taori, Gulrajani, Zhang, Dubois, Li, Guestrin, Liang, Hashimoto 2023, "Stanford Alpaca: An Instruction-following
    LLaMA Model", section "Data Generation Process" and the released code. Ours differs: by default fewer tasks a
    request and examples as a dialogue; tasks are read by their labels, whatever number they bear and whatever headings
    their outputs hold; any way of saying "no input" counts; nothing that a reply holds is lost without a reason.
    `faithful` goes back to the released layout and numbers. The wording is ours throughout.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec
from pydantic import Field

from curator.errors import StageError
from curator.llm.base import ChatReply, Sampling
from curator.record import Record, Turn
from curator.stage import Context, GeneratorOptions, Prompt
from generators.tasks.bootstrap import Bootstrap
from generators.tasks.draft import NewTask, TaskDraft
from generators.tasks.filters import ALPACA_WORDS, MODERN_WORDS
from generators.tasks.numbered import DELIMITER, read_task_blocks
from generators.tasks.options import BootstrapOptions
from generators.tasks.pool import TaskPool
from generators.tasks.seeds import Seed

SHOWN = 3
"""How many seeds a prompt shows; never the model's own tasks."""

PAPERS_LIST = 20
"""How long Alpaca's list is, the seeds shown in it included."""

TASK_TOKENS = 400
"""How long a task, its input and output included, usually is at most, in tokens."""

WRITE = Sampling(temperature=0.7, top_p=0.95)
PAPERS_WRITE = Sampling(temperature=1.0, top_p=1.0, max_tokens=3072, stop=("\n20", "20.", "20 ."))
"""How tokens are drawn. The logit bias against an early end has no counterpart here."""


class AlpacaOptions(BootstrapOptions):
    """Options of `alpaca`.

    Attributes:
        n_per_request: how many new tasks a request asks for; 5 unless said, and 17 if faithful: a list of 20 that
            begins with three seeds.
        n_demos: how many seeds a prompt shows, 1 and up.
    """

    n_per_request: int | None = Field(default=None, ge=1, le=50)
    n_demos: int = Field(default=SHOWN, ge=1, le=10)


class Alpaca(Bootstrap[AlpacaOptions]):
    """Writes whole tasks in bulk; see the module's docstring.

    A kin of it (for code, say) sets its own name, options, prompts' folder and forbidden words.

    Attributes:
        modern: how many tasks a request asks for where nobody says.
    """

    name: ClassVar[str] = "alpaca"
    Options: ClassVar[type[GeneratorOptions]] = AlpacaOptions
    words_forbidden: ClassVar[tuple[Sequence[str], Sequence[str]]] = (MODERN_WORDS, ALPACA_WORDS)
    modern: ClassVar[int] = 5
    checks = (
        {"use": "heuristics"},
        {"use": "threshold", "name": "well-formed", "options": {"score": "heuristics.format", "min": 1}},
        {"use": "exact-dedup"},
    )
    example = "curator generate alpaca seeds.jsonl -n 20 --out tasks.jsonl"

    def tasks_per_prompt(self) -> int:
        """Return how many new tasks one prompt asks for."""
        if self.options.n_per_request is not None:
            return self.options.n_per_request
        return PAPERS_LIST - self.options.n_demos if self.options.faithful else self.modern

    def read_seeds(self, context: Context) -> tuple[Seed, ...]:
        """Return the seed tasks.

        Args:
            context: the stage's surroundings.

        Returns:
            The seed tasks.

        Raises:
            StageError: the file is not what it should be, or no task in it has an output to show.
        """
        seeds = super().read_seeds(context)
        if not any(_shown(seed)["output"] for seed in seeds):
            raise StageError(f"{self.key}: no seed in {self.options.seeds} has an output, and prompts show whole tasks")
        return seeds

    def draw(self, pool: TaskPool, place: tuple[int, int], context: Context) -> Prompt:
        """Show three seeds, and ask for more.

        Args:
            pool: what to draw from.
            place: the round and the prompt's number in it.
            context: the stage's surroundings.

        Returns:
            The prompt.
        """
        whole = [seed for seed in pool.seeds if _shown(seed)["output"]]
        drawn = context.random("draw", *place).sample(whole, min(self.options.n_demos, len(whole)))
        folder, count = self.prompt_folder(context), self.tasks_per_prompt()
        labels = (("round", str(place[0] + 1)), ("drawn", " ".join(seed.id for seed in drawn)))
        values = {"tasks": [_shown(seed) for seed in drawn], "delimiter": DELIMITER}
        if self.options.faithful:
            text = folder.render("list", total=count + len(drawn), **values)
            sampling = msgspec.structs.replace(PAPERS_WRITE, stop=_ends(count + len(drawn)))
            return Prompt((Turn("user", text),), sampling=sampling, labels=labels)
        turns = (
            Turn("system", folder.render("system")),
            Turn("user", folder.render("more", count=len(drawn), more=False)),
            Turn("assistant", folder.render("demonstrations", **values)),
            Turn("user", folder.render("more", count=count, more=True)),
        )
        sampling = msgspec.structs.replace(WRITE, usual_tokens=count * TASK_TOKENS)
        return Prompt(turns, sampling=sampling, labels=labels)

    def drafts(self, reply: ChatReply, prompt: Prompt) -> list[TaskDraft]:
        """Read the tasks of a reply.

        Args:
            reply: the reply.
            prompt: the prompt it answers.

        Returns:
            All that it holds, the unfit ones marked.

        Raises:
            UnparsableReply: there is none.
        """
        return read_task_blocks(reply, asked=self.tasks_per_prompt(), stops=bool(prompt.sampling.stop))

    async def finish(self, new: NewTask, context: Context) -> list[Record]:
        """Make the record of an accepted task: its reply holds all of it.

        Args:
            new: the task.
            context: the stage's surroundings.

        Returns:
            The record.
        """
        return [self.signed(new.draft.record(self.key), new.prompt, context, new.reading)]


def _ends(total: int) -> tuple[str, ...]:
    """Return what ends a list of `total` tasks: the number after its last; the paper's list of 20 ends before that."""
    return PAPERS_WRITE.stop if total == PAPERS_LIST else (f"\n{total + 1}.", f"\n{total + 1} .")


def _shown(seed: Seed) -> dict[str, str]:
    first = seed.instances[0] if seed.instances else None
    instruction = " ".join(seed.instruction.split()).rstrip(":")
    return {"instruction": instruction, "input": first.input if first else "", "output": first.output if first else ""}
