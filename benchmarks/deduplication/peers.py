"""Libraries that compete: each as its own pages recommend, on word 3-grams, 128 values in 16 bands of 8 rows.

Whatever a library leaves to its user is done here in the quickest way that Python offers: texts are cut into 3-grams by
`split` and `zip`, and what was found alike is joined with scipy.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from deduplication.corpus import THRESHOLD
from deduplication.truth import clusters

if TYPE_CHECKING:
    from curator.dedup.shingles import Sets

VALUES, BANDS, ROWS = 128, 16, 8
_SEED = 42

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def grams(text: str) -> list[str]:
    """Return the word 3-grams of a text."""
    words = text.split()
    return [" ".join(run) for run in zip(words, words[1:], words[2:], strict=False)]


def joined(count: int, found: Iterable[Iterable[int]]) -> Numbers:
    """Return the cluster of each text.

    Args:
        count: how many texts.
        found: for each text, in order, the texts it is alike.

    Returns:
        For each text the smallest number it is joined with.
    """
    pairs = [(text, int(other)) for text, alike in enumerate(found) for other in alike if other != text]
    left, right = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return clusters(count, left, right)


def rensa(texts: list[str]) -> Flags:
    """Return which texts to drop: those too like one that was kept before, by their sketches."""
    from rensa import RMinHashDeduplicator

    index = RMinHashDeduplicator(threshold=THRESHOLD, num_perm=VALUES, use_lsh=True, num_bands=BANDS, seed=_SEED)
    kept = index.add_pairs((str(number), grams(text)) for number, text in enumerate(texts))
    return ~np.array(kept, dtype=np.bool_)


def rensa_given(sets: Sets) -> Flags:
    """Return which texts to drop, given our shingles: those that share a band with one before them.

    Flags for all at once say which texts share a band at all; only those are then asked about one by one.
    """
    from rensa import RMinHash, RMinHashLSH

    flagged, index = rensa_flags(sets), RMinHashLSH(THRESHOLD, VALUES, BANDS)
    values = sets.values.astype(np.uint64)
    for text in np.flatnonzero(flagged).tolist():
        own = values[sets.offsets[text] : sets.offsets[text + 1]]
        sketch = RMinHash.digest_matrix_from_flat_token_hashes(own, [0, len(own)], VALUES, _SEED)
        flagged[text] = index.insert_matrix_and_query_duplicate_flags(sketch, text)[0]
    return flagged


def rensa_flags(sets: Sets) -> Flags:
    """Return which texts share a band with another, given our shingles."""
    from rensa import RMinHash, RMinHashLSH

    values, bounds = sets.values.astype(np.uint64), sets.offsets.astype(np.uint64)
    sketches = RMinHash.digest_matrix_from_flat_token_hashes(values, bounds, VALUES, _SEED)
    index = RMinHashLSH(THRESHOLD, VALUES, BANDS)
    return np.array(index.query_duplicate_flags_matrix_one_shot(sketches), dtype=np.bool_)


def fast_sketch(texts: list[str]) -> Numbers:
    """Return the clusters of texts that share a band.

    Flags for all at once say which texts share a band at all; only those are then asked for whom they share it with.
    """
    from FastSketchLSH import LSH

    sketches = _fast_sketches(texts)
    flagged = np.flatnonzero(LSH(num_perm=VALUES, num_bands=BANDS).insert_and_query_duplicates(sketches))
    index = LSH(num_perm=VALUES, num_bands=BANDS)
    index.insert(sketches[flagged])
    found, bounds = index.query(sketches[flagged], format="csr")
    owners = np.repeat(flagged, np.diff(bounds.astype(np.int64)))
    return clusters(len(texts), owners, flagged[found.astype(np.int64)])


def fast_sketch_flags(texts: list[str]) -> Flags:
    """Return which texts share a band with another."""
    from FastSketchLSH import LSH

    index = LSH(num_perm=VALUES, num_bands=BANDS)
    return np.asarray(index.insert_and_query_duplicates(_fast_sketches(texts)), dtype=np.bool_)


def gaoya(texts: list[str]) -> Numbers:
    """Return the clusters of texts whose sketches are alike."""
    from gaoya.minhash import MinHashStringIndex

    index = MinHashStringIndex(
        hash_size=32,
        jaccard_threshold=THRESHOLD,
        num_bands=BANDS,
        band_size=ROWS,
        analyzer="word",
        ngram_range=(3, 3),
        id_container="smallvec",
    )
    index.par_bulk_insert_docs(list(range(len(texts))), texts)
    return joined(len(texts), index.par_bulk_query(texts))


def datasketch(texts: list[str]) -> Numbers:
    """Return the clusters of texts that share a band."""
    from datasketch import MinHash, MinHashLSH

    # Not the bands that MinHashLSH chooses itself: at 0.8 those miss half of the pairs between 0.80 and 0.82.
    index = MinHashLSH(num_perm=VALUES, params=(BANDS, ROWS))
    sketches = MinHash.bulk([[gram.encode() for gram in grams(text)] for text in texts], num_perm=VALUES, seed=_SEED)
    with index.insertion_session() as session:
        for number, sketch in enumerate(sketches):
            session.insert(number, sketch)
    return joined(len(texts), map(index.query, sketches))


def _fast_sketches(texts: list[str]) -> npt.NDArray[np.uint64]:
    from FastSketchLSH import FastSimilaritySketch

    return np.asarray(FastSimilaritySketch(size=VALUES, seed=_SEED).batch([grams(text) for text in texts]))
