"""The tables of the results, and what they must show."""

from __future__ import annotations

import math
import os
import platform
import re
from collections.abc import Iterator, Mapping
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from deduplication.contestants import CONTESTANTS, OURS, Contestant
from deduplication.corpus import ROOT
from deduplication.files import PROGRAMS, Program

PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- measured: benchmarks/dedup.py --write -->", "<!-- end -->"
PACKAGES = ("datasketch", "numpy", "rensa", "FastSketchLSH", "gaoya", "duckdb", "polars", "daft", "text-dedup")

SLOWER_AT_LEAST = {
    "rensa": 5.0,
    "rensa, given our shingles": 1.8,
    "FastSketchLSH": 8.0,
    "Daft": 2.5,
    "DuckDB": 3.0,
    "Polars": 3.0,
    "datasketch": 40.0,
}
"""How many times our CPU seconds each other contestant takes at least."""

_TWINS_S = 1.0
FIELDS = ("recall", "precision", "pairs", "edge_pairs")
_TITLES = {"twins": "50,000 template twins", "novel": "20,000 texts made of a novel's sentences"}

Rows = Mapping[str, Mapping[str, Any]]


def about() -> dict[str, Any]:
    """Return where and when, and what is installed."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "day": f"{date.today():%-d %B %Y}",
        "machine": f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "versions": versions,
    }


def tables(results: Mapping[str, Any]) -> str:
    """Return all results in Markdown.

    Args:
        results: for each corpus what it is and how each contestant did, as `benchmarks/dedup.json` keeps them.

    Returns:
        On which machine, with which versions; the tables of each corpus; and what they fall short of.
    """
    where = dict.fromkeys(_where(entry["about"]) for entry in results.values())
    short = [f"- {line}" for name, entry in results.items() for line in missed(name, entry)] or ["- nothing"]
    shown = ["\n".join(_table(name, entry)) for name, entry in results.items()]
    return "\n\n".join([*where, *shown, "Targets missed:", "\n".join(short)])


def write(text: str) -> None:
    """Put the tables into the page of benchmarks, between their marks."""
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END, 1)[1]}", encoding="utf-8")


def missed(name: str, entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the results of a corpus fall short of.

    Args:
        name: the corpus.
        entry: how each did there.

    Yields:
        A sentence each.
    """
    rows = entry["contestant"]
    if OURS not in rows or "error" in rows[OURS]:
        yield f"{name}: {OURS} did not finish"
        return
    ours = rows[OURS]
    for field, least in (("pairs", 0.99), ("edge_pairs", 0.97), ("precision", 1.0)):
        if ours[field] < least:
            yield f"{name}: {OURS} has {field} {ours[field]:.4f}, wanted {least}"
    if name not in {"twins", "novel"}:
        for who, times in SLOWER_AT_LEAST.items():
            if "cpu_s" in rows.get(who, {}) and rows[who]["cpu_s"] < times * ours["cpu_s"]:
                yield f"{name}: {who} takes {rows[who]['cpu_s'] / ours['cpu_s']:.1f} times as long, wanted {times}"
    if entry["size"] >= 100_000 and (speed := entry["size"] / rows["curator, given Arrow"]["cpu_s"]) < 250_000:
        yield f"{name}: {speed:,.0f} texts per CPU second, wanted 250,000"
    if name == "twins" and ours["cpu_s"] > _TWINS_S:
        yield f"{name}: {ours['cpu_s']:.1f} CPU seconds, wanted {_TWINS_S}: do buckets cost their square?"
    if entry["size"] >= 1_000_000 and ours["peak_mb"] > 1200:
        yield f"{name}: {ours['peak_mb']:.0f} MB, wanted 1200"


def _where(facts: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{package} {number}" for package, number in facts["versions"].items())
    return f"{facts['machine']}; {versions}."


def _table(name: str, entry: Mapping[str, Any]) -> Iterator[str]:
    title = _TITLES.get(name, f"{entry['size']:,} synthetic texts")
    counts = {row["rounds"] for kind in ("contestant", "program") for row in entry[kind].values() if "rounds" in row}
    rounds = " or ".join(map(str, sorted(counts)))
    yield f"**{title}**, {entry['characters'] / 1e6:.0f} MB; medians of {rounds}, {entry['about']['day']}."
    for rows, every, who, memory, ours in (
        (entry["contestant"], CONTESTANTS, "who", "extra MB", OURS),
        (entry["program"], PROGRAMS, "from parquet to parquet, whole programs", "peak MB", "curator dedup"),
    ):
        if rows:
            yield ""
            yield f"| {who} | CPU-s | × ours | {memory} | recall | precision | pairs | pairs .80–.82 |"
            yield "|---|---|---|---|---|---|---|---|"
            yield from _rows(rows, every, rows.get(ours, {}).get("cpu_s"))


def _rows(rows: Rows, every: Mapping[str, Contestant | Program], ours_s: float | None) -> Iterator[str]:
    for who, row in sorted(rows.items(), key=lambda item: item[1].get("cpu_s", float("inf"))):
        if "error" in row:
            yield f"| {who} | {row['error']} | | | | | | |"
            continue
        times = f"{row['cpu_s'] / ours_s:.1f}" if ours_s else ""
        known = every[who].same_measure
        shares = " | ".join(_share(row[field]) if known else "–" for field in FIELDS)
        yield f"| {who} | {_seconds(row['cpu_s'])} | {times} | {max(row['extra_mb'], 0):.0f} | {shares} |"


def _share(share: float) -> str:
    """Return a share with three digits, rounded down: what is not whole does not look whole."""
    return f"{math.floor(share * 1000) / 1000:.3f}".removeprefix("0") if share < 1 else "1"


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}" if seconds < 1 else f"{seconds:.2f}"


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*:\s*(.+)", path.read_text(encoding="utf-8")) if path.exists() else None
    return found[1] if found else platform.processor()
