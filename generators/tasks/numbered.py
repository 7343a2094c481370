"""Lists of tasks in a model's reply: numbered lines, and blocks of instruction, input and output.

Read by their labels, not by what stands between them: models number wrongly, leave labels out, write headings that look
like the mark between two tasks, begin in the middle because the prompt did, and chat before and after.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from curator.errors import UnparsableReply
from curator.llm.base import ChatReply
from curator.stage import Rejection
from generators.tasks.draft import TaskDraft

DELIMITER = "###"
"""What stands, alone on a line, between two tasks. Within an output it is a heading's beginning, and not alone."""

TRUNCATED = Rejection("truncated", "the reply ended before the task did")

_LABEL = re.compile(
    r"^[ \t>#*_-]*(?:task[ \t]*)?(?P<number>\d{1,3}[ \t]*[.):]*)?[ \t*_]*"
    r"(?P<field>instruction|input|output)(?:[ \t]*\d{1,3})?[ \t*_]*[:\uff1a][ \t*_]*",
    re.IGNORECASE | re.MULTILINE,
)
_CHAT = re.compile(r"^(?:sure|certainly|of course|okay|ok|here (?:are|is)|here's|below (?:are|is))\b", re.IGNORECASE)
_AROUND = re.compile(
    r"\W*|\W*(?:task|example)?\s*\d{0,3}\W*|(?:i hope|let me know|feel free|would you like)\b.*",
    re.IGNORECASE,
)
_FENCE = re.compile(r"^\s*```\w*\s*$")
_ENDS = re.compile(r"(?:\s*\n[ \t]*(?:#{3,}|={3,}|-{3,}|\*{3,})[ \t]*)+$")
_NUMBERED = re.compile(r"^\s*(?:[-*•]|(?:task\s*)?\d{1,3}\s*[.):])\s*", re.IGNORECASE)
_TITLE = re.compile(r"^(?:new\s+)?(?:task|instruction)(?:\s*\d{1,3})?\s*[:\uff1a]\s*", re.IGNORECASE)
_NO_INPUT = re.compile(
    r"[<\[(]*\s*(?:no[\s_-]*input(?:\s+(?:is\s+)?(?:required|needed|necessary|provided|given))?|none|n/a|empty)"
    r"\s*[>\])]*\.?",
    re.IGNORECASE,
)
_NO_OUTPUT = re.compile(r"[<\[(]*\s*(?:no[\s_-]*output)\s*[>\])]*\.?", re.IGNORECASE)
_QUOTES = {'"': '"', "“": "”", "'": "'", "‘": "’", "«": "»", "„": "“", "「": "」"}


def read_task_lines(text: str) -> list[str]:
    """Read a list of instructions, one a line; in a numbered list, one may run on over the next lines.

    Args:
        text: the model's text; the first number may be missing, where the prompt ended with it.

    Returns:
        The instructions, without numbers, bullets, labels and wrapping quotes.

    Raises:
        UnparsableReply: there is none.
    """
    lines = [line for line in text.splitlines() if line.strip() and not _FENCE.match(line) and not _is_chat(line)]
    numbered = any(_NUMBERED.match(line) for line in lines)
    items: list[str] = []
    for line in lines:
        if not numbered or _NUMBERED.match(line) or not items:
            items.append(_NUMBERED.sub("", line))
        else:
            items[-1] += f" {line.strip()}"
    if numbered and items[0].endswith(":") and not _NUMBERED.match(lines[0]):  # what announces the list
        del items[0]
    if not items:
        raise UnparsableReply("there is no task in the reply")
    return [unquoted(_TITLE.sub("", item.strip().strip("*_"))) for item in items]


def read_task_blocks(reply: ChatReply, *, asked: int, stops: bool = False) -> list[TaskDraft]:
    """Read blocks of `Instruction:`, `Input:` and `Output:`.

    Whatever number a block bears, it counts. A last block that may not be whole is marked as truncated: where the reply
    ran into its length limit, or where stop strings are in use, which can hit in the middle of an answer ("... costs
    $20."), and fewer blocks came than were asked for. One that is closed by the delimiter is whole.

    Args:
        reply: the reply.
        asked: how many blocks were asked for.
        stops: whether strings were sent that end the reply.

    Returns:
        The tasks, in order. Marked are those without an output, or without one of the parts, and those behind whose
        delimiter there is text without a label: it may be the rest of an output, or another task.

    Raises:
        UnparsableReply: no line of it begins with a label.
    """
    blocks = list(_blocks(reply.text))
    if not blocks:
        raise UnparsableReply("no line of the reply begins with `Instruction:`, `Input:` or `Output:`")
    last = blocks[-1]
    short = reply.finish_reason == "length" or (stops and len(blocks) < asked)
    if short and not last.closed:
        return [block.draft() for block in blocks[:-1]] + [msgspec.structs.replace(last.draft(), rejection=TRUNCATED)]
    return [block.draft() for block in blocks]


