"""A benchmark of our own, copies of it planted in training rows, and clean rows about the same things.

`contamination_items.jsonl` holds the items, each with one word that can be exchanged and with a paraphrase;
`contamination_clean.jsonl` rows that ask something else in nearly the same words, or about the same matter.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from curator.contamination import Benchmark, Item
from curator.contamination.forms import compared_words, weight
from curator.record import Record, single_turn

FOLDER = Path(__file__).parent
KINDS = ("verbatim", "recased", "edited", "paraphrased")
SHORT_WORDS = 13
"""Below so many words an item is short."""

_BEFORE = (
    "Here is something a reader sent us last week, and we thought the others might like to try it as well.",
    "You are a patient tutor. Work through the exercise step by step before you give the result.",
    "My daughter came home with this and neither of us was quite sure how to begin.",
)
_AFTER = (
    "Please keep it brief, and say how sure you are of it.",
    "Write for somebody who hears of this matter for the first time.",
    "A short explanation beside the result would help a lot. Thank you!",
)


@cache
def items() -> tuple[dict[str, Any], ...]:
    """Return the items as their file has them."""
    lines = (FOLDER / "contamination_items.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(json.loads(line) for line in lines)


def benchmark() -> Benchmark:
    """Return the items as a benchmark."""
    return Benchmark(
        "items", tuple(Item(f"items:{at}", row["question"], row["answer"]) for at, row in enumerate(items()))
    )


def is_short(at: int) -> bool:
    """Return whether item `at` has fewer words than the longest run; see `weight`."""
    return weight(compared_words(items()[at]["question"])) < SHORT_WORDS


def planted(kind: str, at: int) -> Record:
    """Return a longer training row that holds a copy of item `at`."""
    row = items()[at]
    text = {
        "verbatim": row["question"],
        "recased": _recased(row["question"]),
        "edited": row["question"].replace(*row["edit"]),
        "paraphrased": row["paraphrase"],
    }[kind]
    asked = f"{_BEFORE[at % len(_BEFORE)]}\n\n{text}\n\n{_AFTER[(at + len(kind)) % len(_AFTER)]}"
    return single_turn(asked, "I would have to look that up, and I would rather not guess.")


def clean() -> list[Record]:
    """Return the rows that give nothing away."""
    lines = (FOLDER / "contamination_clean.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [single_turn(row["instruction"], row["output"]) for row in rows]


def _recased(text: str) -> str:
    """Return a text in capitals, with other line breaks, quotes and punctuation, as a scan or a chat would have it."""
    loose = text.upper().replace(", ", " – ").replace('"', "“").replace("? ", " ?\n").replace(". ", " …\n  ")
    return loose.rstrip("?.？。").replace("，", " ") + " ???"
