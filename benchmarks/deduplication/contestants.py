"""Who competes, what each is given, and what its answer says."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from deduplication import frames, ours, peers
from deduplication.corpus import THRESHOLD, Corpus, Truth

Gives = Literal["clusters", "dropped", "flags"]
"""What an answer says of a text: the smallest number in its cluster, whether to drop it, or whether it is like any."""

OURS = "curator"
"""The contestant that the others are compared with."""

_EDGE = 0.82


class Contestant(NamedTuple):
    """One way to find near-duplicates.

    Attributes:
        run: finds them, in what `given` returns.
        given: gets a corpus ready: what is done here is not measured.
        gives: what the answer says.
        package: what has to be installed, by the name it is imported by; "" for ours.
        largest: the most texts it is given; larger sets would take minutes.
        twins: whether it can be given tens of thousands of texts that are all alike.
        novel: whether its idea of a word is ours, punctuation and all.
        same_measure: whether it goes by word 3-grams alone, so that the truth is a truth for it.
    """

    run: Callable[[Any], Any]
    given: Callable[[Corpus], Any]
    gives: Gives = "clusters"
    package: str = ""
    largest: int = 1_000_000
    twins: bool = True
    novel: bool = False
    same_measure: bool = True

    def competes(self, name: str, count: int) -> bool:
        """Return whether it takes part in the contest on a corpus, of that name and size."""
        fits = count <= self.largest and (self.twins or name != "twins") and (self.novel or name != "novel")
        return fits and (not self.package or find_spec(self.package) is not None)


def lines(corpus: Corpus) -> list[str]:
    """Return the texts as Python's strings."""
    with (corpus.folder / "texts.txt").open(encoding="utf-8", newline="\n") as file:
        return [line.removesuffix("\n") for line in file]


def column(corpus: Corpus) -> Any:
    """Return the texts as our column over the buffers of Arrow."""
    import pyarrow.parquet as pq

    from curator.dedup.texts import Texts

    return Texts.from_arrow(pq.read_table(_parquet(corpus), columns=["text"])["text"])


def shingles(corpus: Corpus) -> Any:
    """Return the texts' word 3-grams, hashed by us."""
    from curator.dedup.near import engine_of

    return engine_of("auto").shingled(column(corpus), "words", THRESHOLD).words


def in_polars(corpus: Corpus) -> Any:
    """Return the texts as a table of Polars."""
    import polars as pl

    return pl.read_parquet(_parquet(corpus))


def in_duckdb(corpus: Corpus) -> Any:
    """Return a connection to DuckDB that has the texts, and their number."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("create table texts as from read_parquet($1)", [str(_parquet(corpus))])
    return connection, corpus.size


def in_daft(corpus: Corpus) -> Any:
    """Return the texts as a table of Daft."""
    import daft

    return daft.read_parquet(str(_parquet(corpus))).collect()


CONTESTANTS = {
    OURS: Contestant(ours.near, lines, novel=True),
    "curator, given Arrow": Contestant(ours.near, column, novel=True),
    "curator, exact join": Contestant(ours.exact, lines, novel=True),
    "curator, defaults": Contestant(ours.as_it_comes, lines, novel=True, same_measure=False),
    "curator without compiler": Contestant(ours.portable, lines, largest=100_000, novel=True, twins=False),
    "rensa": Contestant(peers.rensa, lines, "dropped", "rensa"),
    "rensa, given our shingles": Contestant(peers.rensa_given, shingles, "dropped", "rensa"),
    "rensa, given our shingles, flags only": Contestant(peers.rensa_flags, shingles, "flags", "rensa"),
    "FastSketchLSH": Contestant(peers.fast_sketch, lines, package="FastSketchLSH", twins=False),
    "FastSketchLSH, flags only": Contestant(peers.fast_sketch_flags, lines, "flags", "FastSketchLSH"),
    "Daft": Contestant(frames.daft, in_daft, package="daft"),
    "DuckDB": Contestant(frames.duckdb, in_duckdb, package="duckdb"),
    "Polars": Contestant(frames.polars, in_polars, package="polars"),
    "gaoya": Contestant(peers.gaoya, lines, package="gaoya", largest=100_000, twins=False),
    "datasketch": Contestant(peers.datasketch, lines, package="datasketch", largest=100_000, twins=False),
}


class Judged(NamedTuple):
    """How good an answer is.

    Attributes:
        recall: the share dropped of the texts that are to be dropped: all but one of each cluster, whichever stays. If
            the answer is flags: the share flagged of those that are like any.
        precision: the share of those among all that were dropped, or flagged.
        pairs: the share of the alike pairs that were found: in one cluster, not both kept, or both flagged.
        edge_pairs: the same among the pairs at 0.80 to 0.82.
    """

    recall: float
    precision: float
    pairs: float
    edge_pairs: float


def answer(found: Any, count: int) -> npt.NDArray[Any]:
    """Return an answer as an array; ours names only what to drop, and what it repeats."""
    if not isinstance(found, dict):
        return np.asarray(found)
    roots = np.arange(count, dtype=np.int64)
    for text, duplicate in found.items():
        roots[text] = duplicate.of
    return roots


def judged(found: npt.NDArray[Any], gives: Gives, truth: Truth) -> Judged:
    """Compare an answer with the truth.

    Args:
        found: the answer, see `answer`.
        gives: what it says.
        truth: what is alike.

    Returns:
        The shares.
    """
    numbers, left, right = np.arange(len(found)), truth.left, truth.right
    if gives == "clusters":
        chosen, hit = found != numbers, found[left] == found[right]
    else:
        chosen, hit = found, found[left] & found[right] if gives == "flags" else found[left] | found[right]
    wanted = np.bincount(truth.roots, minlength=len(found))
    if gives != "flags":
        wanted = np.maximum(wanted - 1, 0)
    else:
        wanted[wanted == 1] = 0
    right_ones = int(np.minimum(np.bincount(truth.roots[chosen], minlength=len(found)), wanted).sum())
    edge = truth.similarity < _EDGE
    return Judged(
        right_ones / max(int(wanted.sum()), 1),
        right_ones / max(int(chosen.sum()), 1),
        float(hit.mean()) if len(hit) else 1.0,
        float(hit[edge].mean()) if edge.any() else 1.0,
    )


def _parquet(corpus: Corpus) -> Path:
    return corpus.folder / "texts.parquet"
