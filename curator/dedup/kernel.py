"""The compiled engine: texts to shingles, bands and verified pairs in C, on the buffers themselves.

It gives what `portable` gives, only faster. The C sources are `_kernel.c` (what Python sees), `_shingle.c`,
`_pieces.c`, `_join.c`, `_near.c` and `_exact.c`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module

import numpy as np
import numpy.typing as npt

from curator.dedup.characters import Table, table_of
from curator.dedup.choices import Shingles
from curator.dedup.forest import Forest, Groups
from curator.dedup.minhash import UNCROWDED, WINDOW, bands_and_rows, permutations
from curator.dedup.prefix_join import index_bits, prefix_sizes
from curator.dedup.shingles import Sets, Shingled, word_bounds
from curator.dedup.texts import Texts
from curator.text.words import normalise

name = "kernel"
"""What this engine is called by the user."""

INTERFACE = 2
"""What is handed over and got back, by the number that `_kernel.h` gives it."""

_PIECES_BYTES = 1 << 20
_REBUILD = "pip install --force-reinstall --no-deps instruct-curator"


@cache
def is_built() -> bool:
    """Return whether the extension was compiled when the package was installed, and can be used."""
    return not trouble()


@cache
def trouble() -> str:
    """Return why the extension cannot be used, and what to do about it; "" if it can."""
    try:
        found = import_module("curator.dedup._kernel")
    except ModuleNotFoundError:
        return f"no C compiler was found when Curator was installed; install one and run {_REBUILD}"
    except ImportError as error:
        return f"{error}; rebuild it: {_REBUILD}"
    if getattr(found, "INTERFACE", 0) != INTERFACE:
        return f"it was compiled from other sources than these; rebuild it: {_REBUILD}"
    return ""


def laid_out(texts: Sequence[str]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Lay texts out as `Texts` does.

    Args:
        texts: the texts.

    Returns:
        Their bytes, and where each begins in them.
    """
    from curator.dedup import _kernel

    data, offsets = _kernel.lay_out(texts)
    return np.frombuffer(data, np.uint8), np.frombuffer(offsets, np.int64)


def shingled(texts: Sequence[str], shingles: Shingles, threshold: float) -> Shingled:
    """Cut texts into shingles; see `curator.dedup.shingles.shingled`.

    Args:
        texts: the texts; best as `Texts`, which are not copied.
        shingles: the kind of shingles.
        threshold: the similarity at which two texts are duplicates, above 0 and at most 1.

    Returns:
        Their sets.
    """
    from curator.dedup import _kernel

    column = Texts.of(texts)
    table, numbers, forms = _forms(column)
    below, up_to = word_bounds(shingles, threshold)
    short, word_offsets, words, character_offsets, characters = _kernel.shingle(
        column.data, column.offsets, forms.data, forms.offsets, numbers, *table, below, up_to
    )
    return Shingled(
        Sets(np.frombuffer(word_offsets, np.int64), np.frombuffer(words, np.uint32)),
        Sets(np.frombuffer(character_offsets, np.int64), np.frombuffer(characters, np.uint32)),
        np.frombuffer(short, np.bool_),
    )


def form_hashes(texts: Texts) -> npt.NDArray[np.uint64]:
    """Return a hash for each text that is equal for texts of one normal form, and seldom for others.

    Args:
        texts: the texts.

    Returns:
        The hashes, which blanks do not change; 0 of a text without anything in it. Shape: (texts,).
    """
    from curator.dedup import _kernel

    table, numbers, forms = _forms(texts)
    hashes = _kernel.form_hashes(texts.data, texts.offsets, forms.data, forms.offsets, numbers, *table)
    return np.frombuffer(hashes, np.uint64)


def pieces(texts: Sequence[str], *, capitals: bool) -> Iterator[str]:
    """Yield what stands between blanks in texts, each piece once.

    Args:
        texts: the texts.
        capitals: whether pieces with capitals are wanted, or with small letters; others may lack.

    Yields:
        About a megabyte of pieces at a time, a line each.
    """
    from curator.dedup import _kernel

    column = Texts.of(texts)
    kept = bytes(_kernel.pieces(column.data, column.offsets, capitals))
    start = 0
    while start < len(kept):
        end = kept.find(b"\n", start + _PIECES_BYTES) + 1 or len(kept)
        yield kept[start:end].decode("utf-8", "surrogatepass")
        start = end


