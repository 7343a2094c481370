"""Code Alpaca: Alpaca with coding seeds and prompts; a style of `code-instruct`.

Source: Chaudhary 2023, "Code Alpaca: An Instruction-following LLaMA Model for Code Generation" (its repository): the
Alpaca method restricted to code, from 21 seeds. Ours differ as `generators.alpaca` does, and the seeds are the user's;
an output that is bare Python gets its fence, as a solution does.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from curator.execution.python import Limits
from curator.llm.base import ChatReply
from curator.record import Record
from curator.stage import Context, GeneratorOptions, Prompt
from generators.alpaca import Alpaca, AlpacaOptions
from generators.code.asserts import tested
from generators.code.replies import fenced
from generators.tasks.draft import NewTask, TaskDraft
from generators.tasks.pool import TaskPool


class CodeAlpacaOptions(AlpacaOptions):
    """Options of the style `code-alpaca`.

    Attributes:
        limits: what a run of the solution and its tests may take; None for no tests.
    """

    limits: Limits | None = None


class CodeAlpaca(Alpaca):
    """Writes programming tasks in bulk; see the module's docstring."""

    name: ClassVar[str] = "code-instruct"
    Options: ClassVar[type[GeneratorOptions]] = CodeAlpacaOptions
    words_forbidden = ((), ())  # "image", "file" or "plot" are what programs are about

    def requests_per_prompt(self) -> tuple[int, int]:
        """Return the replies to one prompt: the tasks, and perhaps assertions for each."""
        return (1, 1 + (self.tasks_per_prompt() if self._limits is not None else 0))

    def draw(self, pool: TaskPool, place: tuple[int, int], context: Context) -> Prompt:
        """Show three seeds, and ask for more; see `Alpaca.draw`."""
        prompt = super().draw(pool, place, context)
        return msgspec.structs.replace(prompt, labels=(("style", "code-alpaca"), *prompt.labels))

    def drafts(self, reply: ChatReply, prompt: Prompt) -> list[TaskDraft]:
        """Read the tasks of a reply; see `Alpaca.drafts`."""
        read = super().drafts(reply, prompt)
        return [msgspec.structs.replace(draft, output=fenced(draft.output)) for draft in read]

    async def finish(self, new: NewTask, context: Context) -> list[Record]:
        """Make the record of an accepted task, tested if that is wanted.

        Args:
            new: the task.
            context: the stage's surroundings.

        Returns:
            The record.
        """
        limits = self._limits
        if limits is None:
            return await super().finish(new, context)
        return [await tested(self, new.draft.record(self.key), new.prompt, context, new.reading, limits=limits)]

    @property
    def _limits(self) -> Limits | None:
        return self.options.limits if isinstance(self.options, CodeAlpacaOptions) else None
