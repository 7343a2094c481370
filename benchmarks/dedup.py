"""Near-duplicates: CPU seconds, memory, recall and precision, ours and others', on the same texts.

    python benchmarks/dedup.py [--sizes 10k 100k 1m twins novel] [--rounds 3] [--only NAME ...] [--write]

All look for texts with a Jaccard similarity of 0.8 and more over word 3-grams. Each run is a process of its own: it
imports, works on a thousand texts to warm up, reads the texts in the form that suits the contestant, and only then is
measured, over all threads. Rounds alternate between the contestants; the median of each counts. What is alike is known
from an exact join that finds pairs as no contestant does. Whole programs, from a parquet file to a parquet file, are
measured with all that they do. Who is not installed is left out: `pip install -e '.[bench]'` installs everyone but
text-dedup, which holds back other packages and wants an environment of its own.

Texts and truth are kept under `.cache/dedup-benchmark`, the results in benchmarks/dedup.json, so that a contestant can
be measured again by itself; `--write` puts all tables into docs/benchmarks.md. The status is 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from deduplication.contestants import CONTESTANTS  # noqa: E402
from deduplication.corpus import SIZES, corpus_of  # noqa: E402
from deduplication.files import PROGRAMS, run  # noqa: E402
from deduplication.measure import SMALL, Kind, Measured, contest, in_a_process  # noqa: E402
from deduplication.report import about, missed, tables, write  # noqa: E402

RESULTS = ROOT / "benchmarks" / "dedup.json"
CORPORA = (*SIZES, "twins", "novel")
KINDS: Mapping[Kind, Mapping[str, Any]] = {"contestant": CONTESTANTS, "program": PROGRAMS}


def compare(name: str, only: list[str], rounds: int) -> dict[str, Any]:
    """Measure all that can take part on a corpus.

    Args:
        name: the corpus.
        only: whom to measure; everyone if empty.
        rounds: how often each is measured.

    Returns:
        What the corpus is; for each contestant and program its medians, or what went wrong.
    """
    corpus_of(SMALL)
    corpus = corpus_of(name)
    chosen = [
        (kind, who)
        for kind, all_of_them in KINDS.items()
        for who, each in all_of_them.items()
        if each.competes(name, corpus.size) and (who in only or not only)
    ]
    runs: dict[tuple[Kind, str], list[Measured]] = {each: [] for each in chosen}
    rows: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    for _, (kind, who) in itertools.product(range(rounds), chosen):
        measured = in_a_process(Path(__file__), kind, who, name)
        print(f"  {name}  {who}  {measured}", file=sys.stderr, flush=True)
        if isinstance(measured, Measured):
            runs[kind, who].append(measured)
        rows[kind][who] = _median(runs[kind, who]) if runs[kind, who] else {"error": measured}
    return {"size": corpus.size, "characters": corpus.characters, "about": about(), **rows}


def _over(before: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    """Return new results with the old ones of those who were not measured again."""
    rows: dict[str, Any] = {kind: {**before[kind], **entry[kind]} for kind in KINDS}
    versions = {**before["about"]["versions"], **entry["about"]["versions"]}
    return {**entry, **rows, "about": {**entry["about"], "versions": versions}}


def _median(runs: list[Measured]) -> dict[str, float]:
    medians = {field: round(statistics.median(getattr(run, field) for run in runs), 5) for field in Measured._fields}
    return {**medians, "rounds": len(runs)}


def main() -> int:
    """Read the command line, measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", choices=CORPORA, default=["10k"])
    parser.add_argument("--rounds", type=int, default=3, help="0 shows what is kept")
    names = [*CONTESTANTS, *PROGRAMS]
    parser.add_argument("--only", nargs="+", choices=names, default=[], help="the others keep their results")
    parser.add_argument("--write", action="store_true", help="put all kept results into docs/benchmarks.md")
    commands = parser.add_subparsers(dest="command")
    for kind, all_of_them in KINDS.items():
        one = commands.add_parser(kind)
        one.add_argument("who", choices=all_of_them)
        one.add_argument("corpus", choices=CORPORA)
        one.add_argument("path", type=Path)
    options = parser.parse_args()
    if options.command == "contestant":
        contest(options.who, options.corpus, options.path)
        return 0
    if options.command == "program":
        run(options.who, corpus_of(options.corpus).folder / "texts.parquet", options.path)
        return 0
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    for name in options.sizes if options.rounds else ():
        entry = compare(name, options.only, options.rounds)
        kept[name] = _over(kept[name], entry) if name in kept else entry
        RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    print(tables({name: kept[name] for name in options.sizes}))
    if options.write:
        write(tables({name: kept[name] for name in CORPORA if name in kept}))
    return int(any(line for name in options.sizes for line in missed(name, kept[name])))


if __name__ == "__main__":
    sys.exit(main())
