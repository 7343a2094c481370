"""Every creation method on the handbook with the embedded model: what it makes, keeps and takes.

    python benchmarks/methods.py [METHOD ...] [-n 10] [--write]

Each method is run as a new user would, `curator generate METHOD INPUT -n N`, with its own checks, until N records are
accepted or five times as many candidates were made. Results rest in benchmarks/methods.json, so that single methods can
be measured again; `--write` puts the table of all of them into docs/methods/index.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from curator.stage import Transformer
from ui.cli.method_help import makers

ROOT = Path(__file__).parents[1]
HANDBOOK = ROOT / "examples" / "handbook"
PAGE = ROOT / "docs" / "methods" / "index.md"
RESULTS = ROOT / "benchmarks" / "methods.json"
BEGIN, END = "<!-- measured: benchmarks/methods.py --write -->", "<!-- end -->"

FILES = {
    "alpaca": "seeds.jsonl",
    "code-instruct": "code",
    "self-instruct": "seeds.jsonl",
    "taxonomy": "taxonomy/qna.yaml",
    "templates": "templates/handbook.yaml",
    "tool-use": "tools.json",
}
"""What the methods that read a file of their own are given."""

SETTINGS = {
    "backtranslation": ("keep=0",),
    "dialogue": ("turns=1", "answer_tokens=200"),
    "preference": ("by=reference",),
    "respond": ("all=true",),
}
"""Options that the handbook asks for: its seeds have answers, and a model this small cannot rate any."""


LEFT_OUT = frozenset({"decontextualize"})
"""It mends questions that lean on their passage, and the handbook's seeds do not."""


class Measured(NamedTuple):
    """What one method did.

    Attributes:
        method: its name.
        given: what it was given.
        made: its candidates, dropped ones included.
        kept: those accepted.
        replies: answers of the model.
        tokens: tokens sent and received.
        seconds: wall time, start of the engine included.
        dropped: the commonest reasons, as text.
        wanted: how many records were to be accepted.
        month: when it was measured.
    """

    method: str
    given: str
    made: int
    kept: int
    replies: int
    tokens: int
    seconds: float
    dropped: str
    wanted: int
    month: str


def measure(method: str, kind: type[Any], wanted: int, folder: Path) -> Measured:
    """Run one method in a process of its own.

    Args:
        method: its registered name.
        kind: its class.
        wanted: how many records it is to have accepted.
        folder: where it may write.

    Returns:
        What it did.

    Raises:
        SystemExit: the command failed; its words are printed.
    """
    given = inputs(method, kind)
    out = folder / f"{method}.jsonl"
    paths = [str(HANDBOOK / name) for name in given]
    command = [sys.executable, "-m", "ui.cli.main", "generate", method, *paths, "-n", str(wanted), "--json"]
    options = [part for setting in SETTINGS.get(method, ()) for part in ("--set", setting)]
    settings = [*options, "--out", str(out), "--set", "model.provider=local", "--set", "model.max_tokens=200"]
    began = time.perf_counter()
    ended = subprocess.run([*command, *settings], capture_output=True, text=True, check=False, cwd=folder)
    seconds = time.perf_counter() - began
    if not ended.stdout.startswith("{"):
        sys.exit(f"{method}: {ended.stderr.strip()}")
    data = json.loads(ended.stdout)
    made = next(row["made"] for row in data["funnel"] if row["stage"] == method)
    reasons: dict[str, int] = {}
    for row in data["funnel"]:
        for reason, count in row["dropped"].items():
            reasons[reason] = reasons.get(reason, 0) + count
    commonest = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))[:3]
    kept = len(out.read_text(encoding="utf-8").splitlines()) if out.exists() else 0  # no file where none was accepted
    cost = data["cost"]
    return Measured(
        method,
        " ".join(given) or "nothing",
        made,
        kept,
        cost["requests"],
        cost["prompt_tokens"] + cost["completion_tokens"],
        round(seconds, 1),
        ", ".join(f"{reason} {count}" for reason, count in commonest),
        wanted,
        f"{date.today():%B %Y}",
    )


def inputs(method: str, kind: type[Any]) -> list[str]:
    """Return the handbook's files that a method is given, relative to the example."""
    if method in FILES:
        return [FILES[method]]
    if issubclass(kind, Transformer):
        return ["seeds.jsonl"]
    return [] if method == "magpie" else ["sources/handbook.md"]


def table(rows: list[Measured]) -> str:
    """Return the results as a Markdown table with its conditions."""
    months = sorted({row.month for row in rows})
    count = " or ".join(str(count) for count in sorted({row.wanted for row in rows}))
    settings = "; ".join(f"`{method}` {', '.join(f'`{one}`' for one in some)}" for method, some in SETTINGS.items())
    lines = [
        f"Embedded model (SmolLM2-135M-Instruct, 4 bits) on the handbook, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, {', '.join(months)}; `-n {count}`, the methods' own checks, "
        "at most five candidates for each record wanted. One run each: the shares are of this run, not estimates. "
        f"The machine had other work to do, so the seconds are upper bounds. Set besides: {settings}.",
        "",
        "| method | given | candidates | kept | share | replies | tokens | tokens per kept | seconds | dropped as |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        share = f"{row.kept / row.made:.0%}" if row.made else "–"
        each = f"{row.tokens / row.kept:,.0f}" if row.kept else "–"
        lines.append(
            f"| `{row.method}` | {row.given} | {row.made} | {row.kept} | {share} | {row.replies} | {row.tokens:,} "
            f"| {each} | {row.seconds:.0f} | {row.dropped} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure the methods named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("methods", nargs="*", metavar="METHOD")
    parser.add_argument("-n", type=int, default=10, dest="wanted")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    known = {name: kind for name, kind in makers().items() if name not in LEFT_OUT}
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        for method in arguments.methods or known:
            row = measure(method, known[method], arguments.wanted, Path(folder))
            print(*row, sep="  ", flush=True)
            results[method] = row._asdict()
            RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    result = table([Measured(**results[method]) for method in known if method in results])
    print(f"\n{result}")
    if arguments.write:
        page = PAGE.read_text(encoding="utf-8")
        before, rest = page.split(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{result}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
