"""The rules by which a new instruction is turned away before it is compared with others.

Each is a name, under which rejections are counted, and a test that says what it objects to. They stand in lists,
because their order decides which of several reasons is counted.

Source:
    Wang et al. 2022, "Self-Instruct", arXiv 2212.10560, section 2.2 and the released code; Taori et al. 2023, Stanford
    Alpaca, for `ALPACA_WORDS`. Ours, where a method is not told to be faithful: the forbidden words are fewer ("map
    this list" and "the plot of a novel" are tasks for a text model), programs are welcome, an instruction may begin
    with a letter of any script, and words are counted where no blanks stand between them, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

import msgspec

from curator.stage import Rejection
from curator.text.words import words

SHORTEST_WORDS, LONGEST_WORDS = 4, 150

SELF_INSTRUCT_WORDS = [*"image images graph graphs picture pictures file files map maps draw plot".split(), "go to"]
"""What a language model without eyes, hands or disk cannot do, as the paper's code lists it."""

ALPACA_WORDS = [*SELF_INSTRUCT_WORDS, *"video audio music flowchart diagram".split()]

MODERN_WORDS = "image images picture pictures photo photos video videos audio diagram diagrams flowchart".split()
"""Of those, the ones that hardly ever stand in a task for a text model."""


class InstructionFilter(msgspec.Struct, frozen=True):
    """One rule.

    Attributes:
        reason: what a rejection is counted as.
        objection: returns what is wrong with an instruction, for a person; "" if nothing.
    """

    reason: str
    objection: Callable[[str], str]


def first_rejection(instruction: str, filters: Iterable[InstructionFilter]) -> Rejection | None:
    """Return the first objection to an instruction.

    Args:
        instruction: the instruction.
        filters: the rules, in order.

    Returns:
        The reason with its detail; None if no rule objects.
    """
    for each in filters:
        if objection := each.objection(instruction):
            return Rejection(each.reason, objection)
    return None


def tidied(instruction: str, *, faithful: bool = False) -> str:
    """Return an instruction on one line, its first letter a capital.

    Args:
        instruction: the instruction as the model wrote it.
        faithful: lower the case of all other letters, as the released code does: names lose their capitals.

    Returns:
        The instruction.
    """
    line = " ".join(instruction.split())
    return line.capitalize() if faithful else line[:1].upper() + line[1:]


def instruction_filters(forbidden: Sequence[str], *, faithful: bool = False) -> tuple[InstructionFilter, ...]:
    """Return the rules of Self-Instruct, in its order.

    Args:
        forbidden: words that an instruction may not hold, in any case.
        faithful: count words by the blanks between them, and also turn away "Write a program" and whatever begins
            with a character that is not ASCII.

    Returns:
        The rules.
    """
    cut: Callable[[str], list[str]] = str.split if faithful else words
    rules = [
        InstructionFilter("empty", _empty),
        InstructionFilter("too-short", lambda instruction: _too_short(len(cut(instruction)))),
        InstructionFilter("too-long", lambda instruction: _too_long(len(cut(instruction)))),
        InstructionFilter("blacklisted", holds_any(forbidden)),
    ]
    if faithful:
        rules.append(InstructionFilter("write-a-program", _writes_a_program))
    rules.append(InstructionFilter("bad-first-character", _no_ascii_first if faithful else _no_word_first))
    return tuple(rules)


def holds_any(forbidden: Sequence[str]) -> Callable[[str], str]:
    """Return an objection to instructions that hold one of these as a whole word.

    Args:
        forbidden: words or phrases.

    Returns:
        A function that names the first one found.
    """
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, forbidden))})\b" if forbidden else r"(?!)", re.IGNORECASE)

    def objection(instruction: str) -> str:
        found = pattern.search(instruction)
        return f"it holds {found.group()!r}" if found else ""

    return objection


def _empty(instruction: str) -> str:
    return "" if instruction.strip() else "there is no text"


def _too_short(count: int) -> str:
    return f"{count} words, fewer than {SHORTEST_WORDS}" if count < SHORTEST_WORDS else ""


def _too_long(count: int) -> str:
    return f"{count} words, more than {LONGEST_WORDS}" if count > LONGEST_WORDS else ""


def _writes_a_program(instruction: str) -> str:
    return "it asks for a program" if instruction.lower().startswith("write a program") else ""


def _no_ascii_first(instruction: str) -> str:
    first = instruction[:1]
    return "" if first.isascii() and (first.isalnum() or first.isspace()) else f"it begins with {first!r}"


def _no_word_first(instruction: str) -> str:
    first = instruction.lstrip("\"'“‘«¿¡(「『")[:1]
    return "" if first.isalnum() else f"it begins with {instruction[:1]!r}"
