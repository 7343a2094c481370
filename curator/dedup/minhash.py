"""MinHash signatures, and the bands by which similar sets find each other.

A signature has `PERMUTATIONS` values; two sets agree in one of them with a probability equal to their Jaccard
similarity s. Cut into b bands of r values, two signatures agree in at least one whole band with probability
1 - (1 - s^r)^b. Every pair that a band proposes is verified afterwards, so bands only have to miss little: how much
they propose in vain costs time, never precision.

Source: Broder 1997 (signatures); J. Leskovec, A. Rajaraman and J. Ullman, 2014, "Mining of Massive Datasets", section
3.4.2 (bands). Permutations are those of `datasketch`'s scheme affine32, bit for bit.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from curator.dedup.shingles import STEP, Sets

PERMUTATIONS = 32
"""How many values a signature has: few, because a lower similarity costs rows, not precision."""

SCHEME = "affine32"
"""What `datasketch` calls this family of permutations; it must be named wherever stored values are given to it."""

UNCROWDED = 1024
"""Up to how many texts a band's bucket may have for each to be compared with all before it."""

WINDOW = 64
"""With how many texts before it a text of a fuller bucket is compared: thousands of template twins would otherwise cost
their square. A cluster that fills the bucket is joined all the same, through any of its members; pairs among thousands
of others which are nearly as alike as they, but not alike enough, are mostly missed."""

_MISSED_SHARE = 0.02
_SEED = 1

Signatures = npt.NDArray[np.uint32]


def bands_and_rows(threshold: float, permutations: int = PERMUTATIONS) -> tuple[int, int]:
    """Return how signatures are banded so that pairs at the threshold are found.

    Args:
        threshold: the similarity that must be found, above 0 and at most 1.
        permutations: how many values a signature has.

    Returns:
        (bands, rows): the most rows with which at most 2% of the pairs at exactly the threshold share no band. One row
        a band where no number of rows achieves that.
    """
    fitting = [
        rows for rows in range(1, permutations + 1) if (1 - threshold**rows) ** (permutations // rows) <= _MISSED_SHARE
    ]
    rows = max(fitting, default=1)
    return permutations // rows, rows


@cache
def permutations() -> npt.NDArray[np.uint32]:
    """Return factors a and summands b of the permutations x -> a x + b modulo 2^32. Shape: (2, PERMUTATIONS).

    They are drawn as `datasketch` draws them, without it: loading it takes most of a second. Factors are odd.
    """
    draw = np.random.RandomState(_SEED)
    factors = draw.randint(0, 1 << 31, PERMUTATIONS, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return np.array([factors, draw.randint(0, 1 << 32, PERMUTATIONS, dtype=np.uint32)])


def signatures(sets: Sets) -> Signatures:
    """Return the signature of each set, by `datasketch`; the kernel gives the same.

    Args:
        sets: the sets.

    Returns:
        The signatures; of an empty set, all values are 2^32 - 1. Shape: (texts, PERMUTATIONS).
    """
    count = len(sets.offsets) - 1
    found = np.empty((count, PERMUTATIONS), dtype=np.uint32)
    empty = _empty()
    for text in range(count):
        sketch = empty.copy()
        sketch.update_batch(sets.of(text).tolist())
        found[text] = sketch.hashvalues
    return found


def band_keys(signatures: Signatures, threshold: float, groups: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return one key for each band: texts with equal keys in a band are proposed to each other.

    The key begins with the text's group and takes in each value v of the band as `(key + v + 1) * STEP`, followed by
    key ^= key >> 29, modulo 2^64; so texts of different groups share a band only by chance, and seldom.

    Args:
        signatures: the signatures. Shape: (texts, PERMUTATIONS).
        threshold: the similarity that must be found.
        groups: the group of each text. Shape: (texts,).

    Returns:
        The keys. Shape: (bands, texts).
    """
    bands, rows = bands_and_rows(threshold)
    keys = np.tile(groups.astype(np.uint64), (bands, 1))
    for band in range(bands):
        for row in range(rows):
            value = signatures[:, band * rows + row].astype(np.uint64)
            keys[band] = (keys[band] + value + np.uint64(1)) * np.uint64(STEP)
            keys[band] ^= keys[band] >> np.uint64(29)
    return keys


@cache
def _empty() -> Any:
    from datasketch import MinHash

    # Shingles arrive hashed, so the hash function is the identity.
    return MinHash(num_perm=PERMUTATIONS, seed=_SEED, scheme=SCHEME, hashfunc=int)
