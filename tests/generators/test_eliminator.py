"""The eliminator: each check finds what it is named after, and lets the rest through."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import generators
from generators.evol_instruct import SCAFFOLD, EvolInstruct
from generators.evol_quality import CHECKS, EvolQuality
from generators.evol_quality import SCAFFOLD as ANSWERS_SCAFFOLD
from generators.evolution.eliminator import (
    EMPTY_CONTENT,
    PRACTICAL_INSTRUCTION_CHECKS,
    PRACTICAL_RESPONSE_CHECKS,
    RESPONSE_CHECKS,
    first_failure,
    scaffold_leak,
)

PARENT = "Name three rivers."
INSTRUCTION_CHECKS = (scaffold_leak(SCAFFOLD, ("prompt",)), *PRACTICAL_INSTRUCTION_CHECKS)


def failed(text: str, parent: str = PARENT) -> str:
    """Return the reason under which an instruction would be dropped."""
    failure = first_failure(INSTRUCTION_CHECKS, text, parent)
    return failure.reason if failure else ""


def failed_response(text: str) -> str:
    """Return the reason under which a response would be dropped."""
    failure = first_failure(RESPONSE_CHECKS + PRACTICAL_RESPONSE_CHECKS, text)
    return failure.reason if failure else ""


@pytest.mark.parametrize(
    "text",
    [
        "Answer the given prompt about three rivers.",
        "In the Rewritten Prompt, name three rivers.",
        "Name three rivers. #Rewritten Prompt#",
        "Name three rivers. # Given Prompt #",
        "Name three rivers. #Finally Rewritten Instruction#",
        "Name three rivers.</prompt>",
        "Improve the created prompt.",
        "Name three rivers for the new prompt.",
    ],
)
def test_words_of_the_evolving_prompt_are_a_leak(text: str) -> None:
    assert failed(text) == "scaffold-leak"


@pytest.mark.parametrize(
    ("text", "parent"),
    [
        ("Write a story for the given prompt in 100 words.", "Write a story for the given prompt."),
        ("Name three rivers and answer promptly.", PARENT),
        ("Why was the prompt given at noon?", PARENT),
        ("Which #rivers are in this table?", PARENT),
        ("Choose the right algorithm for the given task of sorting rivers.", PARENT),
        ("List three improved tasks for a river pilot.", PARENT),
        ("What did the changed instruction of the harbour master say?", PARENT),
        ("Solve the rewritten task.", PARENT),
        ("Is the answer given in the #text# below?", PARENT),
    ],
)
def test_words_of_the_parent_or_of_the_subject_are_no_leak(text: str, parent: str) -> None:
    assert failed(text, parent) == ""


@pytest.mark.parametrize("text", ["The rewritten response is longer.", "The Rhine.</response>"])
def test_words_of_the_rewriting_prompt_are_a_leak_in_an_answer(text: str) -> None:
    failure = first_failure(CHECKS, text, "The Rhine.")
    assert failure is not None
    assert failure.reason == "scaffold-leak"


@pytest.mark.parametrize("text", ["A given answer may be improved.", "The given prompt on a shell ends with $."])
def test_an_answer_may_speak_of_answers_and_prompts(text: str) -> None:
    assert first_failure(CHECKS, text, "The Rhine.") is None


@pytest.mark.parametrize(("stage", "phrases"), [(EvolInstruct, SCAFFOLD), (EvolQuality, ANSWERS_SCAFFOLD)])
def test_only_words_that_are_really_sent_are_a_leak(stage: type[Any], phrases: tuple[str, ...]) -> None:
    folder = Path(generators.__path__[0], "prompts", stage.name.replace("-", "_"))
    sent = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.jinja")).casefold()
    assert [phrase for phrase in phrases if phrase not in sent] == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name THREE  rivers", "unchanged"),
        ("Name three rivers in Asia.", ""),
        ("I'm sorry, but I can't help with that.", "refusal"),
        ("I’m very sorry, I am unable to rewrite this.", "refusal"),
        ("I cannot assist with this request.", "refusal"),
        ("I can't open a jar. Which river is near?", ""),
        ("\n".join(f"{number}. river" for number in range(1, 12)), "list-only"),
        ("\n".join(f"{number}. river" for number in range(1, 11)), ""),
        ("Sort:\n" + "\n".join(f"- river {number}" for number in range(20)), ""),
        ("\n".join("abcdefghijklm"), "broken-lines"),
        ("As an AI, which rivers can you name?", "assistant-phrase"),
        ("How can I assist you with three rivers?", "assistant-phrase"),
        ("Which rivers does an AI assistant know?", "assistant-phrase"),
        ("Explain the basin an aim serves.", ""),
    ],
)
def test_practical_checks_of_an_instruction(text: str, reason: str) -> None:
    assert failed(text) == reason


@pytest.mark.parametrize("count", [79, 80])
def test_sorry_eliminates_below_80_words(count: int) -> None:
    response = "Sorry " + "river " * (count - 1)
    assert failed_response(response) == ("unanswerable" if count < 80 else "")


@pytest.mark.parametrize("text", ["", "...", "?!", "It is what it is.", "Of the, and to.", "\n\n"])
def test_punctuation_and_stop_words_are_empty_content(text: str) -> None:
    assert failed_response(text) == "empty-content"
    assert EMPTY_CONTENT.finds(text, "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("42", ""),
        ("C’est la Seine.", ""),
        ("Understood! Shall we begin with the Nile?", "stagnant-complexity"),
        ("Understood. The Nile, the Rhine and the Po.", ""),
        ("Sure, which rivers do you mean?", "insufficient-qualification"),
        ("Sure, the Nile.", ""),
        ("Please provide the table.", "missing-information"),
        ("The Nile, the Rhine and the Po.", ""),
    ],
)
def test_responses(text: str, reason: str) -> None:
    assert failed_response(text) == reason


def test_the_first_failure_counts() -> None:
    assert failed("As an AI, I rewrote the given prompt.") == "scaffold-leak"
    sorry = first_failure(RESPONSE_CHECKS, "Sorry.")
    assert sorry is not None
    assert sorry.detail == 'the response says "sorry" in 1 words, fewer than 80'
