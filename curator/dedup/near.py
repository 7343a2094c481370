"""Near-duplicates of a set of texts: the one place where engine, method and guard come together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar, get_args

import numpy as np
import numpy.typing as npt

from curator.dedup.choices import EngineName, Method, Shingles
from curator.dedup.clusters import Numbers, components, neighbours_towards, stand_ins
from curator.dedup.forest import Forest, Groups
from curator.dedup.guard import common_words, fact_keys
from curator.dedup.shingles import Sets, Shingled
from curator.dedup.texts import Texts
from curator.errors import CuratorError

T = TypeVar("T", bound=np.generic)

_TEXTS_AT_ONCE = 1 << 9
_STEPS_AT_ONCE = 16
"""How many steps away from who stays texts are looked for in all clusters at once; few are further away."""


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


class Duplicates(dict[int, Duplicate]):
    """For each text that is not to stay, by its number, what it repeats.

    Attributes:
        crowded: how many texts lie in families too large to be compared completely; the method `exact` misses none.
    """

    def __init__(self, found: Mapping[int, Duplicate], crowded: int = 0) -> None:
        """Take what was found.

        Args:
            found: what the texts repeat.
            crowded: see the class.
        """
        super().__init__(found)
        self.crowded = crowded


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
        raise CuratorError(f"the compiled kernel cannot be used: {kernel.trouble()}; or choose the engine datasketch")
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
) -> Duplicates:
    """Find what to leave out of a set of texts.

    Args:
        texts: the texts; one without a letter, digit or sign repeats nothing.
        threshold: the smallest Jaccard similarity at which two texts are joined, above 0 and at most 1.
        shingles: what texts are compared by.
        method: how pairs are found.
        guard: whether texts that state other facts always stay apart; see `curator.dedup.guard`.
        engine: who does the work.
        order: each text's place in the order of preference; who comes first in its cluster stays. Shape: (texts,).
            The order of the texts unless given.

    Returns:
        What each text that is not to stay repeats.

    Raises:
        CuratorError: the engine is not there.
        TypeError: the texts are one text, or one of them is none.
        ValueError: the threshold is none, or there is no such method, engine or kind of shingles.
    """
    _check(texts, threshold)
    _check_choice("shingles", shingles, Shingles)
    _check_choice("method", method, Method)
    _check_choice("engine", engine, EngineName)
    chosen, column = engine_of(engine), Texts.of(texts)
    sets = chosen.shingled(column, shingles, threshold)
    forest = near_pairs(column, sets, threshold=threshold, method=method, guard=guard, engine=chosen)
    return Duplicates(duplicates(sets, forest, chosen, order), int(forest.crowded.sum()))


def _check(texts: Sequence[str], threshold: float) -> None:
    if not 0 < threshold <= 1:
        raise ValueError(f"a threshold is a similarity above 0 and at most 1, not {threshold}")
    if isinstance(texts, str):
        raise TypeError("near_duplicates compares several texts: give it a list of strings, not one string")
    for place, text in enumerate(() if isinstance(texts, Texts) else texts):
        if not isinstance(text, str):
            raise TypeError(f'near_duplicates compares strings, but text {place} is {text!r:.40}: give "" for none')


def _check_choice(what: str, choice: str, known: Any) -> None:
    if choice not in get_args(known):
        raise ValueError(f"there is no {what} {choice!r:.40}; choose one of {', '.join(get_args(known))}")


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
    alike = np.unique(np.concatenate([forest.left, forest.right, np.flatnonzero(forest.crowded)]))
    if not guard or not len(alike):
        return forest
    again = join(_chosen(sets, alike), threshold, _groups(texts, alike))
    crowded = np.zeros(len(texts), dtype=np.bool_)
    crowded[alike] = again.crowded
    return Forest(alike[again.left], alike[again.right], again.similarity, crowded)


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
    paired = np.zeros(len(sets.short), dtype=np.bool_)
    paired[forest.left] = paired[forest.right] = True
    members = np.flatnonzero(paired)  # few of all texts: only they are numbered and looked at
    place = np.cumsum(paired) - 1
    left, right = place[forest.left], place[forest.right]
    clusters = components(len(members), left.tolist(), right.tolist())
    stays = stand_ins(clusters, None if order is None else order[members])
    towards = members[_towards(stays, left, right)]
    stays = members[stays]
    leave = np.flatnonzero(stays != members)
    gone, stays, towards = members[leave], stays[leave], towards[leave]
    direct = engine.similarities(sets, gone, stays)
    steps = direct.copy()
    further = np.flatnonzero(towards != stays)
    steps[further] = engine.similarities(sets, gone[further], towards[further])
    found = map(Duplicate, stays.tolist(), direct.tolist(), towards.tolist(), steps.tolist())
    return dict(zip(gone.tolist(), found, strict=True))


def _towards(stays: Numbers, left: Numbers, right: Numbers) -> Numbers:
    """Return what `neighbours_towards` returns, for trees: all grow at once, so a few steps are enough for most."""
    towards = np.arange(len(stays), dtype=np.int64)
    reached = stays == towards
    one, other = np.concatenate([left, right]), np.concatenate([right, left])
    for _ in range(_STEPS_AT_ONCE):
        step = reached[one] & ~reached[other]
        towards[other[step]] = one[step]
        reached[other[step]] = True
        waits = ~(reached[one] & reached[other])
        one, other = one[waits], other[waits]
    if not len(one):
        return towards
    rest = np.where(reached, np.arange(len(stays)), -1)
    deep = neighbours_towards(rest, one[one < other].tolist(), other[one < other].tolist())
    return np.where(reached, towards, deep)


def _groups(texts: Texts, alike: Numbers) -> Groups:
    """Return a number for each of the alike texts that is equal for those which state the same facts."""
    suspects = Texts(*_rows(texts.data, texts.offsets, alike))
    common = common_words(suspects, texts)
    groups = np.empty(len(alike), dtype=np.uint64)
    for start in range(0, len(alike), _TEXTS_AT_ONCE):
        keys = fact_keys(list(suspects[start : start + _TEXTS_AT_ONCE]), common=common)
        groups[start : start + len(keys)] = [int.from_bytes(key[:8], "little") for key in keys]
    return groups


def _chosen(sets: Shingled, texts: Numbers) -> Shingled:
    spaces = [_rows(space.values, space.offsets, texts) for space in (sets.words, sets.characters)]
    words, characters = (Sets(offsets, values) for values, offsets in spaces)
    return Shingled(words, characters, sets.short[texts])


def _rows(values: npt.NDArray[T], offsets: Numbers, rows: Numbers) -> tuple[npt.NDArray[T], Numbers]:
    """Return some rows of a ragged array, and their offsets."""
    sizes = np.diff(offsets)[rows]
    ends = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum(sizes, out=ends[1:])
    chosen = np.empty(ends[-1], dtype=values.dtype)
    for start in range(0, len(rows), _TEXTS_AT_ONCE):
        some = slice(start, start + _TEXTS_AT_ONCE)
        moved = np.repeat(offsets[:-1][rows[some]] - ends[:-1][some], sizes[some])
        place = np.arange(ends[start], ends[start] + len(moved))
        chosen[place] = values[moved + place]
    return chosen, ends
