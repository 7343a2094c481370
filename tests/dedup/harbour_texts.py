"""Texts that resemble each other exactly as far as wanted."""

from __future__ import annotations

import random

WORDS = "the tide in our harbour turns at noon and every boat that waits for it leaves the quay one by one".split()


def text(seed: int, count: int = 60) -> str:
    """Return a text that has hardly a run of three words in common with that of another seed."""
    draw = random.Random(seed)
    return " ".join(draw.choice(WORDS) + "abcdefghij"[draw.randrange(10)] for _ in range(count))


def near(original: str, word: str = "changed") -> str:
    """Return a text that differs in one word near the end."""
    return " ".join([*original.split()[:-2], word, original.split()[-1]])
