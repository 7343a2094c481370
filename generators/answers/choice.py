"""Which of several answers to one question: the longest, or the one that most of them agree on.

Source:
    Self-consistency: Wang et al. 2022, "Self-Consistency Improves Chain of Thought Reasoning in Language Models",
    arXiv 2203.11171, section 2: draw several answers, and take the final answer that most of them reach.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from curator.text.words import normalise, words

_FINAL = re.compile(r"####[ \t]*(.+)|\\boxed\{([^{}]+)\}|\banswer(?:[ \t]+is\b|[ \t]*[:=])[ \t*:]*(.+)", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:,\d{3})*(?:\.\d+)?")


def final_answer(text: str) -> str:
    r"""Return what an answer comes to, in the form in which answers are compared.

    Args:
        text: an answer, perhaps with the reasoning before it.

    Returns:
        What stands behind the last "####", "answer is" or "Answer:", or in the last \boxed{}; otherwise the last
        number; otherwise the whole text. A text with a number in it is that number (the last one), without thousands
        commas and trailing zeros; other text is its words.
    """
    finals = ["".join(match.groups(default="")) for match in _FINAL.finditer(text)]
    said = finals[-1] if finals else text
    numbers = _NUMBER.findall(said)
    if numbers:
        number = Decimal(numbers[-1].replace(",", "")).normalize()
        return f"{number + 0:f}"  # + 0: there is no minus zero
    return " ".join(words(said)) or normalise(said)


def most_agreed(texts: Sequence[str]) -> tuple[int, int]:
    """Return the first of the answers that most others agree with.

    Args:
        texts: the answers, at least one.

    Returns:
        Its place, and how many answers come to the same, itself included. Of equally common ones, the first.
    """
    finals = [final_answer(text) for text in texts]
    counts = Counter(finals)  # keeps the order of first appearance, and so does max
    best = max(counts, key=lambda final: counts[final])
    return finals.index(best), counts[best]


def longest(texts: Sequence[str]) -> int:
    """Return the place of the answer with the most characters; of equally long ones, the first.

    Args:
        texts: the answers, at least one.

    Returns:
        Its place.
    """
    return max(range(len(texts)), key=lambda place: len(texts[place]))