def without_placeholder(input: str) -> str:
    """Return an input; "" for one that says that there is none, in any of the ways that models say it."""
    return "" if _NO_INPUT.fullmatch(input.strip()) else input.strip()


def unquoted(text: str) -> str:
    """Return `text` without the quotes, straight or curly, that stand around all of it."""
    text = text.strip()
    closing = _QUOTES.get(text[:1])
    inner = text[1:-1]
    if closing is not None and len(text) > 1 and text.endswith(closing) and not {text[0], closing} & set(inner):
        return inner.strip()
    return text


class _Block(msgspec.Struct):
    """The parts of a task as they are found; None for one that is not there."""

    instruction: str
    input: str | None = None
    output: str | None = None
    closed: bool = False
    stray: str = ""

    def draft(self) -> TaskDraft:
        output = self.output or ""
        output = "" if _NO_OUTPUT.fullmatch(output) else output
        rejection = None
        if self.output is None:
            rejection = Rejection("missing-fields", "there is no output in it")
        elif not output:
            rejection = Rejection("empty-output")
        elif self.stray:
            rejection = Rejection("unlabelled-text", f"behind a line `{DELIMITER}` stands {self.stray[:80]!r}")
        return TaskDraft(unquoted(self.instruction), without_placeholder(self.input or ""), output, rejection)


def _blocks(text: str) -> Iterator[_Block]:
    labels = _telling(list(_LABEL.finditer(text)))
    if not labels:
        return
    block = None if _field(labels[0]) == "instruction" else _Block(_head(text[: labels[0].start()]))
    ends = [label.start() for label in labels[1:]] + [len(text)]
    for label, end in zip(labels, ends, strict=True):
        part, closed, stray = _part(text[label.end() : end])
        if block is None or _field(label) == "instruction":
            if block is not None:
                yield block
            block = _Block(part, closed=closed)
        elif _field(label) == "input":
            block.input, block.closed = part, closed
        else:
            block.output, block.closed = part, closed
        block.stray = block.stray or stray
    if block is not None:
        if block.output is not None and block.output.count("```") % 2:  # the list stood in a fence of its own
            block.output = re.sub(r"\s*```\s*$", "", block.output)
        yield block


def _telling(labels: list[re.Match[str]]) -> list[re.Match[str]]:
    """Leave out the labels that are words of an output: once a task has its output, only the next one can begin."""
    firsts = [label for label in labels if _field(label) == "instruction"]
    numbered = bool(firsts and firsts[0]["number"])
    kept: list[re.Match[str]] = []
    seen: set[str] = set()
    for label in labels:
        field = _field(label)
        if field == "instruction":
            if numbered and not label["number"]:
                continue
            seen = {field}
        elif field in seen or "output" in seen:
            continue
        else:
            seen.add(field)
        kept.append(label)
    return kept


def _field(label: re.Match[str]) -> str:
    return label["field"].lower()


def _part(text: str) -> tuple[str, bool, str]:
    """Return a part, whether the delimiter closes it, and what stands behind that and is no chat: then nothing is cut.

    Within a fence of code the delimiter is a line like others.
    """
    lines, fenced = text.split("\n"), False
    for at, line in enumerate(lines):
        fenced ^= line.lstrip().startswith("```")
        if line.strip() != DELIMITER or fenced:
            continue
        behind = [
            after.strip() for after in lines[at + 1 :] if not (_AROUND.fullmatch(after.strip()) or _is_chat(after))
        ]
        if not behind:
            return _without_ends("\n".join(lines[:at])), True, ""
        return _without_ends(text), text.rstrip().endswith(f"\n{DELIMITER}"), behind[0]
    return _without_ends(text), False, ""


def _without_ends(text: str) -> str:
    return _ENDS.sub("", f"\n{text.rstrip()}").strip()


def _head(text: str) -> str:
    """Return the instruction that a reply begins in the middle of, without chat and fences."""
    lines = [line for line in text.splitlines() if line.strip() and not _FENCE.match(line) and not _is_chat(line)]
    return _NUMBERED.sub("", " ".join(line.strip() for line in lines), count=1)


def _is_chat(line: str) -> bool:
    return bool(_CHAT.match(line.strip())) and line.rstrip().endswith((":", "!", "."))
