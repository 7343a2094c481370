"""A task on its way from a model's reply into the pool."""

from __future__ import annotations

import msgspec

from curator.record import Record, single_turn
from curator.stage import Prompt, Reading, Rejection
from generators.tasks.pool import PoolTask


class TaskDraft(msgspec.Struct, frozen=True):
    """A task as it stands in a reply.

    Attributes:
        instruction: what is to be done, as the model wrote it.
        input: what it works on, if the reply says so.
        output: the answer, if the reply gives one.
        rejection: why it is not to be taken, where the reply itself shows that.
    """

    instruction: str
    input: str = ""
    output: str = ""
    rejection: Rejection | None = None

    def record(self, stage: str, rejection: Rejection | None = None) -> Record:
        """Return the task as a record without an origin.

        Args:
            stage: the stage that drops it, if it does.
            rejection: why the task is not taken; None if it is.

        Returns:
            The record.
        """
        made = single_turn(self.instruction, self.output, input=self.input)
        return made if rejection is None else made.dropped(stage, rejection.reason, rejection.detail)


class NewTask(msgspec.Struct, frozen=True):
    """A task that the pool has accepted, and what it came of.

    Attributes:
        task: the task of the pool.
        draft: the task as it stood in the reply, tidied.
        prompt: what was asked; its labels hold what the pool said, too.
        reading: the reply.
    """

    task: PoolTask
    draft: TaskDraft
    prompt: Prompt
    reading: Reading[list[TaskDraft]]
