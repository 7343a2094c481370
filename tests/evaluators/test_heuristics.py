"""Lengths and repetitions are counted by hand, faults are planted."""

from __future__ import annotations

import pytest

from curator.record import Score, single_turn
from evaluators.faults import faults
from evaluators.heuristics import Heuristics
from tests.evaluators.records import run

PROSE = "This is a sentence of more than twelve words that goes on and on to its end"


def test_measures_by_hand() -> None:
    (record,) = run(Heuristics(), [single_turn("Count the words here.", "a b c a b c a b c.", input="Not me.")])
    assert record.scores == (
        Score("heuristics.instruction_words", 4),
        Score("heuristics.response_words", 9),
        Score("heuristics.repetition", 4 / 7, "4 of 7 3-grams repeat another"),  # abc bca cab, of 7
        Score("heuristics.format", 1.0),
    )


@pytest.mark.parametrize(
    ("response", "value"),
    [("", 0.0), ("a a", 0.0), ("a a a", 0.0), ("a a a a", 0.5), ("é 😀 你", 0.0), ("x " * 102, 0.99)],
)
def test_repetition(response: str, value: float) -> None:
    (record,) = run(Heuristics(), [single_turn("A?", response)])
    assert record.score("heuristics.repetition") == pytest.approx(value)


@pytest.mark.parametrize(
    ("response", "found"),
    [
        ("", "empty response"),
        (" \n", "empty response"),
        (PROSE, "truncated: ends with 'on and on to its end'"),
        ("He went home,", "truncated: ends with 'He went home,'"),
        ("He went to the", "truncated: ends with 'He went to the'"),
        ("Dear [NAME], hello.", "unfilled placeholder '[NAME]'"),
        ("Dear [Your Full Name], hello.", "unfilled placeholder '[Your Full Name]'"),
        ("Hi {{user}}.", "unfilled placeholder '{{user}}'"),
        ("Hi <insert name>.", "unfilled placeholder '<insert name>'"),
        ("Hi <FIRST NAME>.", "unfilled placeholder '<FIRST NAME>'"),
        ("Yes.\nUser: and now?", "role leakage 'User:'"),
        ("**Assistant:** Yes.", "role leakage '**Assistant:'"),
        ("Yes.<|im_end|>", "role leakage '<|im_end|>'"),
        ("[INST] Yes.", "role leakage '[INST]'"),
        ("what is IT?", "response equals instruction"),
        ("As an AI language model, I have no taste.", "refusal 'as an ai'"),
        ("I’m sorry, but I can't do that.", 'refusal "i\'m sorry, but i"'),
        ("I cannot assist with it.", "refusal 'i cannot assist'"),
        ("```python\nx = 1", "broken code fence"),
    ],
)
def test_faults(response: str, found: str) -> None:
    problems = list(faults("What is it?", response))
    assert len(problems) == 1
    assert problems[0].startswith(found)
    (record,) = run(Heuristics(), [single_turn("What is it?", response)])
    assert record.scores[-1] == Score("heuristics.format", 0.0, problems[0])


@pytest.mark.parametrize(
    "response",
    [
        "Paris",
        "42",
        "Emma, by Jane Austen",
        PROSE + ".",
        PROSE + "。",
        PROSE + ' "so."',
        PROSE + " (really)",
        f"Items:\n- {PROSE}",
        f"Steps:\n1. {PROSE}",
        f"| a | b |\n|---|---|\n| {PROSE} | c |",
        "```python\nuser = '[NAME]'\nif x:\n    y = {{a}}\n```",
        "Use `<|im_end|>` and `{{x}}` there.",
        "See [RULES OF PLAY](https://a.example/b).",
        "As he said [...], it holds <br> well.",
        "The user: a person who reads. The system is down.",
        "The hero cried that he was sorry, but nobody came, " + PROSE + ".",
        "你好。",
        "😀",
        "مرحبا",
    ],
)
def test_sound_answers(response: str) -> None:
    assert list(faults("What is it?", response)) == []


def test_a_template_may_have_slots() -> None:
    assert list(faults("Write a letter template.", "Dear [NAME], hello.")) == []


def test_an_unfilled_instruction_is_a_fault() -> None:
    assert list(faults("Who is {{character}}?", "A person.")) == ["unfilled placeholder '{{character}}'"]


def test_several_faults_are_all_named() -> None:
    (record,) = run(Heuristics(), [single_turn("A?", "Dear [NAME],\nUser: x\n```")])
    assert record.scores[-1].explanation == ("unfilled placeholder '[NAME]'; role leakage 'User:'; broken code fence")


@pytest.mark.parametrize("piece", ["word ", "{{", "[A ", "```\n", "<", "`", "I'm sorry "])
def test_a_megabyte(piece: str) -> None:
    (record,) = run(Heuristics(), [single_turn("A?", piece * (1_000_000 // len(piece)))])
    assert len(record.scores) == 4


def test_declares_its_measures() -> None:
    assert [(measure.name, measure.better, measure.high) for measure in Heuristics().gives()] == [
        ("heuristics.instruction_words", "neither", None),
        ("heuristics.response_words", "neither", None),
        ("heuristics.repetition", "lower", 1.0),
        ("heuristics.format", "higher", 1.0),
    ]
