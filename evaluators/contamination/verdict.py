"""A model's verdict: is this training text the benchmark's problem in other words?"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import msgspec

from curator.errors import UnparsableReply
from curator.llm.base import ChatReply, Sampling
from curator.record import Turn
from curator.stage import Prompt
from curator.text.prompt import PromptFolder

Kind = Literal["knowledge", "maths", "code"]

MOST_SHOWN_CHARS = 6_000
"""How much of each text a judge is shown."""

_CODE = re.compile(
    r"```|^\s*(?:def|class|import|from|#include|public|function|fn|const|let|var)\b.*[({;:]", re.MULTILINE
)
_CODE_TASK = re.compile(
    r"\b(?:write|implement|complete|fix|debug)\b.{0,80}\b(?:function|program|class|method|script|code|query)\b"
    r"|\bgiven (?:a|an|two) (?:string|list|array|tree|graph|matrix)\b|\blinked list\b|\bconstant (?:extra )?memory\b",
    re.IGNORECASE,
)
_MATHS = re.compile(
    r"\\(?:frac|sqrt|sum|int|boxed)|\$[^$]+\$|\d\s*[-+*/^=×÷]\s*\d"
    r"|\b(?:solve|evaluate|simplify|prove|probability|triangle|integers?)\b",
    re.IGNORECASE,
)
_QUANTITY = re.compile(r"\b(?:how (?:many|much|long|far|old)|calculate|compute|percent|average|total|sum)\b", re.I)
_EXAMPLE = re.compile(r"^First: (.+)\nSecond: (.+)\nReason: (.+)\nSame: (yes|no)$", re.MULTILINE)
_LABEL = r"\b(?:same(?: problem)?|verdict|answer|conclusion)\b"
_LINE = re.compile(rf"^\W*{_LABEL}\W{{0,6}}(yes|no)\b", re.IGNORECASE | re.MULTILINE)
_WITHIN = re.compile(rf"{_LABEL}\W{{0,3}}:\W{{0,3}}(yes|no)\b(?![^\S\n]*\w)", re.IGNORECASE)
_ALONE = re.compile(r"^\W*(yes|no)\b(?=\W*$|[,.:;!])", re.IGNORECASE | re.MULTILINE)
_REASON = re.compile(r"^\W*(?:reason|explanation|because)\W*:\s*", re.IGNORECASE)


class Verdict(msgspec.Struct, frozen=True):
    """What a judge says.

    Attributes:
        same: whether both are the same problem.
        reason: why, in the judge's words.
    """

    same: bool
    reason: str


def kind_of_problem(text: str) -> Kind:
    """Return what a problem is about, so that the judge knows what makes two of them the same.

    Args:
        text: the problem, as the benchmark writes it.

    Returns:
        Code, if it shows or wants some; maths, if it reckons; else knowledge.
    """
    if _CODE.search(text) or _CODE_TASK.search(text):
        return "code"
    return "maths" if _MATHS.search(text) or (_QUANTITY.search(text) and re.search(r"\d", text)) else "knowledge"


def question(prompts: PromptFolder, item: str, text: str) -> Prompt:
    """Return what a judge is asked.

    Args:
        prompts: the method's prompts.
        item: the benchmark's problem.
        text: the training text.

    Returns:
        The prompt: what makes problems of its kind the same, examples as turns of a dialogue, the two texts.
    """
    kind = kind_of_problem(item)
    turns = [Turn("system", prompts.render(kind))]
    for first, second, reason, same in _EXAMPLE.findall(prompts.render("examples")):
        turns.append(Turn("user", prompts.render("pair", first=first, second=second)))
        turns.append(Turn("assistant", f"Reason: {reason}\nSame: {same}"))
    turns.append(Turn("user", prompts.render("pair", first=_shown(item), second=_shown(text))))
    return Prompt(tuple(turns), sampling=Sampling(temperature=0.0))


def read_verdict(reply: ChatReply) -> Verdict:
    """Read what a judge says.

    Args:
        reply: its reply.

    Returns:
        The verdict: the last one on a line of its own; without one the last that is named so, or else a bare yes or no.

    Raises:
        UnparsableReply: it gives none.
    """
    form = next((form for form in (_LINE, _WITHIN, _ALONE) if form.search(reply.text)), None)
    if form is None:
        raise UnparsableReply("there is no line `Same: yes` or `Same: no` in the reply")
    lines = [_REASON.sub("", line).strip() for line in reply.text.splitlines()]
    reason = next((line for line in lines if line and not form.search(line)), "")
    return Verdict(form.findall(reply.text)[-1].lower() == "yes", reason)


def prompt_folder(override: Path | None) -> PromptFolder:
    """Open the prompts.

    Args:
        override: a folder of the user's whose files replace some of them.

    Returns:
        The folder.

    Raises:
        StageError: the folder that overrides is none, or holds a file that is not known.
    """
    return PromptFolder(Path(__file__).parents[1] / "prompts" / "decontaminate", override)


def _shown(text: str) -> str:
    return text if len(text) <= MOST_SHOWN_CHARS else text[:MOST_SHOWN_CHARS] + " …"
