"""From a parquet file to a parquet file: whole programs, start-up, reading and writing included.

Run as `python -m deduplication.files WHO IN OUT` it is one of the programs: those of the engines for tables.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from deduplication import frames

_BENCHMARKS = Path(__file__).parents[1]


class Program(NamedTuple):
    """A program that deduplicates a file.

    Attributes:
        command: its command line but for the interpreter, with {into} and {out} in it.
        package: what has to be installed, by the name it is imported by; "" for ours.
        largest: the most texts it is given.
        same_measure: whether it goes by word 3-grams alone.
    """

    command: str
    package: str
    largest: int = 1_000_000
    same_measure: bool = True

    def competes(self, name: str, count: int) -> bool:
        """Return whether it takes part in the contest on a corpus, of that name and size."""
        fits = count <= self.largest and name not in {"twins", "novel"}
        return fits and (not self.package or find_spec(self.package) is not None)


PROGRAMS = {
    "curator dedup": Program(
        "-m ui.cli.main dedup {into} --column text --shingles words --no-guard --out {out}.parquet", ""
    ),
    "curator dedup, defaults": Program(
        "-m ui.cli.main dedup {into} --column text --out {out}.parquet", "", same_measure=False
    ),
    "Polars": Program("-m deduplication.files polars {into} {out}.parquet", "polars"),
    "DuckDB": Program("-m deduplication.files duckdb {into} {out}.parquet", "duckdb"),
    "Daft": Program("-m deduplication.files daft {into} {out}", "daft"),
    "text-dedup": Program(
        "-m text_dedup.minhash --path parquet --data_files {into} --split train --cache_dir {out}-cache --output {out}"
        " --column text --ngram 3 --min_length 1 --num_perm 128 --threshold 0.8 --b 16 --r 8 --num_proc 1",
        "text_dedup",
        largest=10_000,
    ),
}


def run(who: str, into: Path, out: Path) -> None:
    """Run a program and print what it took, as JSON.

    Args:
        who: the program.
        into: the parquet file.
        out: where the rows go that stay: a folder, or a file with an ending that is added.

    Raises:
        SystemExit: it failed; its last words are printed.
    """
    words = PROGRAMS[who].command.format(into=into, out=out).split(" ")
    paths = os.pathsep.join([str(_BENCHMARKS), str(_BENCHMARKS.parent)])
    began_s = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, *words],
        env={**os.environ, "PYTHONPATH": paths, "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )
    wall_s = time.perf_counter() - began_s
    if ended.returncode:
        raise SystemExit(ended.stderr.strip() or ended.stdout.strip())
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    # A child's peak begins at what this process held when it was started, which is little.
    figures = {"cpu_s": used.ru_utime + used.ru_stime, "wall_s": wall_s, "extra_mb": used.ru_maxrss / 1024}
    print(json.dumps({**figures, "peak_mb": used.ru_maxrss / 1024}))


def dropped(out: Path, count: int) -> npt.NDArray[np.bool_]:
    """Return which texts are missing in what a program wrote.

    Args:
        out: as for `run`.
        count: how many texts there were.

    Returns:
        True for those that are not there. Shape: (count,).
    """
    import pyarrow.parquet as pq

    missing = np.ones(count, dtype=np.bool_)
    if (out / "dataset_info.json").exists():
        from datasets import load_from_disk

        missing[np.array(load_from_disk(str(out))["id"])] = False
    else:
        file = out.with_name(out.name + ".parquet")
        missing[pq.read_table(file if file.exists() else out, columns=["id"])["id"].to_numpy()] = False
    return missing


def _polars(into: str, out: str) -> None:
    import polars as pl

    frame = pl.read_parquet(into)
    frame.filter(pl.Series(frames.polars(frame) == np.arange(len(frame)))).write_parquet(out)


def _duckdb(into: str, out: str) -> None:
    import duckdb

    connection = duckdb.connect()
    connection.execute("create table texts as from read_parquet($1)", [into])
    found: Any = connection.execute("select count(*) from texts").fetchone()
    kept = np.flatnonzero(frames.duckdb((connection, found[0])) == np.arange(found[0]))
    connection.register("kept", {"id": kept})
    connection.table("texts").join(connection.table("kept"), "id", how="semi").write_parquet(out)


def _daft(into: str, out: str) -> None:
    import daft

    frame = daft.read_parquet(into)
    roots = frames.daft(frame)
    kept = daft.from_pydict({"id": np.flatnonzero(roots == np.arange(len(roots)))})
    frame.join(kept, on="id", how="semi").write_parquet(out)


if __name__ == "__main__":
    SCRIPTS: dict[str, Callable[[str, str], None]] = {"polars": _polars, "duckdb": _duckdb, "daft": _daft}
    SCRIPTS[sys.argv[1]](sys.argv[2], sys.argv[3])
