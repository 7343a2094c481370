"""Reading programming tasks: the problem and its solution, blocks of code, and assertions."""

from __future__ import annotations

import ast
import re

import msgspec

from curator.errors import UnparsableReply

_PROBLEM = r"(?:(?:programming )?problem(?: description| statement)?|task|instruction)"
_SOLUTION = r"(?:(?:the |complete )?solution|answer|code)"
_HEADING = r"^[ \t>#*_\[(]*{}(?:[ \t]*\d+)?[ \t*_\])]*(?:[::][ \t*_]*|$)"
_PROBLEM_AT = re.compile(_HEADING.format(_PROBLEM), re.IGNORECASE | re.MULTILINE)
_SOLUTION_AT = re.compile(_HEADING.format(_SOLUTION), re.IGNORECASE | re.MULTILINE)
_BLOCK = re.compile(r"^[ \t]*```[ \t]*([\w+#-]*)[^\n]*\n(.*?)(?:^[ \t]*```[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_PYTHON = frozenset({"", "python", "py", "python3"})
_NO_PYTHON = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What `ast.parse` raises; the last two of text that nests too deep, as a model gives that repeats one sign forever."""


class CodeBlock(msgspec.Struct, frozen=True):
    """A fenced block: the language that its fence names, in small letters, and the code."""

    language: str
    code: str

    @property
    def is_python(self) -> bool:
        """Whether it can be Python."""
        return self.language in _PYTHON


class CodeTask(msgspec.Struct, frozen=True):
    """A programming task: the problem, and its solution with the code in fences."""

    problem: str
    solution: str


def code_blocks(text: str) -> tuple[CodeBlock, ...]:
    """Return the fenced blocks of a text that hold something; the last one may break off."""
    found = (CodeBlock(match[1].lower(), match[2].strip("\n")) for match in _BLOCK.finditer(text))
    return tuple(block for block in found if block.code.strip())


def task_in(reply: str) -> CodeTask:
    """Read a reply as a task.

    Args:
        reply: the model's text: a problem and a solution behind headings or labels; or, without a label for the
            solution, a problem and then a fenced block.

    Returns:
        The task. A solution that is bare Python gets its fence.

    Raises:
        UnparsableReply: there is no problem, or no solution.
    """
    text = _spoken(reply)
    opening = _PROBLEM_AT.search(text)
    start = opening.end() if opening else 0
    closing = _SOLUTION_AT.search(text, start)
    if closing is not None:
        problem, solution = text[start : closing.start()], text[closing.end() :]
    else:
        fence = text.find("```", start)
        if fence < 0:
            raise UnparsableReply("there is neither a line `Solution:` nor a block of code in it")
        problem, solution = text[start:fence], text[fence:]
    if not problem.strip() or not solution.strip():
        raise UnparsableReply(f"the {'problem' if not problem.strip() else 'solution'} is blank")
    return CodeTask(problem.strip(), fenced(solution.strip()))


def asserts_in(reply: str) -> str:
    """Return the assertions of a reply, with what they need to be set up.

    Args:
        reply: the model's text.

    Returns:
        Python: its first fenced block that asserts; otherwise its lines that begin with `assert`.

    Raises:
        UnparsableReply: there is no assertion in it, or it is no Python.
    """
    text = _spoken(reply)
    fenced = [block.code for block in code_blocks(text) if block.is_python and "assert" in block.code]
    lines = [line.strip().strip("`") for line in text.splitlines()]
    code = fenced[0] if fenced else "\n".join(line for line in lines if line.startswith("assert"))
    try:
        tree = ast.parse(code)
    except _NO_PYTHON as error:
        raise UnparsableReply(f"the assertions are no Python: {str(error) or 'it nests too deep'}") from error
    if not any(isinstance(node, ast.Assert) for node in ast.walk(tree)):
        raise UnparsableReply("there is no assertion in it")
    return code


def squeezed(text: str) -> str:
    """Return `text` without blank space: two texts of one such form are the same."""
    return "".join(text.split())


def _spoken(reply: str) -> str:
    return _THOUGHT.sub("", reply).replace("\r\n", "\n").strip()


def fenced(solution: str) -> str:
    """Return `solution` between fences if all of it is Python, and as it is if it has fences or is prose."""
    if code_blocks(solution):
        return solution
    try:
        tree = ast.parse(solution)
    except _NO_PYTHON:
        return solution
    if all(isinstance(node, ast.Expr) for node in tree.body):
        return solution  # one word of prose is an expression, too
    return f"```python\n{solution}\n```"
