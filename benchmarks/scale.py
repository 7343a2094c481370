"""The engine for many machines: CPU seconds, memory and time from 10,000 to a million texts, here or on a Ray cluster.

    python benchmarks/scale.py [--sizes 10k 100k 1m] [--guard] [--ray ADDRESS]

The texts are those of benchmarks/dedup.py: 52 words on average, a fifth near-duplicates, a twentieth copies. Each run
is a process of its own, from a file of Parquet to the folders of rows that stay and go, with all imports. CPU seconds
are of that process and of those that it starts, memory is of that process alone: what the workers of a cluster take is
in neither. What goes must be what the embedded engine says, for all sizes up to 100,000; else the status is 1.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from deduplication.corpus import SIZES, corpus_of

MOST_COMPARED = 100_000
"""Beyond this, comparing with the embedded engine takes longer than what is measured."""

RUN = """
import json, os, sys, time
from pathlib import Path
began_s = time.perf_counter()
from curator.dedup.scale.engine import deduplicate
asked = json.loads(sys.argv[1])
report = deduplicate([asked.pop("file")], asked.pop("out"), text="text", **asked)
taken_s = time.perf_counter() - began_s
peak_kb = next(int(line.split()[1]) for line in Path("/proc/self/status").open() if line.startswith("VmHWM"))
print(json.dumps({**report._asdict(), "wall_s": taken_s, "cpu_s": sum(os.times()[:4]), "rss_mb": peak_kb / 1024}))
"""


def measured(file: Path, folder: Path, guard: bool, ray: str) -> dict[str, Any]:
    """Deduplicate a file in a process of its own.

    Args:
        file: the file.
        folder: where to write.
        guard: whether facts keep texts apart.
        ray: the cluster's address, or "".

    Returns:
        The report, and what it took.
    """
    asked = {"file": file, "out": folder / "kept", "dropped": folder / "dropped", "ray": ray, "guard": guard}
    command = [sys.executable, "-c", RUN, json.dumps(asked, default=str)]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return found


def same_as_embedded(file: Path, dropped: Path, guard: bool) -> bool:
    """Return whether the rows that went are those that the embedded engine drops, for the same rows."""
    import numpy as np
    from pyarrow import parquet

    from curator.dedup.equal import chosen_texts, equal_texts
    from curator.dedup.near import near_duplicates
    from curator.dedup.texts import Texts

    texts = Texts.from_arrow(parquet.read_table(file, columns=["text"])["text"])
    equal = equal_texts(texts)
    left = np.setdiff1d(np.arange(len(texts)), list(equal))
    near = near_duplicates(chosen_texts(texts, left), guard=guard)
    wanted = {int(left[at]): int(left[twin.of]) for at, twin in near.items()}
    wanted |= {at: wanted.get(of, of) for at, of in equal.items()}
    table = parquet.read_table(dropped, columns=["id", "duplicate_row"])
    places = {name: place for place, name in enumerate(parquet.read_table(file, columns=["id"])["id"].to_pylist())}
    rows = zip(table["id"].to_pylist(), table["duplicate_row"].to_pylist(), strict=True)
    return {places[name]: row - 1 for name, row in rows} == wanted


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=["10k", "100k", "1m"])
    parser.add_argument("--guard", action="store_true")
    parser.add_argument("--ray", default="")
    asked = parser.parse_args()
    print("| texts | CPU s | s | peak RSS MB | exact | near | kept |\n|---|---|---|---|---|---|---|")
    for size in asked.sizes:
        file = corpus_of(size).folder / "texts.parquet"
        with TemporaryDirectory() as folder:
            found = measured(file, Path(folder), asked.guard, asked.ray)
            if found["rows"] <= MOST_COMPARED and not same_as_embedded(file, Path(folder) / "dropped", asked.guard):
                raise SystemExit(f"{size}: the embedded engine drops other rows")
        took = f"{found['cpu_s']:.1f} | {found['wall_s']:.1f} | {found['rss_mb']:,.0f}"
        print(
            f"| {found['rows']:,} | {took} | {found['exact']:,} | {found['near']:,} | {found['kept']:,} |", flush=True
        )


if __name__ == "__main__":
    main()
