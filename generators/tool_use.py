"""Function calling: requests, the calls that serve them, and requests that need no call, made from function schemas.

Two ways. `order: call-first` (the default): a call is drawn from the schemas, its values out of what they list and
exemplify, and the model only writes the request that this call serves; every call is valid, so a very small model can
do this. `order: request-first`: the model writes a request that needs a function, then the calls; each is held against
the schemas and dropped where it does not fit. Some requests take several calls (`parallel_share`), some none
(`no_call_share`), because a model that has never seen one always calls. With `results` the model also plays the
function and gives the final answer.

Source:
    Calls held against the schemas, and requests without a fitting function: Liu et al. 2024, "APIGen", arXiv
    2406.18518, sections 3 and 4. Ours differ: calls may be drawn first, nothing is executed, and no second model
    judges the meaning. The layout is described in `generators.tools.dialogue`.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import msgspec
from pydantic import Field

from curator.llm.base import ChatReply, Sampling
from curator.record import Record, Turn
from curator.stage import Context, Generator, GeneratorOptions, Prompt, Reading
from curator.text.prompt import PromptFolder
from generators.shared.few_shot import examples_in, shown
from generators.shared.plain_reply import line_in
from generators.tools.dialogue import call_turn, calls_in, listing, result_turn, shown_call, told_values, unmentioned
from generators.tools.replies import heard, result_in, words_in
from generators.tools.schemas import Call, Function, fault_of, read_functions
from generators.tools.tasks import Mix, Task, tasks
from generators.tools.values import draw_call

ONE_LINE = Sampling(stop=("\n",))

MOST_CALLS = 4
"""How many calls one request may take: with results each costs a reply, and a run is priced before it begins."""


class ToolUseOptions(GeneratorOptions):
    """Options of `tool-use`.

    Attributes:
        tools: a JSON file of function schemas: OpenAI's `tools`, or bare functions.
        n: how many requests at most.
        order: "call-first" (the call is drawn, the model words the request) or "request-first" (the model does both).
        values: values to draw for arguments of these names, over those that the schemas give.
        parallel_share: the share of requests that take two calls, 0 to 1; `call-first` only.
        no_call_share: the share of requests that no function serves, 0 to 1.
        listed: how many functions a dialogue lists at most; the ones called are among them.
        results: whether the dialogue goes on with simulated results and a final answer.
        mentioned: whether a request must say the values of its calls; one that does not is dropped.
        retries: how often an unreadable reply, or a request that hides a value, is asked again, 0 and up.
    """

    tools: Path
    n: int = Field(default=100, ge=1)
    order: Literal["call-first", "request-first"] = "call-first"
    values: dict[str, list[str | int | float | bool]] = Field(default_factory=dict)
    parallel_share: float = Field(default=0.1, ge=0, le=1)
    no_call_share: float = Field(default=0.1, ge=0, le=1)
    listed: int = Field(default=8, ge=1)
    results: bool = False
    mentioned: bool = True
    retries: int = Field(default=3, ge=0, le=10)


class ToolUse(Generator[ToolUseOptions]):
    """Writes dialogues with function calls; see the module's docstring."""

    name: ClassVar[str] = "tool-use"
    Options: ClassVar[type[GeneratorOptions]] = ToolUseOptions
    checks = ({"use": "exact-dedup", "options": {"field": "instruction"}},)
    input_option = "tools"
    example = "curator generate tool-use tools.json -n 20 --out calls.jsonl"

    def requests_per_prompt(self) -> tuple[int, int]:
        """Return the replies to one prompt: the request, perhaps its calls, their results and the final answer.

        A request that is asked again because it hides a value counts as a retry, which is left out.
        """
        if self.options.order == "request-first":
            return (1, 2 + (MOST_CALLS + 1 if self.options.results else 0))
        return (1, 1 + 2 + 1 if self.options.results else 2)

    def check(self, context: Context) -> None:
        """Read the schemas, and draw a call of each function where calls come first.

        Args:
            context: the context of the run to come.

        Raises:
            StageError: the file is not what it should be, or gives nothing to draw a value from.
        """
        functions = read_functions(context.path(self.options.tools))
        self.prompt_folder(context)
        if self.options.order == "call-first":
            for function in functions:
                draw_call(function, context.random("check", function.name), self.options.values)

    def prompts(self, context: Context) -> Iterator[Prompt | Record]:
        """Yield what to ask: every function in turn, in a drawn order.

        Args:
            context: the stage's surroundings.

        Yields:
            One prompt a dialogue, at most `n`.
        """
        functions = read_functions(context.path(self.options.tools))
        folder = self.prompt_folder(context)
        options = self.options
        calls_first = options.order == "call-first"
        mix = Mix(calls_first, options.parallel_share, options.no_call_share, options.listed, options.values)
        for number, task in enumerate(tasks(functions, options.n, mix, context)):
            yield self._prompt(task, folder, context.random("topic", number))

    def parse(self, reply: str, prompt: Prompt) -> Iterable[Record]:
        """Read a reply as the request that a dialogue begins with.

        Args:
            reply: the model's text.
            prompt: the prompt; its item is the `Task`.

        Returns:
            The user's turn.

        Raises:
            UnparsableReply: there is no line in it.
        """
        return [Record((Turn("user", line_in(reply, "Request", "User", "Question")),))]

    async def answer(self, prompt: Prompt, context: Context) -> list[Record]:
        """Make one dialogue.

        Args:
            prompt: asks for the request.
            context: the stage's surroundings.

        Returns:
            The dialogue, dropped where its calls do not fit; or one dropped record that keeps what went wrong.

        Raises:
            StageError: the recipe lent this stage no model.
            ProviderError: the endpoint cannot serve.
        """
        task: Task = prompt.item
        asked, *hiding = await self._worded(prompt, context)
        if hiding:
            prompt = msgspec.structs.replace(prompt, labels=(*prompt.labels, ("reworded", str(len(hiding)))))
        if asked.value is None:
            return [self.failed(prompt, context, asked, *hiding)]
        folder = self.prompt_folder(context)
        start = (self._conventions(task, folder), *asked.value.messages)
        if task.kind == "no-call":
            return [await self._in_words(start, prompt, context, asked)]
        if task.calls:
            return [await self._called(start, task.calls, prompt, context, asked, *hiding)]
        written = await heard(self, Prompt(start), context, lambda reply: calls_in(reply.text))
        if written.value is None:
            return [self.failed(msgspec.structs.replace(prompt, turns=start), context, written, asked)]
        if not written.value:
            raw = Turn("assistant", written.answer.reply.text if written.answer else "")
            record = self.signed(Record((*start, raw)), prompt, context, asked, written)
            return [record.dropped(self.key, "no-call", "the model sees no need for a call, where one was asked for")]
        return [await self._called(start, written.value, prompt, context, asked, written)]

    async def _worded(self, prompt: Prompt, context: Context) -> list[Reading[Record]]:
        """Ask for the request; where it hides a value of the drawn calls, ask again, as often as `retries` says.

        Returns the last wording first, then those before it.
        """
        task: Task = prompt.item

        def read(reply: ChatReply) -> Record:
            return next(iter(self.parse(reply.text, prompt)))

        asked = [await heard(self, prompt, context, read, sample=task.sample)]
        for again in range(1, self.options.retries + 1):
            last = asked[0].value
            if last is None or self._fault(task.calls, last.instruction, task.functions) is None:
                break
            asked.insert(0, await heard(self, prompt, context, read, sample=task.sample + again))
        return asked

    async def _in_words(
        self, start: tuple[Turn, ...], prompt: Prompt, context: Context, *before: Reading[Any]
    ) -> Record:
        """Answer a request that needs no call."""
        said = await heard(self, Prompt((start[-1],)), context, words_in)
        if said.value is None:
            return self.failed(msgspec.structs.replace(prompt, turns=start), context, said, *before)
        return self.signed(Record((*start, Turn("assistant", said.value))), prompt, context, *before, said)

    async def _called(
        self,
        start: tuple[Turn, ...],
        calls: Sequence[Call],
        prompt: Prompt,
        context: Context,
        *before: Reading[Any],
    ) -> Record:
        """Hold the calls against the schemas and the request, and go on to the results if they are wanted."""
        task: Task = prompt.item
        names = ", ".join(call.name for call in calls)
        prompt = msgspec.structs.replace(prompt, labels=(*prompt.labels, ("functions", names)))
        turns = (*start, call_turn(calls))
        fault = self._fault(calls, start[-1].content, task.functions)
        if fault is not None:
            return self.signed(Record(turns), prompt, context, *before).dropped(self.key, *fault)
        if not self.options.results:
            return self.signed(Record(turns), prompt, context, *before)
        return await self._with_results(turns, calls, prompt, context, *before)

    async def _with_results(
        self, turns: tuple[Turn, ...], calls: Sequence[Call], prompt: Prompt, context: Context, *before: Reading[Any]
    ) -> Record:
        folder = self.prompt_folder(context)
        functions = {function.name: function for function in prompt.item.functions}
        asked = [self._example(folder, "result", does=_does(functions[c.name]), call=shown_call(c)) for c in calls]
        readings = await asyncio.gather(*(heard(self, each, context, result_in) for each in asked))
        unread = next((reading for reading in readings if reading.value is None), None)
        if unread is not None:
            others = (reading for reading in readings if reading is not unread)
            return self.failed(msgspec.structs.replace(prompt, turns=turns), context, unread, *before, *others)
        results = [json.loads(reading.value or "null") for reading in readings]
        told = "\n".join(json.dumps(result, ensure_ascii=False) for result in results)
        final = self._example(folder, "final", request=turns[1].content, results=told)
        said = await heard(self, final, context, words_in)
        turns = (*turns, result_turn(calls, results))
        if said.value is None:
            return self.failed(msgspec.structs.replace(prompt, turns=turns), context, said, *before, *readings)
        record = Record((*turns, Turn("assistant", said.value)))
        labelled = msgspec.structs.replace(prompt, labels=(*prompt.labels, ("results", "simulated")))
        return self.signed(record, labelled, context, *before, *readings, said)

    def _fault(self, calls: Sequence[Call], request: str, functions: Sequence[Function]) -> tuple[str, str] | None:
        if len(calls) > MOST_CALLS:
            return "too-many-calls", f"{len(calls)} calls for one request, at most {MOST_CALLS}"
        known = {function.name: function for function in functions}
        for call in calls:
            fault = fault_of(call, functions)
            if fault is not None:
                return fault
            missing = unmentioned(call, known[call.name], request) if self.options.mentioned else []
            if missing:
                return "value-not-in-request", f"{shown_call(call)}: the request does not say {', '.join(missing)}"
        return None

    def _prompt(self, task: Task, folder: PromptFolder, rng: random.Random) -> Prompt:
        by_name = {function.name: function for function in task.functions}
        if task.kind == "no-call":
            topic = rng.choice(folder.render("topics").splitlines())
            prompt = self._example(folder, "unrelated", topic=topic, does="\n".join(map(_does, task.functions)))
        elif task.calls:
            purposes = dict.fromkeys(by_name[call.name].description or call.name for call in task.calls)
            says = "\n".join(map(told_values, task.calls))
            prompt = self._example(folder, "request", does="\n".join(purposes), says=says)
        else:
            wanted = by_name[task.wanted]
            prompt = self._example(folder, "wish", does=_does(wanted), wants=_wants(wanted))
        labels = (("order", self.options.order), ("kind", task.kind))
        return msgspec.structs.replace(prompt, item=task, labels=labels)

    def _example(self, folder: PromptFolder, name: str, **values: object) -> Prompt:
        """Return a question that is asked behind examples of it, and answered in one line."""
        examples = shown(folder, name, examples_in(folder, f"{name}_examples"))
        system = folder.render("request_system" if name == "request" else "system")
        turns = (Turn("system", system), *examples, Turn("user", folder.render(name, **values)))
        return Prompt(turns, sampling=ONE_LINE)

    def _conventions(self, task: Task, folder: PromptFolder) -> Turn:
        return Turn("system", folder.render("conventions", tools=listing(task.functions)))


def _does(function: Function) -> str:
    return f"{function.name}: {function.description}"


def _wants(function: Function) -> str:
    return ", ".join(function.parameters.get("properties", {})) or "nothing"
