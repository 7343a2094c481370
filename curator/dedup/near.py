"""Near-duplicates of a set of texts: the one place where engine, method and guard come together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from curator.dedup.choices import EngineName, Method, Shingles
from curator.dedup.clusters import Numbers, components, neighbours_towards, stand_ins
from curator.dedup.forest import Forest, Groups
from curator.dedup.guard import common_words, fact_keys
from curator.dedup.shingles import Sets, Shingled
from curator.dedup.texts import Texts
from curator.errors import CuratorError


class Engine(Protocol):
    """What cuts texts into shingles and joins the alike; see `curator.dedup.portable`, which defines the results."""

    name: str

    def shingled(self, texts: Sequence[str], shingles: Shingles, threshold: float) -> Shingled:
        """Cut texts into shingles."""
        ...

    def near_forest(self, sets: Shingled, threshold: float, groups: Groups) -> Forest:
        """Join the pairs that bands propose and their sets confirm."""
        ...

    def exact_forest(self, sets: Shingled, threshold: float, groups: Groups) -> Forest:
        """Join all pairs at the threshold."""
        ...

    def similarities(self, sets: Shingled, left: Numbers, right: Numbers) -> npt.NDArray[np.float64]:
        """Return the exact similarity of pairs."""
        ...


class Duplicate(NamedTuple):
    """What a text repeats.

    Attributes:
        of: the number of the text that stays in its place.
        similarity: their Jaccard similarity; it may lie below the threshold if others join the two.
        via: the number of the text over which it was joined; `of` itself if directly.
        step: its similarity to that one, threshold..1.
    """

    of: int
    similarity: float
    via: int
    step: float


def engine_of(name: EngineName) -> Engine:
    """Return an engine.

    Args:
        name: which one.

    Returns:
        The engine.

    Raises:
        CuratorError: the kernel is asked for and was not built.
    """
    from curator.dedup import kernel, portable

    if name == "datasketch" or (name == "auto" and not kernel.is_built()):
        return portable
    if not kernel.is_built():
        raise CuratorError(
            "the compiled kernel is not there: no C compiler was found when Curator was installed; install one and "
            "run pip install --force-reinstall --no-deps instruct-curator, or choose the engine datasketch"
        )
    return kernel


def near_duplicates(
    texts: Sequence[str],
    *,
    threshold: float = 0.8,
    shingles: Shingles = "auto",
    method: Method = "near",
    guard: bool = True,
    engine: EngineName = "auto",
    order: Numbers | None = None,
) -> dict[int, Duplicate]:
    """Find what to leave out of a set of texts.

    Args:
        texts: the texts; one without a letter, digit or sign repeats nothing.
        threshold: the smallest Jaccard similarity at which two texts are joined, above 0 and at most 1.
        shingles: what texts are compared by.
        method: how pairs are found.
        guard: whether texts that state other numbers or other names always stay apart.
        engine: who does the work.
        order: each text's place in the order of preference; who comes first in its cluster stays. Shape: (texts,).
            The order of the texts unless given.

    Returns:
        For each text that is not to stay, by its number, what it repeats.

    Raises:
        CuratorError: the engine is not there.
    """
    chosen, column = engine_of(engine), Texts.of(texts)
    sets = chosen.shingled(column, shingles, threshold)
    forest = near_pairs(column, sets, threshold=threshold, method=method, guard=guard, engine=chosen)
    return duplicates(sets, forest, chosen, order)


def near_pairs(
    texts: Texts, sets: Shingled, *, threshold: float, method: Method, guard: bool, engine: Engine
) -> Forest:
    """Join the alike texts of a set.

    With the guard, all is joined twice: first without it, which shows the few texts that resemble any other; of those
    only are numbers and names picked out, and those only are joined again, each among its like.

    Args:
        texts: the texts.
        sets: their shingles.
        threshold: the similarity at which two texts are joined.
        method: how pairs are found.
        guard: whether texts that state other facts stay apart.
        engine: who does the work.

    Returns:
        The forest.
    """
    join = engine.exact_forest if method == "exact" else engine.near_forest
    forest = join(sets, threshold, np.zeros(len(texts), dtype=np.uint64))
    if not guard or not len(forest.left):
        return forest
    alike = np.unique(np.concatenate([forest.left, forest.right, np.flatnonzero(forest.crowded)]))
    suspects = [texts[int(text)] for text in alike]
    keys = fact_keys(suspects, common=common_words(suspects, texts))
    groups = np.array([int.from_bytes(key[:8], "little") for key in keys], dtype=np.uint64)
    again = join(_chosen(sets, alike), threshold, groups)
    return Forest(alike[again.left], alike[again.right], again.similarity, forest.crowded)


def duplicates(sets: Shingled, forest: Forest, engine: Engine, order: Numbers | None = None) -> dict[int, Duplicate]:
    """Return what to leave out, given what is alike.

    Args:
        sets: the texts' shingles.
        forest: the alike pairs.
        engine: who compares.
        order: see `near_duplicates`.

    Returns:
        For each text that is not to stay, by its number, what it repeats.
    """
    clusters = components(len(sets.short), forest.left, forest.right)
    stays = stand_ins(clusters, order)
    towards = neighbours_towards(stays, forest.left, forest.right)
    leave = np.flatnonzero(stays != np.arange(len(stays)))
    direct = engine.similarities(sets, leave, stays[leave])
    steps = engine.similarities(sets, leave, towards[leave])
    return {
        int(text): Duplicate(int(stays[text]), float(whole), int(towards[text]), float(step))
        for text, whole, step in zip(leave, direct, steps, strict=True)
    }


def _chosen(sets: Shingled, texts: Numbers) -> Shingled:
    return Shingled(_rows(sets.words, texts), _rows(sets.characters, texts), sets.short[texts])


def _rows(sets: Sets, texts: Numbers) -> Sets:
    sizes = np.diff(sets.offsets)[texts]
    offsets = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum(sizes, out=offsets[1:])
    starts = np.repeat(sets.offsets[:-1][texts] - offsets[:-1], sizes)
    return Sets(offsets, sets.values[starts + np.arange(offsets[-1])])
