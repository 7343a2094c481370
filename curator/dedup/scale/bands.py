"""Signatures and band keys of many sets at once, by numpy: bit for bit those of `minhash`, without an object a set."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from curator.dedup.minhash import Signatures, band_keys, permutations
from curator.dedup.shingles import Hashes, Sets


def many_signatures(sets: Sets) -> Signatures:
    """Return the signature of each set; see `curator.dedup.minhash.signatures`.

    Args:
        sets: the sets, none of them empty.

    Returns:
        The signatures. Shape: (texts, PERMUTATIONS).
    """
    factors, summands = permutations()
    starts, first, end = sets.offsets[:-1] - sets.offsets[0], sets.offsets[0], sets.offsets[-1]
    values = _mixed(sets.values[first:end])
    found = np.empty((len(starts), len(factors)), dtype=np.uint32)
    if not len(starts):
        return found
    moved = np.empty_like(values)
    for at, (factor, summand) in enumerate(zip(factors, summands, strict=True)):
        np.multiply(values, factor, out=moved)
        np.add(moved, summand, out=moved)
        found[:, at] = np.minimum.reduceat(moved, starts)
    return found


def keys_by_band(sets: Sets, threshold: float) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]]:
    """Yield for each band the sets that are in it, by their places, and the key of each.

    Args:
        sets: the sets; an empty one is in no band.
        threshold: the similarity that must be found.

    Yields:
        (places, keys), both of the same length.
    """
    sizes = np.diff(sets.offsets)
    present = np.flatnonzero(sizes)
    offsets = np.concatenate([sets.offsets[:-1][present], sets.offsets[-1:]])
    groups = np.zeros(len(present), dtype=np.uint64)
    for keys in band_keys(many_signatures(Sets(offsets, sets.values)), threshold, groups):
        yield present, keys


def _mixed(hashes: Hashes) -> Hashes:
    """Return MurmurHash3's 32-bit finaliser of each hash, which the scheme affine32 puts before its permutations."""
    mixed = hashes ^ (hashes >> np.uint32(16))
    mixed *= np.uint32(0x85EBCA6B)
    mixed ^= mixed >> np.uint32(13)
    mixed *= np.uint32(0xC2B2AE35)
    mixed ^= mixed >> np.uint32(16)
    return mixed
