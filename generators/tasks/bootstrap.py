"""Bootstrapping: rounds of prompts that show tasks of a pool and ask for new ones, which join the pool.

What self-instruct, alpaca and their kin have in common. A method says what to send, how tasks stand in a reply, and
what becomes of an accepted task; the loop is here.

A round's prompts depend on what the rounds before it gave, so they are drawn together and asked side by side; their
replies are judged one after the other in the order of the prompts, whichever came first. What `context.limit` cuts off
is an end, never a middle: a run with a higher limit begins with the same records.
"""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import aclosing
from typing import ClassVar

import msgspec

from curator.llm.base import ChatReply
from curator.record import Record, Turn
from curator.stage import Context, Generator, Prompt, Reading, Rejection
from curator.stage.ordered import WINDOW, as_stream, ordered_map
from curator.text.rouge import ascii_words
from curator.text.words import words
from generators.tasks.draft import NewTask, TaskDraft
from generators.tasks.filters import InstructionFilter, instruction_filters
from generators.tasks.options import BootstrapOptionsT
from generators.tasks.pool import TaskPool, Verdict
from generators.tasks.seeds import Seed, read_seeds
from generators.tasks.turns import PromptTurns


class Bootstrap(Generator[BootstrapOptionsT]):
    """The loop; see the module's docstring.

    Attributes:
        words_forbidden: the method's own list of forbidden words, today's and the published one.
    """

    input_option = "seeds"
    words_forbidden: ClassVar[tuple[Sequence[str], Sequence[str]]]

    @abstractmethod
    def draw(self, pool: TaskPool, place: tuple[int, int], context: Context) -> Prompt:
        """Write one prompt.

        Args:
            pool: what to draw demonstrations from.
            place: the round and the prompt's number in it, both from 0; the only source of chance.
            context: the stage's surroundings.

        Returns:
            The prompt.
        """

    @abstractmethod
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

    @abstractmethod
    async def finish(self, new: NewTask, context: Context) -> list[Record]:
        """Make records of an accepted task, one at least.

        Args:
            new: the task.
            context: the stage's surroundings.

        Returns:
            Signed records, the dropped ones included.
        """

    def tidy(self, instruction: str) -> str:
        """Return an instruction as it is to stand in the pool: as it was written, unless the method says otherwise."""
        return instruction.strip()

    def filters(self) -> tuple[InstructionFilter, ...]:
        """Return the rules that a new instruction is held against, in order."""
        own = self.words_forbidden[self.options.faithful]
        forbidden = own if self.options.forbidden is None else self.options.forbidden
        return instruction_filters(forbidden, faithful=self.options.faithful)

    def read_seeds(self, context: Context) -> tuple[Seed, ...]:
        """Return the seed tasks.

        Args:
            context: the stage's surroundings.

        Returns:
            The seed tasks.

        Raises:
            StageError: the file is not what it should be.
        """
        return read_seeds(context.path(self.options.seeds))

    def pool(self, context: Context) -> TaskPool:
        """Return the pool as it is before the first round.

        Args:
            context: the stage's surroundings.

        Returns:
            The pool.

        Raises:
            StageError: the file of seeds is not what it should be.
        """
        return TaskPool(
            self.read_seeds(context),
            self.filters(),
            max_similarity=self.options.max_similarity,
            tokens=ascii_words if self.options.faithful else words,
        )

    def check(self, context: Context) -> None:
        """Read the seeds and personas, and write a first prompt.

        Args:
            context: the context of the run to come.

        Raises:
            StageError: the seeds, the personas or an overriding prompt folder are not what they should be.
        """
        self.personas(context)
        self.draw(self.pool(context), (0, 0), context)

    def prompts(self, context: Context) -> Iterator[Prompt | Record]:
        """Yield prompts as they would be if nothing were accepted: what a run may take is reckoned from them.

        Args:
            context: the stage's surroundings.

        Yields:
            As many prompts as `n` new tasks take, about.
        """
        pool = self.pool(context)
        for number in range(-(-self.options.n // self.tasks_per_prompt())):
            yield self.draw(pool, divmod(number, self.options.batch), context)

    def tasks_per_prompt(self) -> int:
        """Return how many new tasks one prompt asks for."""
        return 1

    def per_prompt(self) -> int:
        """Return how many records a prompt yields, about."""
        return self.tasks_per_prompt()

    def at_most(self, prompts: float, candidates: float) -> tuple[float, float]:
        """Return the prompts and replies of the worst run: each new task comes when patience was about to end.

        Args:
            prompts: not used: how many it takes if nothing is turned away.
            candidates: how many records it may make; each prompt gives one at least.

        Returns:
            The prompts, and the replies to them and to the further questions about new tasks.
        """
        asked = min(candidates, self.options.n * self.options.patience * self.options.batch)
        further = (self.requests_per_prompt()[1] - 1) / self.tasks_per_prompt()
        return asked, asked + further * min(candidates, self.options.n)

    def parse(self, reply: str, prompt: Prompt) -> Iterable[Record]:
        """Read a reply's tasks as records, as they are before the pool has judged them.

        Args:
            reply: the model's text.
            prompt: the prompt it answers.

        Returns:
            One record a task.

        Raises:
            UnparsableReply: there is none.
        """
        return [draft.record(self.key, draft.rejection) for draft in self.drafts(ChatReply(reply), prompt)]

    async def candidates(self, prompts: AsyncIterator[Prompt | Record], context: Context) -> AsyncIterator[Record]:
        """Grow the pool, round by round, and yield what comes of it.

        Args:
            prompts: not used: a prompt depends on the rounds before it.
            context: the stage's surroundings; its `limit` bounds the candidates.

        Yields:
            The candidates, dropped ones included; the last says so if the pool had no more to give.
        """
        limit = sys.maxsize if context.limit is None else context.limit
        made = 0

        async def work(found: Record | NewTask) -> list[Record]:
            return [found] if isinstance(found, Record) else await self.finish(found, context)

        if limit <= 0:
            return
        tasks = self._rounds(context, limit)
        async with aclosing(tasks), aclosing(ordered_map(tasks, work, lambda: min(WINDOW, limit - made))) as batches:
            async for batch in batches:
                for record in batch:
                    made += 1
                    yield record
                    if made >= limit:
                        return

    async def _rounds(self, context: Context, limit: int) -> AsyncGenerator[Record | NewTask]:
        """Yield accepted tasks and dropped ones: each is a candidate at least, so `limit` are enough."""
        pool, turns = self.pool(context), PromptTurns(self.personas(context))
        made = barren = number = 0

        def window() -> int:
            return -(-(limit - made) // self.tasks_per_prompt())

        async def ask(placed: tuple[Prompt, int]) -> tuple[Prompt, Reading[list[TaskDraft]]]:
            prompt, sample = placed
            return prompt, await self.ask(prompt, context, lambda reply: self.drafts(reply, prompt), sample=sample)

        patience = self.options.patience * self.options.batch
        while len(pool.accepted) < self.options.n and barren < patience:
            before = len(pool.accepted)
            needed = -(-(self.options.n - before) // self.tasks_per_prompt())
            batch = min(self.options.batch, needed, patience - barren)
            drawn = [turns.placed(self.draw(pool, (number, place), context)) for place in range(batch)]
            async with aclosing(ordered_map(as_stream(drawn), ask, window)) as replies:
                async for prompt, reading in replies:
                    for found in self._judged(pool, prompt, reading, context):
                        made += 1
                        yield found
                        if made >= limit:
                            return
            number += 1
            barren = 0 if len(pool.accepted) > before else barren + batch
        if barren:
            yield self._dried_up(pool, number, context)

    def _judged(
        self, pool: TaskPool, prompt: Prompt, reading: Reading[list[TaskDraft]], context: Context
    ) -> Iterator[Record | NewTask]:
        if reading.value is None:
            yield self.failed(prompt, context, reading)
            return
        for read in reading.value:
            draft = msgspec.structs.replace(read, instruction=self.tidy(read.instruction))
            if draft.rejection is not None:
                verdict = Verdict(None, draft.rejection)
            elif len(pool.accepted) >= self.options.n:
                verdict = Verdict(None, Rejection("surplus", f"the pool has the {self.options.n} tasks it takes"))
            else:
                verdict = pool.judge(draft.instruction)
            labelled = msgspec.structs.replace(prompt, labels=(*prompt.labels, *verdict.labels))
            if verdict.task is not None:
                yield NewTask(verdict.task, draft, labelled, reading)
            else:
                yield self.signed(draft.record(self.key, verdict.rejection), labelled, context, reading)

    def _dried_up(self, pool: TaskPool, rounds: int, context: Context) -> Record:
        """Return a record that says, where everything dropped is counted, why there is no more."""
        barren = self.options.patience * self.options.batch
        detail = (
            f"nothing new in the last {barren} requests: the pool ends with "
            f"{len(pool.accepted)} new tasks after {rounds} rounds; more seeds, another model, a higher temperature, "
            "max_similarity or patience may give more"
        )
        place = Record((Turn("user", f"tasks like those of {self.options.seeds.name}"),))
        return self.signed(place.dropped(self.key, "no-new-tasks", detail), Prompt(()), context)
