"""The pool of a bootstrapping method: the tasks that people wrote, and those that were accepted since.

Source:
    Wang et al. 2022, "Self-Instruct", arXiv 2212.10560, section 2.2: demonstrations are drawn from both, most from the
    people's; a new instruction must differ from all. The paper keeps what is below 0.7, its code rejects what is above;
    ours does as the code does, so exactly 0.7 is kept. The code also stores the mean similarity with the whole pool,
    which would need every comparison that the index spares, and is left out.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import msgspec

from curator.stage import Rejection
from curator.text.rouge import NoveltyIndex
from curator.text.words import words
from generators.tasks.filters import InstructionFilter, first_rejection
from generators.tasks.seeds import Seed

NEIGHBOURS = 10
"""How many of the most similar tasks are written down for each new one."""


class PoolTask(msgspec.Struct, frozen=True):
    """A task of the pool, by the name under which others refer to it."""

    id: str
    instruction: str


class Verdict(msgspec.Struct, frozen=True):
    """What the pool says to a new instruction.

    Attributes:
        task: the task, if it was accepted.
        rejection: why it was not.
        labels: what it is most like, for its records' origin.
    """

    task: PoolTask | None
    rejection: Rejection | None
    labels: tuple[tuple[str, str], ...] = ()


class TaskPool:
    """Seeds and accepted tasks, with an index of them all; see the module's docstring."""

    def __init__(
        self,
        seeds: Sequence[Seed],
        filters: Sequence[InstructionFilter],
        *,
        max_similarity: float = 0.7,
        tokens: Callable[[str], list[str]] = words,
    ) -> None:
        """Start with the seeds; what they repeat of each other is their author's business.

        Args:
            seeds: the tasks that people wrote.
            filters: the rules for new instructions, in order.
            max_similarity: the highest ROUGE-L with any task that is let in, 0..1.
            tokens: cuts an instruction into words.
        """
        self.seeds = tuple(seeds)
        self.accepted: list[PoolTask] = []
        self._filters = filters
        self._max_similarity = max_similarity
        self._index = NoveltyIndex(tokens)
        for seed in self.seeds:
            self._index.add(seed.instruction)

    def draw(self, numbers: random.Random, count: int, accepted: int) -> list[PoolTask | Seed]:
        """Draw demonstrations: some of the accepted tasks, the rest seeds, shuffled.

        Args:
            numbers: the source of chance.
            count: how many in all; fewer where there are not so many.
            accepted: how many of them are accepted tasks, as soon as there are so many.

        Returns:
            Different tasks of the pool.
        """
        drawn: list[PoolTask | Seed] = list(numbers.sample(self.accepted, min(accepted, count, len(self.accepted))))
        drawn += numbers.sample(self.seeds, min(count - len(drawn), len(self.seeds)))
        numbers.shuffle(drawn)
        return drawn

    def judge(self, instruction: str) -> Verdict:
        """Let a new instruction in, or say why not; the order in which they come decides.

        Args:
            instruction: the instruction, tidied.

        Returns:
            The verdict.
        """
        rejection = first_rejection(instruction, self._filters)
        if rejection is not None:
            return Verdict(None, rejection)
        near = [(self._named(each.id), each.score) for each in self._index.most_similar(instruction, NEIGHBOURS)]
        listed = "; ".join(f"{task.id} {score:.4f}" for task, score in near)
        labels = (("similarity", f"{near[0][1] if near else 0:.4f}"), ("most_similar", listed))
        if near and near[0][1] > self._max_similarity:
            task, score = near[0]
            detail = f"ROUGE-L {score:.4f} > {self._max_similarity} with {task.id}: {task.instruction}"
            return Verdict(None, Rejection("too-similar", detail), labels)
        accepted = PoolTask(f"task-{len(self.accepted) + 1}", instruction)
        self.accepted.append(accepted)
        self._index.add(instruction)
        return Verdict(accepted, None, (("task", accepted.id), *labels))

    def _named(self, number: int) -> PoolTask | Seed:
        return self.seeds[number] if number < len(self.seeds) else self.accepted[number - len(self.seeds)]
