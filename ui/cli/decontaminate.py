"""`curator decontaminate`: leave rows out of a dataset file that give away a benchmark's items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ui.cli.options import AsJson
from ui.cli.output import counted, percent, print_json, print_table, say, tell
from ui.cli.row_files import Column, Compared, Dropped, File, Kept, OfFormat, showing_rows, tell_problems, text_chosen

if TYPE_CHECKING:
    from curator.contamination import Report

_ALL_RULES = "any"
"""What the line of a benchmark is called that counts the finds of all rules, each item and row once."""


Against = Annotated[
    list[str],
    typer.Option(
        "--against", "-a", metavar="BENCHMARK", help="A file, or ORG/NAME[:SPLIT] on the Hub; may be repeated."
    ),
]
Rule = Annotated[
    list[str] | None,
    typer.Option(metavar="RULE", help="ngram-13, ngram-8, matched (these unless said), embedding; may be repeated."),
]
OfItem = Annotated[
    Literal["instruction", "response", "both"],
    typer.Option(help="What of an item is looked for; of both, each by itself."),
]
ItemColumn = Annotated[
    list[str] | None,
    typer.Option("--benchmark-column", metavar="NAME", help="Where an item's question is; a second time, its answer."),
]


def command(
    file: File,
    against: Against,
    out: Kept,
    dropped: Dropped = "",
    rule: Rule = None,
    field: Compared = None,
    column: Column = "",
    format: OfFormat = "",
    benchmark_field: OfItem = "both",
    benchmark_column: ItemColumn = None,
    as_json: AsJson = False,
) -> None:
    """Leave out rows in which items of a benchmark stand, so that it still measures something after training.

    The rows that stay are the same rows, with all their columns.

    Example: curator decontaminate train.jsonl --against gsm8k-test.jsonl --out clean.jsonl
    """
    from curator.formats.row_filter import refuse_overwriting, write_filtered
    from curator.formats.row_reading import read_through
    from curator.formats.row_source import open_rows
    from ui.cli.contaminated import COLUMNS, Search, chosen_rules, opened_benchmarks

    rules = chosen_rules(rule or ())
    source = open_rows(file)
    text = text_chosen(source, format, field, column)
    refuse_overwriting(file, out, dropped)
    benchmarks = opened_benchmarks(against, benchmark_column or [], benchmark_field, say)
    search = Search(benchmarks, rules)
    with showing_rows() as show:
        reading = read_through(source, text, on_rows=lambda rows: show("read", rows))
        going, report = search.going(source, text, reading, lambda rows: show("searched", rows))
        write_filtered(source, reading, going, COLUMNS, out, dropped, lambda rows: show("written", rows))
    tell_problems(reading, dropped)
    kept = len(reading.numbers) - len(going) - len(reading.unreadable)
    if as_json:
        counts = {"kept": kept, "unreadable": len(reading.unreadable), "without_text": reading.without_text}
        print_json({"file": file, "out": out, "dropped": dropped, **counts, "report": report})
        return
    _tell(report)
    where = f"; the others are in {dropped}" if dropped else ""
    tell(f"Kept {kept:,} of {counted(len(reading.numbers), 'row')}, in {out}{where}.")


def _tell(report: Report) -> None:
    rows = []
    for found in report.benchmarks:
        counts = [(_ALL_RULES, found.items_hit, found.records_hit)]
        if len(found.rules) > 1:
            counts += [(each.rule, each.items, each.records) for each in found.rules]
        elif found.rules:
            counts = [(found.rules[0].rule, found.items_hit, found.records_hit)]
        for number, (rule, items, records) in enumerate(counts):
            shares = _share(items, found.items), _share(records, report.records)
            rows.append((found.name if not number else "", rule, f"{items:,}", shares[0], f"{records:,}", shares[1]))
        for note in found.notes():
            say(note)
    print_table(
        ("benchmark", "rule", "items hit", "share of items", "rows hit", "share of rows"),
        rows,
        right=("items hit", "share of items", "rows hit", "share of rows"),
    )
    tell()


def _share(count: int, of: int) -> str:
    share = count / of if of else None
    return f"{100 * share:.2g}%" if share is not None and 0 < share < 0.1 else percent(share)
