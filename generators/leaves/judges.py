"""The judges of a taxonomy's records: what each is shown, how its verdict is read, and what it takes to pass.

Every judge gives its reason before its verdict. The examples it is shown stand in its prompt file, each with a name;
a test holds the verdict of each against a table of its own.

Source:
    Sudalairaj et al. 2024, arXiv 2403.01081, section 3.3, and the published pipelines of InstructLab: faithfulness
    (YES or NO), relevancy (two points of two), verification of the question (1), questions of skills (1), and their
    responses (1 to 3).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import msgspec

from curator.errors import StageError, UnparsableReply
from curator.llm.base import Sampling
from curator.record import Turn
from curator.stage import Prompt
from curator.text.prompt import PromptFolder

_WORD = re.compile(r"verdict\W*\b(yes|no)\b", re.IGNORECASE)
_LAST_WORD = re.compile(r"\b(yes|no)\b\W*\Z", re.IGNORECASE)
_BIT = re.compile(r"verdict\W*\b([01])\b", re.IGNORECASE)
_RATING = re.compile(r"rating\W*\b([123])\b", re.IGNORECASE)
_POINTS = tuple(re.compile(rf"{point}\W*\b([01])\b", re.IGNORECASE) for point in ("subject", "focus"))
_FIELD = re.compile(r"^([A-Z]\w+): ", re.MULTILINE)


class Judge(msgspec.Struct, frozen=True):
    """One judge.

    Attributes:
        name: its name, that of its prompt file too.
        shown: the parts of an item that it is shown.
        read: reads its verdict as points.
        reason: why a record that does not pass is dropped.
        passes: how many points it takes.
    """

    name: str
    shown: tuple[str, ...]
    read: Callable[[str], int]
    reason: str
    passes: int

    def prompt(self, folder: PromptFolder, parts: Mapping[str, str]) -> Prompt:
        """Return the question to the judge.

        Args:
            folder: the prompts.
            parts: the parts of the item; more than are shown do no harm.

        Returns:
            The prompt, with the judge's examples as turns of a dialogue.

        Raises:
            StageError: the prompt file has an example without one of its parts.
        """
        task, examples = demonstrations(folder, self)
        turns = [Turn("system", folder.render("judge_system", task=task))]
        for example in examples:
            turns += [Turn("user", _item(folder, self, example.parts)), Turn("assistant", example.reply)]
        turns.append(Turn("user", _item(folder, self, parts)))
        return Prompt(tuple(turns), sampling=Sampling(temperature=0, max_tokens=200))


class Demonstration(msgspec.Struct, frozen=True):
    """An item as a judge is shown it, with the reply that is right."""

    name: str
    parts: Mapping[str, str]
    reply: str


def demonstrations(folder: PromptFolder, judge: Judge) -> tuple[str, list[Demonstration]]:
    """Return what a judge is told, and the examples it is shown.

    Args:
        folder: the prompts.
        judge: the judge.

    Returns:
        Its task, and its examples.

    Raises:
        StageError: an example lacks a name or a part.
    """
    task, *blocks = folder.render(judge.name).split("\n===\n")
    found = []
    for block in blocks:
        pieces = _FIELD.split(block.strip())
        fields = {name.lower(): text.strip() for name, text in zip(pieces[1::2], pieces[2::2], strict=True)}
        missing = [name for name in ("name", *judge.shown, "explanation") if name not in fields]
        if missing:
            raise StageError(f"prompt {judge.name}.jinja: an example has no line {missing[0].capitalize()}:")
        parts = {name: fields[name] for name in judge.shown}
        found.append(Demonstration(fields["name"], parts, block[block.index("Explanation: ") :].strip()))
    return task.strip(), found


def yes_or_no(reply: str) -> int:
    """Return 1 for YES and 0 for NO: the word behind the last "Verdict", else the reply's last word.

    Args:
        reply: the judge's text.

    Returns:
        The point.

    Raises:
        UnparsableReply: there is no verdict.
    """
    found = _WORD.findall(reply) or _LAST_WORD.findall(reply)
    if not found:
        raise UnparsableReply("the judge gives no verdict, YES or NO")
    return int(found[-1].lower() == "yes")


def bit(reply: str) -> int:
    """Return the 0 or 1 behind the last "Verdict".

    Args:
        reply: the judge's text.

    Returns:
        The point.

    Raises:
        UnparsableReply: there is no verdict.
    """
    return _last(_BIT, reply, "verdict, 0 or 1")


def two_points(reply: str) -> int:
    """Return the sum of the points behind "Subject" and "Focus", 0 to 2.

    Args:
        reply: the judge's text.

    Returns:
        The points.

    Raises:
        UnparsableReply: one of them is missing.
    """
    return sum(_last(point, reply, "points for both subject and focus") for point in _POINTS)


def rating(reply: str) -> int:
    """Return the 1, 2 or 3 behind the last "Rating".

    Args:
        reply: the judge's text.

    Returns:
        The rating.

    Raises:
        UnparsableReply: there is no rating.
    """
    return _last(_RATING, reply, "rating, 1 to 3")


FAITHFULNESS = Judge("faithfulness", ("passage", "question", "answer"), yes_or_no, "unfaithful", 1)
RELEVANCY = Judge("relevancy", ("passage", "question", "answer"), two_points, "irrelevant", 2)
VERIFICATION = Judge("verification", ("question",), bit, "not-self-contained", 1)
SKILL_QUESTION = Judge("skill_question", ("task", "request"), bit, "unfit-question", 1)
SKILL_RESPONSE = Judge("skill_response", ("request", "response"), rating, "poor-response", 2)

KNOWLEDGE_JUDGES = (FAITHFULNESS, RELEVANCY, VERIFICATION)
"""In the order in which they are asked; who fails one is not shown to the next."""
JUDGES = (*KNOWLEDGE_JUDGES, SKILL_QUESTION, SKILL_RESPONSE)


def _item(folder: PromptFolder, judge: Judge, parts: Mapping[str, str]) -> str:
    return folder.render("judge_item", parts={name: parts[name] for name in judge.shown})


def _last(pattern: re.Pattern[str], reply: str, what: str) -> int:
    found = pattern.findall(reply)
    if not found:
        raise UnparsableReply(f"the judge gives no {what}")
    return int(found[-1])
