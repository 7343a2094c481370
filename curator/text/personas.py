"""Personas: who asks. A persona in the prompt is a cheap way to make a model's questions differ.

Source:
    Ge et al. 2024, "Scaling Synthetic Data Creation with 1,000,000,000 Personas", arXiv 2406.20094, section 2: a
    persona is added to any data synthesis prompt. Ours goes into the system turn, so that the method's own prompt
    stays as it is.
"""

from __future__ import annotations

import json
from pathlib import Path

from curator.errors import StageError
from curator.record import Turn
from curator.text.decoding import decode

_COLUMNS = ("persona", "response", "output", "completion", "text")


def read_personas(path: Path) -> tuple[str, ...]:
    """Read a file of personas.

    Args:
        path: a text file with one persona a line; or a .jsonl file whose rows have a column `persona`, or are what
            the generator `personas` wrote: the last message of `messages`, or `response`, `output`, `completion`,
            `text`.

    Returns:
        The personas, in the file's order, each once.

    Raises:
        StageError: the file cannot be read, is empty, or a row of it holds no persona.
    """
    try:
        lines = [line.strip() for line in decode(path.read_bytes(), str(path)).splitlines() if line.strip()]
    except OSError as error:
        raise StageError(f"personas: {path} cannot be read: {error.strerror or error}") from error
    if path.suffix.lower() == ".jsonl":
        lines = [_persona(line, f"{path}, line {number}") for number, line in enumerate(lines, 1)]
    if not lines:
        raise StageError(f"personas: {path} is empty; write one persona a line")
    return tuple(dict.fromkeys(lines))


def speaking_as(persona: str, turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """Return a prompt in which the persona is described.

    Args:
        persona: who asks, in a sentence.
        turns: the prompt.

    Returns:
        The prompt, its system turn ending with the persona; a prompt without one gets one.
    """
    said = f"Whatever you write shall be what this person would ask for, know and care about: {persona}"
    if turns and turns[0].role == "system":
        return (Turn("system", f"{turns[0].content}\n\n{said}"), *turns[1:])
    return (Turn("system", said), *turns)


def _persona(line: str, where: str) -> str:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise StageError(f"personas: {where}: this is no JSON: {error}") from error
    if isinstance(row, str) and row.strip():
        return row.strip()
    if isinstance(row, dict):
        messages = row.get("messages")
        if isinstance(messages, list) and messages and isinstance(messages[-1], dict):
            row = {"persona": messages[-1].get("content")}
        found = next((row[name] for name in _COLUMNS if isinstance(row.get(name), str) and row[name].strip()), "")
        if found:
            return str(found).strip()
    columns = ", ".join(row) if isinstance(row, dict) else type(row).__name__
    raise StageError(f"personas: {where}: no persona in it (found: {columns}); name the column `persona`")
