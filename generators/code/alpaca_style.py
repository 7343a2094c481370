"""Code Alpaca: Alpaca with coding seeds and prompts; a style of `code-instruct`.

Source: Chaudhary 2023, "Code Alpaca: An Instruction-following LLaMA Model for Code Generation" (its repository): the
Alpaca method restricted to code, from 21 seeds. Ours differ as `generators.alpaca` does, and the seeds are the user's.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import msgspec

from curator.execution.python import Limits
from curator.record import Record
from curator.stage import Context, GeneratorOptions, Prompt
from curator.text.prompt import PromptFolder
from generators.alpaca import Alpaca, AlpacaOptions
from generators.code.asserts import tested
from generators.tasks.draft import NewTask
from generators.tasks.pool import TaskPool

TESTING = Path(__file__).parents[1] / "prompts" / "code_instruct"
"""The prompts that ask for tests are those of the other style."""


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
    prompts_from: ClassVar[str] = "code_alpaca"
    words_forbidden = ((), ())  # "image", "file" or "plot" are what programs are about

    def draw(self, pool: TaskPool, place: tuple[int, int], context: Context) -> Prompt:
        """Show three seeds, and ask for more; see `Alpaca.draw`."""
        prompt = super().draw(pool, place, context)
        return msgspec.structs.replace(prompt, labels=(("style", "code-alpaca"), *prompt.labels))

    async def finish(self, new: NewTask, context: Context) -> list[Record]:
        """Make the record of an accepted task, tested if that is wanted.

        Args:
            new: the task.
            context: the stage's surroundings.

        Returns:
            The record.
        """
        limits = self.options.limits if isinstance(self.options, CodeAlpacaOptions) else None
        if limits is None:
            return await super().finish(new, context)
        folder = PromptFolder(TESTING)
        record = new.draft.record(self.key)
        return [await tested(self, record, new.prompt, context, new.reading, folder=folder, limits=limits)]
