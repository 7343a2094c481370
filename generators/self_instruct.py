"""Self-Instruct: a model continues a list of tasks, works each of them out, and what is new joins the list.

Five steps for each round of prompts: instructions are written after examples drawn from the pool; the unfit and the
too similar are turned away; each new one is sorted into classification tasks and others; instances are made, the label
first for the former and the input first for the latter; the instances are filtered, and laid out if that is wanted.

Source:
    Wang, Kordi, Mishra, Liu, Smith, Khashabi, Hajishirzi 2022, "Self-Instruct: Aligning Language Models with
    Self-Generated Instructions", arXiv 2212.10560, section 2 and appendix A, and the released code. Ours differs: by
    default it asks a chat model, one task a request, with examples as turns of a dialogue, so that a very small model
    can do it; names keep their capitals; fewer words are forbidden. `faithful` goes back to the paper's layout and
    numbers. The wording and the demonstrations are ours throughout.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

import msgspec
from pydantic import Field

from curator.errors import StageError, UnparsableReply
from curator.llm.base import ChatReply, Sampling
from curator.record import Record, Turn, single_turn
from curator.stage import Context, GeneratorOptions, Prompt, Reading, Rejection
from generators.shared.few_shot import examples_in, shown
from generators.tasks.bootstrap import Bootstrap
from generators.tasks.draft import NewTask, TaskDraft
from generators.tasks.filters import MODERN_WORDS, SELF_INSTRUCT_WORDS, tidied
from generators.tasks.instances import MOST_INSTANCES, judge_instances, read_input_first, read_output_first
from generators.tasks.layouts import laid_out
from generators.tasks.numbered import TRUNCATED, read_task_lines
from generators.tasks.options import BootstrapOptions
from generators.tasks.pool import TaskPool
from generators.tasks.seeds import Instance, Seed

SHOWN, SHOWN_ACCEPTED = 8, 2
"""How many tasks a prompt shows, and how many of them are the model's own once there are so many."""

DEMONSTRATIONS = 8
"""How many of the examples of classification are shown, where the paper's 31 are not asked for."""

TASK_TOKENS = 120
"""How long a task may grow, in tokens, before the model has lost the thread."""

PAPERS_LIST = 16
"""Where the paper's list is cut: a prompt shows 8 tasks and gets about 7 new ones."""

WRITE, SORT, WORK_OUT = (
    Sampling(temperature=0.7, top_p=0.95),
    Sampling(temperature=0.0, usual_tokens=16, stop=("\n",)),
    Sampling(temperature=0.3, usual_tokens=350, stop=("Task:", "<task>")),
)
"""How tokens are drawn for instructions, for the kind of task, for instances; a model's `max_tokens` may allow more."""

PAPERS_WRITE, PAPERS_SORT, PAPERS_WORK_OUT = (
    Sampling(temperature=0.7, top_p=0.5, max_tokens=1024, presence_penalty=2.0, stop=("\n\n", "\n16", "16.", "16 .")),
    Sampling(temperature=0.0, max_tokens=3, stop=("\n", "Task:")),
    Sampling(temperature=0.0, max_tokens=350, presence_penalty=1.5, stop=("Example 6", "Task:")),
)
"""The same, as the paper's code draws them."""

_KIND = re.compile(r"\W*(?:(?P<yes>yes)|no)\b", re.IGNORECASE)


class SelfInstructOptions(BootstrapOptions):
    """Options of `self-instruct`.

    Attributes:
        tasks_per_request: how many new tasks a request asks for; 1 unless said, and about 7 if faithful.
        instances: how many instances of a task are kept at most, 1 to 5; 1 unless said, and 5 if faithful.
        layouts: lay each instance out in one of thirteen ways ("Task: ... Output:"), by chance.
        classification_only: show, and ask for, classification tasks only; the seeds must say which they are.
    """

    tasks_per_request: int = Field(default=1, ge=1, le=20)
    instances: int | None = Field(default=None, ge=1, le=MOST_INSTANCES)
    layouts: bool = False
    classification_only: bool = False


