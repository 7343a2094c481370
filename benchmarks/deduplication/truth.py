"""Which texts are alike, found by a way of its own: sparse matrices of exact word 3-grams, no hashes, none of our code.

A text is a row, a 3-gram a column. Two rows at the threshold t have one of their |A| - ceil(t |A|) + 1 rarest 3-grams
in common, so the product of the matrix of those with its transpose holds every pair that can be alike; the whole rows
decide.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

_AT_ONCE = 200_000
_ROUNDING = 1e-9

Pairs = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]


def alike_pairs(texts: Iterable[list[str]], threshold: float) -> Pairs:
    """Find every pair of texts at a similarity.

    Args:
        texts: the words of each text, three or more.
        threshold: the smallest Jaccard similarity over word 3-grams.

    Returns:
        The smaller number of each pair, the larger one, and their similarity.
    """
    from scipy.sparse import triu

    rows, columns = _entries(texts)
    whole = _matrix(rows, columns)
    sizes = np.asarray(whole.sum(axis=1), dtype=np.int64).ravel()
    rare = _rarest(whole, sizes, threshold)
    candidates = triu(rare @ rare.T, k=1).tocoo()
    left, right = candidates.row.astype(np.int64), candidates.col.astype(np.int64)
    common = np.zeros(len(left), dtype=np.int64)
    for begin in range(0, len(left), _AT_ONCE):
        some = slice(begin, begin + _AT_ONCE)
        both = whole[left[some]].multiply(whole[right[some]])
        common[some] = np.asarray(both.sum(axis=1)).ravel()
    similarity = common / (sizes[left] + sizes[right] - common)
    alike = similarity >= threshold
    return left[alike], right[alike], similarity[alike]


def clusters(count: int, left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return for each text the smallest number among all it is joined with, itself included.

    Args:
        count: how many texts.
        left: one text of each pair.
        right: the other.

    Returns:
        The numbers. Shape: (count,).
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(count, count))
    _number, labels = connected_components(pairs, directed=False)
    _distinct, smallest, inverse = np.unique(np.asarray(labels), return_index=True, return_inverse=True)
    return np.asarray(smallest[inverse], dtype=np.int64)


def _entries(texts: Iterable[list[str]]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Return the text of each 3-gram, and a number that no other 3-gram has."""
    numbers: dict[str, int] = {}
    lengths, flat = [], []
    for text in texts:
        lengths.append(len(text))
        flat.append(np.fromiter((numbers.setdefault(word, len(numbers)) for word in text), np.int64, len(text)))
    words, owner = np.concatenate(flat), np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    within = owner[:-2] == owner[2:]
    base = len(numbers)
    assert base < 1 << 21, "three numbers of words must fit into 63 bits"
    return owner[:-2][within], ((words[:-2] * base + words[1:-1]) * base + words[2:])[within]


def _matrix(rows: npt.NDArray[np.int32], grams: npt.NDArray[np.int64]) -> Any:
    from scipy.sparse import csr_array

    distinct, columns = np.unique(grams, return_inverse=True)
    shape = (int(rows[-1]) + 1, len(distinct))
    whole = csr_array((np.ones(len(rows), dtype=np.int32), (rows, columns.astype(np.int32))), shape=shape)
    whole.sum_duplicates()
    whole.data[:] = 1
    return whole


def _rarest(whole: Any, sizes: npt.NDArray[np.int64], threshold: float) -> Any:
    """Return the matrix with only the rarest 3-grams of each row, less those that no other row has."""
    from scipy.sparse import csr_array

    frequency = np.bincount(whole.indices, minlength=whole.shape[1])[whole.indices]
    rows = np.repeat(np.arange(len(sizes)), sizes)
    order = np.lexsort((whole.indices, frequency, rows))
    place = np.arange(len(rows)) - np.repeat(whole.indptr[:-1], sizes)
    kept = sizes - np.ceil(threshold * sizes - _ROUNDING).astype(np.int64) + 1
    chosen = order[(place < kept[rows]) & (frequency[order] > 1)]
    ones = np.ones(len(chosen), dtype=np.int32)
    return csr_array((ones, (rows[chosen], whole.indices[chosen])), shape=whole.shape)
