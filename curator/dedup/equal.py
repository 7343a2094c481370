"""Equal texts: those of one normal form, told by a hash of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from curator.dedup.clusters import Numbers, stand_ins
from curator.dedup.texts import Texts
from curator.text.words import normalise

_DIGEST_BYTES = 16

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
    digests = np.frombuffer(b"".join(map(_digest, range(len(texts)), _each(texts))), dtype=f"V{_DIGEST_BYTES}")
    halves = digests.view(np.uint64).reshape(-1, 2)
    sorted_by_digest = np.lexsort((halves[:, 1], halves[:, 0]))  # stable, so of equals the first number comes first
    found = halves[sorted_by_digest]
    begins = np.concatenate([[True], (found[1:] != found[:-1]).any(axis=1)]) if len(found) else np.zeros(0, np.bool_)
    first = np.empty(len(texts), dtype=np.int64)
    first[sorted_by_digest] = sorted_by_digest[np.maximum.accumulate(np.where(begins, np.arange(len(found)), 0))]
    stays = stand_ins(first, order)
    return {int(text): int(stays[text]) for text in np.flatnonzero(stays != np.arange(len(texts)))}


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


def _each(texts: Texts) -> Iterable[bytes]:
    return (texts.data[start:end].tobytes() for start, end in pairwise(texts.offsets.tolist()))


def _digest(number: int, text: bytes) -> bytes:
    """Return the hash of a text's normal form; of an empty form, the text's number, so that it equals no other."""
    if text.isascii():
        form = b" ".join(text.translate(_ASCII).split())
    else:
        form = normalise(text.decode("utf-8", "surrogatepass")).encode("utf-8", "surrogatepass")
    if not form:
        return number.to_bytes(_DIGEST_BYTES, "little")
    return hashlib.blake2b(form, digest_size=_DIGEST_BYTES).digest()