class SelfInstruct(Bootstrap[SelfInstructOptions]):
    """Bootstraps tasks from seeds; see the module's docstring."""

    name: ClassVar[str] = "self-instruct"
    Options: ClassVar[type[GeneratorOptions]] = SelfInstructOptions
    words_forbidden: ClassVar[tuple[Sequence[str], Sequence[str]]] = (MODERN_WORDS, SELF_INSTRUCT_WORDS)
    checks = (
        {"use": "heuristics"},
        {"use": "threshold", "name": "well-formed", "options": {"score": "heuristics.format", "min": 1}},
        {"use": "exact-dedup"},
    )
    example = "curator generate self-instruct seeds.jsonl -n 20 --out tasks.jsonl"

    @property
    def most(self) -> int:
        """How many instances of a task are kept."""
        return self.options.instances or (MOST_INSTANCES if self.options.faithful else 1)

    def tasks_per_prompt(self) -> int:
        """Return how many new tasks one prompt asks for."""
        return PAPERS_LIST - 1 - SHOWN if self.options.faithful else self.options.tasks_per_request

    def requests_per_prompt(self) -> tuple[int, int]:
        """Return how many replies one prompt takes: the list alone if nothing in it is new, two more a new task."""
        return (1, 1 + 2 * self.tasks_per_prompt())

    def read_seeds(self, context: Context) -> tuple[Seed, ...]:
        """Return the seed tasks, as many of them as are to be shown.

        Args:
            context: the stage's surroundings.

        Returns:
            The seed tasks.

        Raises:
            StageError: the file is not what it should be, or classification tasks are wanted and it names none.
        """
        seeds = super().read_seeds(context)
        if not self.options.classification_only:
            return seeds
        chosen = tuple(seed for seed in seeds if seed.is_classification)
        if not chosen:
            raise StageError(
                f"{self.key}: classification_only: none of the {len(seeds)} seeds in {self.options.seeds} says "
                "`is_classification: true`; mark some, in the layout of seed_tasks.jsonl"
            )
        return chosen

    def draw(self, pool: TaskPool, place: tuple[int, int], context: Context) -> Prompt:
        """Show eight tasks, six of people and two of the model's own, and ask for the next.

        Args:
            pool: what to draw from.
            place: the round and the prompt's number in it.
            context: the stage's surroundings.

        Returns:
            The prompt.
        """
        drawn = pool.draw(context.random("draw", *place), SHOWN, SHOWN_ACCEPTED)
        tasks = [" ".join(task.instruction.split()).rstrip(":") for task in drawn]
        labels = (("round", str(place[0] + 1)), ("drawn", " ".join(task.id for task in drawn)))
        folder, only = self.prompt_folder(context), self.options.classification_only
        if self.options.faithful:
            text = folder.render("task_list", tasks=tasks, classification=only)
            return Prompt((Turn("user", text),), sampling=PAPERS_WRITE, labels=labels)
        turns = [Turn("system", folder.render("system", classification=only))]
        for number, task in enumerate(tasks, 1):
            turns += [Turn("user", folder.render("task", number=number, count=1)), Turn("assistant", task)]
        count = self.options.tasks_per_request
        turns.append(Turn("user", folder.render("task", number=len(tasks) + 1, count=count)))
        stop = ("\n",) if count == 1 else ()
        sampling = msgspec.structs.replace(WRITE, usual_tokens=count * TASK_TOKENS, stop=stop)
        return Prompt(tuple(turns), sampling=sampling, labels=labels)

    def drafts(self, reply: ChatReply, prompt: Prompt) -> list[TaskDraft]:
        """Read the instructions of a reply.

        Args:
            reply: the reply.
            prompt: the prompt it answers.

        Returns:
            The instructions. Where the reply ran into its length limit, the last is marked as truncated; if faithful,
            all are.

        Raises:
            UnparsableReply: there is none.
        """
        lines = read_task_lines(reply.text)
        cut = 0 if reply.finish_reason != "length" else len(lines) if self.options.faithful else 1
        whole = len(lines) - cut
        return [TaskDraft(line, rejection=None if at < whole else TRUNCATED) for at, line in enumerate(lines)]

    def tidy(self, instruction: str) -> str:
        """Return an instruction on one line, with a capital; if faithful, with no other."""
        return tidied(instruction, faithful=self.options.faithful)

    async def finish(self, new: NewTask, context: Context) -> list[Record]:
        """Sort a new task, and make its instances.

        Args:
            new: the task.
            context: the stage's surroundings.

        Returns:
            One record an instance; or a dropped one that keeps the reply in which there was none.
        """
        task = new.draft.instruction
        kind = await self.ask(self._sorting(task, context), context, self._is_yes)
        classification = bool(kind.value)
        found = kind.reason or ("yes" if classification else "no")
        prompt = self._working_out(new, classification, found, context)
        made = await self.ask(prompt, context, lambda reply: self._instances(reply, classification, new, context))
        if made.value is None:
            return [self.failed(prompt, context, made, new.reading, kind)]
        return [self._record(each, reason, new, prompt, context, made, kind) for each, reason in made.value]

    def _record(
        self,
        instance: Instance,
        rejection: Rejection | None,
        new: NewTask,
        prompt: Prompt,
        context: Context,
        made: Reading[list[tuple[Instance, Rejection | None]]],
        kind: Reading[bool],
    ) -> Record:
        task = new.draft.instruction
        if self.options.layouts and rejection is None:
            text, layout = laid_out(task, instance, context.random("layout", task, instance.input, instance.output))
            record = single_turn(text, instance.output).with_origin(labels=(("layout", layout), ("instruction", task)))
        else:
            record = single_turn(task, instance.output, input=instance.input)
        if rejection is None and not self.options.faithful and instance.output == task:
            rejection = Rejection("output-equals-instruction", "the model repeats the task instead of doing it")
        if rejection is not None:
            record = record.dropped(self.key, rejection.reason, rejection.detail)
        return self.signed(record, prompt, context, made, new.reading, kind)

    def _instances(
        self, reply: ChatReply, classification: bool, new: NewTask, context: Context
    ) -> list[tuple[Instance, Rejection | None]]:
        faithful = self.options.faithful
        found = read_output_first(reply.text) if classification else read_input_first(reply.text, faithful=faithful)
        if not found:
            raise UnparsableReply("there is no instance of the task in the reply")
        cut = reply.finish_reason == "length"
        return judge_instances(found, truncated=cut, most=self.most, numbers=context.random("instances", new.task.id))

    def _is_yes(self, reply: ChatReply) -> bool:
        if self.options.faithful:
            return reply.text.strip() in ("Yes", "yes", "YES")
        said = _KIND.match(reply.text)
        if said is None and (reply.finish_reason == "length" or not reply.text.strip()):
            raise UnparsableReply("the reply is blank or breaks off before it says Yes or No")
        return said is not None and said["yes"] is not None

    def _sorting(self, task: str, context: Context) -> Prompt:
        folder = self.prompt_folder(context)
        examples = examples_in(folder, "classification_examples")
        if self.options.faithful:
            text = folder.render("classification_list", examples=examples, task=task)
            return Prompt((Turn("user", text),), sampling=PAPERS_SORT)
        turns = shown(folder, "classification", examples[:DEMONSTRATIONS])
        return Prompt((*turns, Turn("user", folder.render("classification", task=task))), sampling=SORT)

    def _working_out(self, new: NewTask, classification: bool, found: str, context: Context) -> Prompt:
        folder, task, order = self.prompt_folder(context), new.draft.instruction, _order(classification)
        examples = examples_in(folder, f"{order}_examples")
        labels = (*new.prompt.labels, ("classification", found), ("order", order))
        if self.options.faithful:
            text = folder.render(f"{order}_list", examples=examples, task=task)
            return Prompt((Turn("user", text),), sampling=PAPERS_WORK_OUT, labels=labels)
        cut = [{**example, "reply": _first_of(example["reply"], self.most)} for example in examples]
        turns = shown(folder, "instance", cut, classification=classification, count=self.most)
        asked = folder.render("instance", task=task, classification=classification, count=self.most)
        return Prompt((*turns, Turn("user", asked)), sampling=WORK_OUT, labels=labels)


def _order(classification: bool) -> str:
    return "output_first" if classification else "input_first"


def _first_of(reply: str, count: int) -> str:
    """Return the first `count` instances of an example's reply; a single one needs no heading."""
    mark = r"^(?=Class label:)" if reply.startswith("Class label:") else r"^(?=Example \d)"
    parts = [part.strip() for part in re.split(mark, reply, flags=re.MULTILINE) if part.strip()][:count]
    return re.sub(r"^Example 1\n", "", parts[0]) if count == 1 else "\n".join(parts)
