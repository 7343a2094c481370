"""Which vectors are near each other: all products of a small set, an inverted file over a large one.

Up to `DENSE_ROWS` vectors every product is computed, block by block. Above, faiss proposes: k-means cells, of which a
query visits the nearest, with vectors in 8 bits (IVF, SQ8). Either way the cosines handed out are the exact dot
products of the vectors, and the order depends on nothing but the vectors.

Source:
    Jégou, Douze and Schmid 2011, "Product Quantization for Nearest Neighbor Search", IEEE TPAMI 33(1), section 4 (the
    inverted file); Johnson, Douze and Jégou 2017, arXiv 1702.08734. Differs in scalar instead of product quantisation
    and in the exact dot product at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from curator.errors import StageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from curator.embedding.base import Vectors

    Places = npt.NDArray[np.int64]
    Near = npt.NDArray[np.bool_]

DENSE_ROWS = 20_000
"""Up to so many vectors all products are computed; above, faiss proposes."""

BLOCK = 1024
"""How many rows are compared with all others at once."""

_SLACK = 0.02
"""How far below the threshold a proposal may lie: 8 bits a number change a cosine by less."""

_ROUNDING = 1e-4
"""How far below the threshold a product may lie: those of a block round otherwise than the exact ones."""

_VISITED_CELLS = 12
"""How many cells a query visits. That finds 99.8% of the pairs at a cosine of 0.7 among 6,324 embedded sentences (a
novel's, and the handbook's questions), and all at 0.9; 32 cells find 99.98% at 0.7, and take twice as long."""

_TRAINED_ON_EACH = 64
"""How many vectors for each cell k-means looks at, at most."""

_FEWEST_IN_EACH = 8
"""How many different vectors there are for each cell at least."""


class Pairs(NamedTuple):
    """Pairs of near vectors, sorted by `left`, then `right`.

    Attributes:
        left: the earlier vector's number. Shape: (pairs,).
        right: the later one's. Shape: (pairs,).
        cosine: their exact cosine. Shape: (pairs,).
    """

    left: Places
    right: Places
    cosine: Vectors

    def taken(self, which: npt.NDArray[Any]) -> Pairs:
        """Return some of the pairs: those that a mask, or an array of numbers, picks out."""
        return Pairs(self.left[which], self.right[which], self.cosine[which])


class Neighbours(NamedTuple):
    """The nearest other vectors of each, the nearest first; of equally near ones the earlier first.

    Attributes:
        places: their numbers; -1 where there are no more. Shape: (n, k).
        cosines: the exact cosines; -1 where there are no more. Shape: (n, k).
    """

    places: Places
    cosines: Vectors


def pairs_at_least(
    vectors: Vectors, threshold: float, *, most: int | None = None, dense_rows: int = DENSE_ROWS
) -> Pairs:
    """Find the pairs whose cosine is at least `threshold`.

    Args:
        vectors: vectors of length 1. Shape: (n, dimensions).
        threshold: the smallest cosine, above 0.
        most: how many earlier partners a vector has at most, its nearest; None for all. With it, memory stays bounded
            where thousands are alike, and each vector that has an earlier partner still has its nearest.
        dense_rows: up to so many vectors all products are computed.

    Returns:
        The pairs. Up to `dense_rows` all of them; above, those that faiss proposes.

    Raises:
        StageError: there are more than `dense_rows` vectors and faiss is not installed.
    """
    import numpy as np

    propose = _dense_pairs if len(vectors) <= dense_rows else _proposed_pairs
    none = np.zeros(0, dtype=np.int64)
    blocks = [Pairs(none, none, np.zeros(0, dtype=np.float32))]
    blocks += [
        _nearest_earlier(_exact(vectors, *block), threshold, most) for block in propose(vectors, threshold, most)
    ]
    pairs = Pairs(*(np.concatenate([block[column] for block in blocks]) for column in range(3)))
    return pairs.taken(np.lexsort((pairs.right, pairs.left)))


def neighbours(vectors: Vectors, k: int, *, dense_rows: int = DENSE_ROWS) -> Neighbours:
    """Find the `k` nearest other vectors of each.

    Args:
        vectors: vectors of length 1. Shape: (n, dimensions).
        k: how many, at least 1.
        dense_rows: up to so many vectors all products are computed.

    Returns:
        The neighbours. Up to `dense_rows` the nearest there are; above, the nearest of those that faiss proposes.

    Raises:
        StageError: there are more than `dense_rows` vectors and faiss is not installed.
    """
    import numpy as np

    count = len(vectors)
    wanted = min(k, max(count - 1, 0))
    index = _index(vectors) if count > dense_rows else None
    places = np.full((count, k), -1, dtype=np.int64)
    cosines = np.full((count, k), -1, dtype=np.float32)
    for start in range(0, count if wanted else 0, BLOCK):
        rows = np.arange(start, min(start + BLOCK, count))
        proposed = _nearest_dense(vectors, rows, wanted) if index is None else _nearest_of(index, vectors, rows, wanted)
        exact = np.einsum("rd,rkd->rk", vectors[rows], vectors[proposed])
        exact[(proposed == rows[:, None]) | (proposed < 0)] = -2  # itself, or nobody: last
        order = np.lexsort((proposed, -exact))[:, :wanted]
        places[rows, :wanted] = np.take_along_axis(proposed, order, axis=1)
        cosines[rows, :wanted] = np.take_along_axis(exact, order, axis=1)
    places[cosines < -1.5] = -1
    cosines[cosines < -1.5] = -1
    return Neighbours(places, cosines)


def _dense_pairs(vectors: Vectors, threshold: float, most: int | None) -> Iterator[tuple[Places, Places]]:
    """Yield, for a block of later rows at a time, earlier rows and later rows that are near."""
    import numpy as np

    for start in range(0, len(vectors), BLOCK):
        later = vectors[start : start + BLOCK]
        products = later @ vectors[: start + len(later)].T
        products[~np.tri(len(later), start + len(later), start - 1, dtype=bool)] = -2  # itself and what comes later
        near = products >= threshold - _ROUNDING
        right, left = np.nonzero(near if most is None else _crowds_thinned(near, products, _depth(most)))
        yield _thinned(left, right + start, products[right, left], most)


def _proposed_pairs(vectors: Vectors, threshold: float, most: int | None) -> Iterator[tuple[Places, Places]]:
    import numpy as np

    index = _index(vectors)
    for start in range(0, len(vectors), BLOCK):
        limits, products, left = index.range_search(vectors[start : start + BLOCK], threshold - _SLACK)
        right = np.repeat(np.arange(start, start + len(limits) - 1), np.diff(limits.astype(np.int64)))
        earlier = left < right  # each pair once: as its later end proposes it
        yield _thinned(left[earlier], right[earlier], products[earlier], most)


def _thinned(left: Places, right: Places, products: Vectors, most: int | None) -> tuple[Places, Places]:
    """Return, of the proposals of crowded rows, about twice as many as are wanted, so that few are computed exactly."""
    import numpy as np

    if most is None or len(right) <= most:
        return left, right
    order = np.lexsort((left, -products, right))
    places = np.arange(len(order)) - np.searchsorted(right[order], right[order])
    kept = order[places < _depth(most)]
    return left[kept], right[kept]


def _crowds_thinned(near: Near, products: Vectors, depth: int) -> Near:
    """Return which are near, in a crowded row only the nearest, equals from the left: the others need no sorting."""
    import numpy as np

    crowded = np.flatnonzero(near.sum(axis=1) > depth)
    if len(crowded):
        rows = products[crowded]
        last = np.partition(rows, -depth, axis=1)[:, -depth, None]
        nearer, equal = rows > last, rows == last
        room = depth - nearer.sum(axis=1, keepdims=True)
        near[crowded] = nearer | (equal & (equal.cumsum(axis=1, dtype=np.int32) <= room))
    return near


def _depth(most: int) -> int:
    """Return how many proposals are computed exactly where `most` are wanted: nearly equal ones may change places."""
    return 2 * most + 16


def _exact(vectors: Vectors, left: Places, right: Places) -> Pairs:
    import numpy as np

    cosines = [
        np.einsum("pd,pd->p", vectors[left[at : at + 65_536]], vectors[right[at : at + 65_536]])
        for at in range(0, len(left), 65_536)
    ]
    return Pairs(left, right, np.concatenate([np.zeros(0, dtype=np.float32), *cosines]))


def _nearest_earlier(pairs: Pairs, threshold: float, most: int | None) -> Pairs:
    """Return the pairs at the threshold; of each later vector the `most` nearest."""
    import numpy as np

    pairs = pairs.taken(pairs.cosine >= threshold)
    if most is None:
        return pairs
    pairs = pairs.taken(np.lexsort((pairs.left, -pairs.cosine, pairs.right)))
    firsts = np.searchsorted(pairs.right, pairs.right)
    return pairs.taken(np.arange(len(firsts)) - firsts < most)


def _nearest_dense(vectors: Vectors, rows: Places, wanted: int) -> Places:
    import numpy as np

    products = vectors[rows] @ vectors.T
    products[np.arange(len(rows)), rows] = -2
    # A few more than wanted: which of nearly equal ones come first is decided by the exact products.
    depth = min(wanted + 8, products.shape[1])
    return np.sort(np.argpartition(-products, depth - 1, axis=1)[:, :depth], axis=1)


def _nearest_of(index: Any, vectors: Vectors, rows: Places, wanted: int) -> Places:
    import numpy as np

    _cosines, places = index.search(vectors[rows], 2 * wanted + 16)
    return np.asarray(places, dtype=np.int64)


def _index(vectors: Vectors) -> Any:
    """Return an inverted file over the vectors."""
    try:
        import faiss
    except ImportError as error:
        raise StageError(
            f"to find the near ones of more than {DENSE_ROWS:,} vectors: pip install 'instruct-curator[embeddings]'"
        ) from error
    import numpy as np

    count, dimensions = vectors.shape
    cells = max(1, int(2 * count**0.5))
    sample = np.sort(np.random.default_rng(0).permutation(count)[: cells * _TRAINED_ON_EACH])
    # Of many equal vectors k-means would make many equal cells, and a query would not know which of them to visit.
    different = np.unique(vectors[sample].astype(np.float16), axis=0, return_index=True)[1]
    cells = max(1, min(cells, len(different) // _FEWEST_IN_EACH))
    quantizer = faiss.IndexFlatIP(dimensions)
    index = faiss.IndexIVFScalarQuantizer(
        quantizer, dimensions, cells, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    index.cp.seed, index.cp.niter, index.cp.spherical = 0, 8, True
    index.cp.min_points_per_centroid, index.cp.max_points_per_centroid = 1, _TRAINED_ON_EACH
    index.nprobe = min(cells, _VISITED_CELLS)
    index.train(np.ascontiguousarray(vectors[sample[np.sort(different)]]))
    index.add(vectors)
    return index