def near_forest(sets: Shingled, threshold: float, groups: Groups) -> Forest:
    """Join the pairs that bands propose and their sets confirm; see `curator.dedup.portable.near_forest`.

    Args:
        sets: the texts' shingles.
        threshold: the similarity at which two texts are joined.
        groups: the group of each text; texts of different groups are never joined. Shape: (texts,).

    Returns:
        The forest.
    """
    from curator.dedup import _kernel

    crowded = np.zeros(len(sets.short), dtype=np.bool_)
    trees = np.arange(len(sets.short), dtype=np.uint32)
    banding = (permutations(), *bands_and_rows(threshold), UNCROWDED, WINDOW)
    found = []
    for space, needs_short in ((sets.words, False), (sets.characters, True)):
        to_join = (*_sets(space), sets.short, _groups(groups), trees)
        found.append(_kernel.near(*to_join, crowded, *banding, needs_short, threshold))
    return _forest(found, crowded)


def exact_forest(sets: Shingled, threshold: float, groups: Groups) -> Forest:
    """Join all pairs at the threshold, none missed; see `curator.dedup.prefix_join`.

    Args:
        sets: the texts' shingles.
        threshold: the similarity at which two texts are joined.
        groups: the group of each text; texts of different groups are never joined. Shape: (texts,).

    Returns:
        The forest.
    """
    from curator.dedup import _kernel

    trees = np.arange(len(sets.short), dtype=np.uint32)
    found = []
    for space, needs_short in ((sets.words, False), (sets.characters, True)):
        sizes = np.diff(space.offsets)
        order = np.argsort(sizes, kind="stable").astype(np.int64, copy=False)
        order = order[sizes[order] > 0]
        prefixes = prefix_sizes(sizes[order], threshold)
        to_join = (*_sets(space), sets.short, _groups(groups), trees)
        found.append(_kernel.exact(*to_join, order, prefixes, index_bits(space), needs_short, threshold))
    return _forest(found, np.zeros(len(sets.short), dtype=np.bool_))


def similarities(sets: Shingled, left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the exact Jaccard similarity of pairs of texts; see `curator.dedup.portable.similarities`.

    Args:
        sets: the texts' shingles.
        left: the number of one text of each pair.
        right: the number of the other.

    Returns:
        Their similarities, 0..1.
    """
    from curator.dedup import _kernel

    pairs = (np.ascontiguousarray(numbers, dtype=np.int64) for numbers in (left, right))
    found = _kernel.similarities(*_sets(sets.words), *_sets(sets.characters), sets.short, *pairs)
    return np.frombuffer(found, np.float64)


def _forms(column: Texts) -> tuple[Table, npt.NDArray[np.int64], Texts]:
    """Return a table of the texts' characters, and the normal form of the texts for which it is not enough."""
    from curator.dedup import _kernel

    blocks = {0} | _blocks(column)
    table = table_of(frozenset(blocks))
    numbers = np.zeros(0, dtype=np.int64)
    if column.data[column.offsets[0] : column.offsets[-1]].max(initial=0) > 127:  # beyond ASCII
        numbers = np.frombuffer(_kernel.bound(column.data, column.offsets, *table), np.int64)
    forms = Texts.of([normalise(column[text]) for text in numbers.tolist()])
    if len(numbers):
        table = table_of(frozenset(blocks | _blocks(forms)))
    return table, numbers, forms


def _blocks(column: Texts) -> set[int]:
    from curator.dedup import _kernel

    return set(np.flatnonzero(np.frombuffer(_kernel.blocks(column.data, column.offsets), np.uint8)).tolist())


def _sets(space: Sets) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
    return np.ascontiguousarray(space.offsets, dtype=np.int64), np.ascontiguousarray(space.values, dtype=np.uint32)


def _groups(groups: Groups) -> Groups:
    return np.ascontiguousarray(groups, dtype=np.uint64)


def _forest(found: Sequence[tuple[memoryview, memoryview, memoryview]], crowded: npt.NDArray[np.bool_]) -> Forest:
    left, right = (np.concatenate([np.frombuffer(each[side], np.int64) for each in found]) for side in (0, 1))
    similarity = np.concatenate([np.frombuffer(each[2], np.float64) for each in found])
    order = np.lexsort((right, left))
    return Forest(left[order], right[order], similarity[order], crowded)
