"""Our own ways, among themselves and for the comparison: word 3-grams at 0.8, as the others; and as it comes."""

from __future__ import annotations

from collections.abc import Sequence

from curator.dedup.choices import EngineName, Method
from curator.dedup.near import Duplicate, near_duplicates
from deduplication.corpus import THRESHOLD

Found = dict[int, Duplicate]


def near(texts: Sequence[str]) -> Found:
    """Find near-duplicates by bands, each pair verified."""
    return _by_words(texts, "near", "kernel")


def exact(texts: Sequence[str]) -> Found:
    """Find near-duplicates by the join that misses none."""
    return _by_words(texts, "exact", "kernel")


def portable(texts: Sequence[str]) -> Found:
    """Find near-duplicates without the compiled kernel."""
    return _by_words(texts, "near", "datasketch")


def portable_exact(texts: Sequence[str]) -> Found:
    """Find near-duplicates by the join that misses none, without the compiled kernel."""
    return _by_words(texts, "exact", "datasketch")


def as_it_comes(texts: Sequence[str]) -> Found:
    """Find near-duplicates with the defaults: short texts by characters, and none joined that states other facts."""
    return near_duplicates(texts)


def _by_words(texts: Sequence[str], method: Method, engine: EngineName) -> Found:
    return near_duplicates(texts, threshold=THRESHOLD, shingles="words", method=method, guard=False, engine=engine)
