"""Engines for tables that compete: MinHash bands written in their own language, 32 values in 8 bands of 4, as ours.

None of them compares texts that share a band any further: whatever shares one is joined, with scipy.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from deduplication.truth import clusters

if TYPE_CHECKING:
    import daft as daft_types
    import polars as polars_types

VALUES, BANDS, ROWS = 32, 8, 4
_STEP = 0x9E3779B97F4A7C15
_BITS = (1 << 32) - 1
_CHANCE = random.Random(42)
_FACTORS = [_CHANCE.getrandbits(32) | 1 for _ in range(VALUES)]
_SUMMANDS = [_CHANCE.getrandbits(32) for _ in range(VALUES)]

Numbers = npt.NDArray[np.int64]


def duckdb(table: tuple[Any, int]) -> Numbers:
    """Return the clusters of texts that share a band.

    Args:
        table: a connection that has the texts as `texts(id, text)`, and how many they are.

    Returns:
        For each text the smallest number it is joined with.
    """
    connection, count = table
    values = ", ".join(f"min((g * {_FACTORS[at]} + {_SUMMANDS[at]}) & {_BITS}) v{at}" for at in range(VALUES))
    bands = ", ".join(
        f"hash({band}, {', '.join(f'v{band * ROWS + row}' for row in range(ROWS))})" for band in range(BANDS)
    )
    # The names are ours, and no text comes into it.
    query = f"""
        with words as (select id, string_split(text, ' ') w from texts),
        grams as (
            select id, unnest(list_transform(range(1, len(w) - 1), lambda i: hash(w[i], w[i+1], w[i+2]) & {_BITS})) g
            from words
        ),
        sketches as (select id, {values} from grams group by id),
        bands as (select id, unnest([{bands}]) band from sketches),
        firsts as (select id, min(id) over (partition by band) first from bands)
        select distinct first, id from firsts where first <> id"""  # noqa: S608
    found = connection.execute(query).fetchnumpy()
    return clusters(count, found["first"].astype(np.int64), found["id"].astype(np.int64))


def polars(frame: polars_types.DataFrame) -> Numbers:
    """Return the clusters of texts that share a band, given the columns `id` and `text`."""
    import polars as pl

    word, here = pl.col("word"), pl.col("id")
    words = frame.lazy().select("id", word=pl.col("text").str.split(" ")).explode("word").select("id", word=word.hash())
    gram = ((word * _STEP + word.shift(-1)) * _STEP + word.shift(-2)).hash()
    grams = words.select("id", gram=gram, whole=here == here.shift(-2)).filter("whole")
    sketches = grams.group_by("id").agg((pl.col("gram") * factor).min().alias(f"v{at}") for at, factor in _numbered())
    bands = pl.concat(
        sketches.select("id", band=pl.struct(f"v{band * ROWS + row}" for row in range(ROWS)).hash(seed=band))
        for band in range(BANDS)
    )
    found = bands.with_columns(first=here.min().over("band")).filter(here != pl.col("first")).collect()
    return clusters(len(frame), found["first"].to_numpy(), found["id"].to_numpy())


def daft(frame: daft_types.DataFrame) -> Numbers:
    """Return the clusters of texts that share a band, given the columns `id` and `text`."""
    from daft import col, functions, lit

    sketch = functions.minhash(col("text"), num_hashes=VALUES, ngram_size=3, hash_function="xxhash3_64")
    cut = frame.select(col("id"), functions.chunk(sketch, ROWS).alias("value"), lit(list(range(BANDS))).alias("band"))
    bands = cut.explode("value", "band").select(col("id"), functions.hash(col("value"), seed=col("band")).alias("key"))
    shared = bands.groupby("key").agg(col("id").list_agg().alias("ids")).where("list_count(ids) > 1")
    lists = shared.to_arrow()["ids"].combine_chunks()
    ids, bounds = lists.values.to_numpy(), lists.offsets.to_numpy()
    return clusters(frame.count_rows(), np.repeat(ids[bounds[:-1]], np.diff(bounds)), ids)


def _numbered() -> list[tuple[int, int]]:
    return [(at, factor * _STEP & ((1 << 63) - 1) | 1) for at, factor in enumerate(_FACTORS)]
