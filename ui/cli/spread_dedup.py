"""`curator dedup --engine daft`: the same for files that are larger than memory, or than a machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from curator.errors import RecipeError
from curator.formats.batch_text import BatchText
from curator.formats.row_filter import refuse_overwriting
from curator.formats.row_source import open_rows
from ui.cli.duplicates import NEAR_THRESHOLD, Choice
from ui.cli.row_files import showing_rows, text_chosen

if TYPE_CHECKING:
    from curator.dedup.scale.row_text import TextOf
    from curator.text.fields import Field


def spread(
    file: str, out: str, dropped: str, choice: Choice, what: tuple[str, Field | None, str], keep_best: str, ray: str
) -> dict[str, int]:
    """Deduplicate files with Daft.

    Args:
        file: a file, a folder, a pattern, or an address.
        out: the folder for the rows that stay.
        dropped: the folder for the others; "" for none.
        choice: how duplicates are told.
        what: format, field and column, as `text_chosen` takes them.
        keep_best: the column of numbers whose highest stays; "" for the first row.
        ray: the address of a Ray cluster; "" for this machine.

    Returns:
        The counts that `ui.cli.duplicates.summary` gives.
    """
    from curator.dedup.scale.engine import deduplicate

    text = _text(file, *what)
    refuse_overwriting(file, out, dropped, folders=True)
    with showing_rows() as show:
        report = deduplicate(
            [file],
            out,
            text=text,
            dropped=dropped,
            threshold=NEAR_THRESHOLD if choice.threshold is None else choice.threshold,
            shingles=choice.shingles,
            guard=choice.guard,
            keep_best=keep_best,
            ray=ray,
            progress=lambda step: show(step, 0),
        )
    return {
        "rows": report.rows,
        "exact_duplicates": report.exact,
        "near_duplicates": report.near,
        "semantic_duplicates": 0,
        "unreadable": 0,
        "kept": report.kept,
        "without_text": report.blank,
        "clusters": report.clusters,
        "largest_cluster": report.largest_cluster,
    }


def _text(file: str, format: str, field: Field | None, column: str) -> str | TextOf:
    """Return what is compared, as the first file tells; of files elsewhere, the options have to say it."""
    from curator.dedup.scale.splits import found_files
    from curator.registry import formats

    if "://" not in file:
        first = Path(found_files([file])[0])
        return text_chosen(open_rows(first), format, field, column)
    if column:
        return column
    if not format:
        raise RecipeError(
            f"{file}: say with --format or --column what the rows hold; files elsewhere are not looked into"
        )
    return BatchText(formats.load(format)(), field or "dialogue")
