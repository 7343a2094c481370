"""`curator dedup`: leave repetitions out of a dataset file, without a recipe."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from curator.dedup.choices import Shingles
from curator.errors import RecipeError
from curator.text.fields import Field
from ui.cli.options import AsJson
from ui.cli.output import counted, print_json, tell
from ui.cli.row_files import (
    Column,
    Compared,
    Dropped,
    File,
    Kept,
    OfFormat,
    is_folder_of_files,
    showing_rows,
    tell_problems,
    text_chosen,
)

if TYPE_CHECKING:
    from ui.cli.duplicates import Choice


Method = Annotated[
    Literal["near", "exact", "semantic"],
    typer.Option(help="MinHash; all pairs, none missed; or MinHash, then the meaning by embeddings."),
]
Threshold = Annotated[
    float | None,
    typer.Option(
        min=0.3,
        max=1.0,
        metavar="X",
        help="Least similarity: 0.8 unless said, 0.92 of meanings; 1: equal but for case, blanks, typography.",
    ),
]
By = Annotated[
    Shingles, typer.Option(help="Compare runs of 3 words or of 5 characters; auto: characters of short texts.")
]
NoGuard = Annotated[bool, typer.Option("--no-guard", help="Join texts too whose numbers or names differ.")]
KeepBest = Annotated[
    str, typer.Option("--keep-best", metavar="NAME", help="Keep who has most in this column, or of this score.")
]
Engine = Annotated[
    Literal["auto", "kernel", "datasketch", "daft"],
    typer.Option(help="Who compares; daft: files beyond memory; --out and --dropped are then new folders."),
]
Ray = Annotated[str, typer.Option("--ray", metavar="ADDRESS", help="With daft: the Ray cluster, as HOST:PORT.")]


def command(
    file: File,
    out: Kept,
    dropped: Dropped = "",
    field: Compared = None,
    column: Column = "",
    format: OfFormat = "",
    method: Method = "near",
    threshold: Threshold = None,
    shingles: By = "auto",
    no_guard: NoGuard = False,
    keep_best: KeepBest = "",
    engine: Engine = "auto",
    ray: Ray = "",
    as_json: AsJson = False,
) -> None:
    """Leave out rows that repeat others: the same text first, then nearly the same one.

    The rows that stay are the same rows, with all their columns. Of alike rows the first stays, or the best.

    Example: curator dedup train.jsonl --out clean.jsonl --dropped dropped.jsonl
    """
    from ui.cli.duplicates import Choice
    from ui.cli.spread_dedup import spread

    if ray and engine != "daft":
        raise RecipeError("--ray is where --engine daft works; add --engine daft")
    started_s = time.monotonic()
    what = (format, field, column)
    if engine == "daft":
        if method != "near":
            raise RecipeError(f"--method {method} is not for --engine daft, which finds near-duplicates only")
        choice = Choice("near", threshold, shingles, not no_guard)
        counts = spread(file, out, dropped, choice, what, keep_best, ray)
    else:
        counts = _deduplicated(
            file, out, dropped, Choice(method, threshold, shingles, not no_guard, engine), what, keep_best
        )
    if as_json:
        print_json({"file": file, "out": out, "dropped": dropped, **counts, "seconds": time.monotonic() - started_s})
        return
    _tell(counts, out, dropped, time.monotonic() - started_s)


def _deduplicated(
    file: str, out: str, dropped: str, choice: Choice, what: tuple[str, Field | None, str], keep_best: str
) -> dict[str, int]:
    from curator.dedup.texts import Texts
    from curator.formats.row_filter import refuse_overwriting, write_filtered
    from curator.formats.row_reading import read_through
    from curator.formats.row_source import open_rows
    from ui.cli.duplicates import COLUMNS, described, find_duplicates, ranked, summary

    if is_folder_of_files(file):
        raise RecipeError(f"{file} is a folder of files, which --engine daft reads; add that, or name one file")
    source = open_rows(file)
    text = text_chosen(source, *what)
    refuse_overwriting(file, out, dropped)
    with showing_rows() as show:
        reading = read_through(
            source, text, rank=keep_best, names=bool(dropped), on_rows=lambda rows: show("read", rows)
        )
        found = find_duplicates(reading.texts, choice, ranked(reading), lambda doing: show(doing, 0))
        reading = reading._replace(texts=Texts.of(()))  # their memory is wanted for something else
        going = described(reading, found.gone)
        write_filtered(source, reading, going, COLUMNS, out, dropped, lambda rows: show("written", rows))
    tell_problems(reading, dropped)
    return summary(reading, found)


def _tell(counts: dict[str, int], out: str, dropped: str, taken_s: float) -> None:
    where = f"; the others are in {dropped}" if dropped else ""
    tell(f"Kept {counts['kept']:,} of {counted(counts['rows'], 'row')}, in {out}{where}.")
    for kind, what in (("exact", "the same text"), ("near", "nearly the same text"), ("semantic", "the same meaning")):
        if found := counts[f"{kind}_duplicates"]:
            tell(f"  {found:>9,}  {kind} duplicates ({what})")
    if counts["clusters"]:
        largest = counts["largest_cluster"]
        tell(f"{counted(counts['clusters'], 'cluster')} of alike rows; the largest has {largest:,}. {taken_s:.1f} s.")
    else:
        tell(f"No row repeats another. {taken_s:.1f} s.")
    if crowded := counts.get("crowded"):
        tell(
            f"{counted(crowded, 'row')} of families too large to be compared completely: "
            "some may be left that repeat others; --method exact misses none."
        )
