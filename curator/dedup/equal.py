"""Equal texts: those of one normal form.

Few texts of a set have an equal, so that all are first told apart by what costs next to nothing: the kernel's hash of
the normal form, or without it the sum of a number for each byte of that form; blanks count nothing in both. Only of
texts with equal hashes are the normal forms themselves made and compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import numpy.typing as npt

from curator.dedup import kernel
from curator.dedup.clusters import Numbers, stand_ins
from curator.dedup.texts import Texts
from curator.text.words import normalise

_BLOCK_BYTES = 8 << 20
_BLANK = ord(" ")

_ASCII = bytes(ord(normalise(f"x{chr(code)}x")[1]) if code < 128 else code for code in range(256))
"""What each ASCII character is in the normal form, where none depends on its neighbours: blanks are one blank each."""


def equal_texts(texts: Texts, order: Numbers | None = None) -> dict[int, int]:
    """Find the texts that repeat another one but for case, white space and typography.

    Args:
        texts: the texts; one without anything in it repeats nothing.
        order: each text's place in the order of preference; who comes first of its like stays. Shape: (texts,). The
            order of the texts unless given.

    Returns:
        For each text that is not to stay, by its number, the one that stays.
    """
    hashes = kernel.form_hashes(texts) if kernel.is_built() else _sums(texts)
    clusters = np.arange(len(texts), dtype=np.int64)
    for alike in _runs(hashes):
        first: dict[bytes, int] = {}  # by what is written and by its normal form, which is its own normal form
        for text in alike:
            written = _bytes(texts, text)
            if written not in first and (form := _normal_form(written)):
                first[written] = first.setdefault(form, text)
            clusters[text] = first.get(written, text)
    stays = stand_ins(clusters, order)
    gone = np.flatnonzero(stays != np.arange(len(texts)))
    return dict(zip(gone.tolist(), stays[gone].tolist(), strict=True))


def _runs(hashes: npt.NDArray[np.uint64]) -> Iterator[list[int]]:
    """Yield the numbers of texts that have one hash, ascending, wherever there are several."""
    order = np.argsort(hashes, kind="stable")
    same = np.flatnonzero(hashes[order[1:]] == hashes[order[:-1]])
    for run in np.split(same, np.flatnonzero(np.diff(same) != 1) + 1) if len(same) else ():
        yield order[run[0] : run[-1] + 2].tolist()


def chosen_texts(texts: Texts, places: Numbers) -> Texts:
    """Return some of the texts, in their order.

    Args:
        texts: the texts.
        places: the numbers of those wanted, ascending.

    Returns:
        A column of them; nothing is copied if all are wanted.
    """
    if len(places) == len(texts):
        return texts
    offsets = np.zeros(len(places) + 1, dtype=np.int64)
    np.cumsum((texts.offsets[1:] - texts.offsets[:-1])[places], out=offsets[1:])
    runs = np.split(places, np.flatnonzero(np.diff(places) != 1) + 1) if len(places) else []
    data = [texts.data[texts.offsets[run[0]] : texts.offsets[run[-1] + 1]] for run in runs]
    return Texts(np.concatenate([np.zeros(0, dtype=np.uint8), *data]), offsets)


def _bytes(texts: Texts, text: int) -> bytes:
    return texts.data[texts.offsets[text] : texts.offsets[text + 1]].tobytes()


def _normal_form(text: bytes) -> bytes:
    """Return the normal form of a text, both in UTF-8."""
    if text.isascii():
        return b" ".join(text.translate(_ASCII).split())
    return normalise(text.decode("utf-8", "surrogatepass")).encode("utf-8", "surrogatepass")


def _sums(texts: Texts) -> npt.NDArray[np.uint64]:
    """Return a number for each text that is equal for equal texts, and seldom for others. Shape: (texts,)."""
    sums = np.zeros(len(texts), dtype=np.uint64)
    for first, last in _blocks(texts):
        bounds = texts.offsets[first : last + 1]
        data = texts.data[bounds[0] : bounds[-1]]
        written = first + np.flatnonzero(np.diff(bounds))
        starts = texts.offsets[written] - bounds[0]
        if len(written):
            sums[written] = np.add.reduceat(_weights()[data], starts)
            for text in written[np.maximum.reduceat(data, starts) > 127].tolist():
                form = _normal_form(_bytes(texts, text))
                sums[text] = _weights()[np.frombuffer(form, dtype=np.uint8)].sum()
    return sums


def _blocks(texts: Texts) -> Iterator[tuple[int, int]]:
    """Yield runs of texts that take some megabytes, or one text that takes more."""
    first = 0
    while first < len(texts):
        end = int(np.searchsorted(texts.offsets, texts.offsets[first] + _BLOCK_BYTES, side="right")) - 1
        last = min(max(end, first + 1), len(texts))
        yield first, last
        first = last


@cache
def _weights() -> npt.NDArray[np.uint64]:
    """Return the number that each byte counts; 0 for a blank."""
    each = np.random.default_rng(0).integers(1, 1 << 63, 256, dtype=np.uint64)
    weights: npt.NDArray[np.uint64] = each[np.frombuffer(_ASCII, dtype=np.uint8)]
    weights[np.frombuffer(_ASCII, dtype=np.uint8) == _BLANK] = 0
    return weights
