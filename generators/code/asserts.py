"""A solution held against assertions: the model writes them, a limited process runs them."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from curator.execution.python import Limits, run_tests
from curator.llm.base import Sampling
from curator.record import Record, Turn
from curator.stage import AskingStage, Context, Prompt, Reading
from curator.text.prompt import PromptFolder
from generators.code.replies import asserts_in, code_blocks
from generators.shared.few_shot import examples_in, shown

TESTING = Sampling(temperature=0, usual_tokens=400)


async def tested(
    stage: AskingStage[Any],
    record: Record,
    prompt: Prompt,
    context: Context,
    *readings: Reading[Any],
    limits: Limits,
) -> Record:
    """Ask for assertions about a task's solution, and run both.

    Args:
        stage: who asks.
        record: the task, not yet signed.
        prompt: what it came of.
        context: the stage's surroundings.
        readings: the replies that it took.
        limits: what a run may take.

    Returns:
        The record, signed; with the label `tests: passed` and the assertions, or dropped: `not-testable`, `no-tests`,
        `tests-failed`, `timeout`, `memory`.

    Raises:
        StageError: the recipe lent the stage no model, or the system cannot limit a process.
        ProviderError: the endpoint cannot serve.
    """
    code = "\n\n".join(block.code for block in code_blocks(record.response) if block.is_python)
    if not code:
        signed = stage.signed(record, prompt, context, *readings)
        return signed.dropped(stage.key, "not-testable", "there is no block of Python in the solution")
    problem = f"{record.instruction}\n\n{record.input}".strip()
    question = _question(stage.prompt_folder(context), problem, code)
    asked = await stage.ask(question, context, lambda reply: asserts_in(reply.text))
    if asked.value is None:
        return stage.signed(record, prompt, context, *readings, asked).dropped(stage.key, "no-tests", asked.problem)
    ran = await asyncio.to_thread(run_tests, code, asked.value, limits)
    outcome = "passed" if ran.outcome == "passed" else "failed"
    labels = (*prompt.labels, ("tests", outcome), ("assertions", asked.value))
    signed = stage.signed(record, msgspec.structs.replace(prompt, labels=labels), context, *readings, asked)
    if ran.outcome == "passed":
        return signed
    reason = "tests-failed" if ran.outcome == "failed" else ran.outcome
    return signed.dropped(stage.key, reason, ran.output.rsplit("\n", 1)[-1] or f"exit status {ran.status}")


def _question(folder: PromptFolder, problem: str, solution: str) -> Prompt:
    turns = (
        Turn("system", folder.render("tests_system")),
        *shown(folder, "tests", examples_in(folder, "tests_examples")),
        Turn("user", folder.render("tests", problem=problem, solution=solution)),
    )
    return Prompt(turns, sampling=TESTING)
