"""Near-duplicates of files that are larger than a machine's memory, or than a machine: the same search, spread by Daft.

The search is that of `curator.dedup.near`, and finds the same clusters. What is spread is who meets whom:

1. Each split of the input is read and gives, for each of its texts, the keys of its bands. Keys are shuffled, and texts
   that share one are linked. The links make groups, between which there is none.
2. Whole groups are packed into cells. Texts are shuffled to their cells, and each cell is searched by the embedded
   engine as if it were all there is: whatever can resemble a text is in its cell.
3. With the guard, the words that are no names are looked for in all texts, and those texts that resemble another are
   searched again, cell by cell, with their facts known.
4. Each split is read once more and written as rows that stay and rows that go.

The process that directs this holds numbers only, never texts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from curator.dedup.choices import Shingles
from curator.dedup.scale import steps
from curator.dedup.scale.cluster import connect
from curator.dedup.scale.groups import Cells, Links, range_of
from curator.dedup.scale.parts import Leaving, free_folder, taken_back, written
from curator.dedup.scale.plan import Plan
from curator.dedup.scale.row_text import ColumnText, TextOf
from curator.dedup.scale.splits import Split, checked, cut, found_files, numbered, reachable
from curator.dedup.scale.verdicts import CROWDED, EXACT, SUSPECT, WORD, judged
from curator.errors import FormatError, RecipeError

if TYPE_CHECKING:
    import pyarrow as pa

Numbers = npt.NDArray[np.int64]
Progress = Callable[[str], None]
"""Is told, in a few words, which step begins."""

_RECORD_BYTES = 100
"""What a key takes while it is shuffled in this process: measured, with all copies."""

_TEXT_COPIES = 4
"""How often a text is held while it is shuffled to its cell and compared there: measured."""

_PART_KEYS = 1 << 19

_MANY_TEXTS = 20_000
"""With how many texts it pays to start processes for what Python does with them."""


class Report(NamedTuple):
    """What a run found.

    Attributes:
        rows: how many rows were read.
        blank: how many of them have no text, and stay.
        exact: how many went because another has the same text, but for case, white space and typography.
        near: how many went because another resembles them.
        kept: how many stayed.
        clusters: how many of those stand for others.
        largest_cluster: how many rows the largest cluster has.
        largest_group: how many texts were compared in one place because chains of proposals link them.
        crowded: how many texts lie in families too large to be compared completely.
        parts: how many files were written.
    """

    rows: int
    blank: int
    exact: int
    near: int
    kept: int
    clusters: int
    largest_cluster: int
    largest_group: int
    crowded: int
    parts: int


def deduplicate(
    files: Sequence[str | Path],
    out: str | Path,
    *,
    text: str | TextOf,
    dropped: str | Path = "",
    threshold: float = 0.8,
    shingles: Shingles = "auto",
    guard: bool = True,
    keep_best: str = "",
    ray: str = "",
    memory_gb: float = 4.0,
    progress: Progress | None = None,
) -> Report:
    """Write the rows of some files without their duplicates.

    Args:
        files: Parquet or JSON Lines: files, folders, patterns, or addresses as `s3://bucket/folder`.
        out: the folder of the rows that stay, new or empty: a part for each split of the input, in its order.
        text: the column that is compared, or what takes the text out of a table of rows.
        dropped: the folder of the rows that go, with the columns `curator.dedup.scale.parts.ADDED`; "" to write none.
        threshold: the smallest Jaccard similarity at which two texts are joined, above 0 and at most 1.
        shingles: what texts are compared by.
        guard: whether texts that state other numbers or other names always stay apart.
        keep_best: the column of numbers whose highest stays of each cluster; "" for the first row.
        ray: the address of a Ray cluster, `host:port` or `ray://host:port`; "" to run in this process.
        memory_gb: what the shuffles of this process may take, about; if they need more, they go in several rounds.
        progress: is told which step begins.

    Returns:
        What was found.

    Raises:
        RecipeError: an option is wrong.
        FormatError: a file cannot be read or written, or has no such column.
        CuratorError: Daft is not installed, or the cluster does not answer.
    """
    if not 0 < threshold <= 1:
        raise RecipeError(f"threshold {threshold}: a similarity is above 0 and at most 1")
    folders = [reachable(folder, ray) for folder in (out, dropped) if str(folder)]
    if len(folders) > len(set(folders)):
        raise RecipeError(f"{dropped}: the rows that stay are written there; name another folder for those that go")
    connect(ray)
    paths = found_files([reachable(file, ray) for file in files])
    source = ColumnText(text) if isinstance(text, str) else text
    search = steps.Search(source, threshold, shingles, guard, keep_best)
    checked(paths, source, keep_best)
    run = _Run(Plan(spread=bool(ray)), search, 0 if ray else memory_gb, progress or (lambda _step: None))
    splits = run.counted(cut(paths))
    if not splits:
        raise FormatError(f"{paths[0]}: has no row" if len(paths) == 1 else f"{paths[0]} and others: have no row")
    with ExitStack() as undo:
        for folder in folders:
            undo.callback(taken_back, folder, free_folder(folder))
        report = run.report(splits, *folders)
        undo.pop_all()
    return report


class _Run:
    """One run: its steps, in order."""

    def __init__(self, plan: Plan, search: steps.Search, memory_gb: float, progress: Progress) -> None:
        self._plan = plan
        self._search = search
        self._memory_bytes = memory_gb * 1e9
        self._progress = progress

    def report(self, splits: list[Split], out: str, dropped: str = "") -> Report:
        """Carry all out."""
        rows = sum(split.rows for split in splits)
        blank, cells = self._cells(splits, rows)
        if rows == blank:
            raise FormatError(f"{splits[0].path}: none of {rows} rows has a text to compare")
        verdicts = self._verdicts(splits, cells)
        crowded = verdicts["kind"].to_numpy() == CROWDED
        leaving = _leaving(verdicts.filter(~crowded))
        self._progress(f"writing {rows - len(leaving.numbers)} of {rows} rows")
        columns = [
            {"index": np.array([index]), **leaving.between(split.first, split.first + split.rows)._asdict()}
            for index, split in enumerate(splits)
        ]
        work = partial(written, kept=out, dropped=dropped)
        parts = sum(batch.num_rows for batch in self._over(splits, columns, work, "written"))
        exact = int(leaving.exact.sum())
        _stays, sizes = np.unique(leaving.of, return_counts=True)
        return Report(
            rows=rows,
            blank=blank,
            exact=exact,
            near=len(leaving.numbers) - exact,
            kept=rows - len(leaving.numbers),
            clusters=len(sizes),
            largest_cluster=int(sizes.max(initial=0)) + 1 if len(sizes) else 0,
            largest_group=cells.largest_group,
            crowded=int(crowded.sum()),
            parts=parts,
        )

    def counted(self, splits: list[Split]) -> list[Split]:
        """Number the rows; those of Parquet are counted in the files already."""
        rows = [split.rows for split in splits]
        if any(split.rows < 0 for split in splits):
            self._progress("counting rows")
            columns = [{"index": np.array([index])} for index in range(len(splits))]
            for batch in self._over(splits, columns, steps.counted, "counted"):
                for index, count in zip(batch["index"].to_pylist(), batch["rows"].to_pylist(), strict=True):
                    rows[index] = count
        return numbered(splits, rows)

    def _cells(self, splits: list[Split], rows: int) -> tuple[int, Cells]:
        """Return how many texts are blank, and which of the others have to be compared."""
        parts = 1 + rows // _PART_KEYS
        slices = self._rounds(rows * steps.most_keys(self._search.threshold) * _RECORD_BYTES)
        links, blank = Links(), 0
        for at in range(slices):
            self._progress(f"looking for similar texts among {rows} rows" + _of(at, slices))
            work = partial(steps.proposed, search=self._search, parts=parts, slices=(at, slices))
            records = self._plan.over_splits(splits, [{} for _split in splits], work, "proposed")
            for batch in self._plan.batches(self._plan.over_groups(records, "part", steps.linked, "linked")):
                left, right = (batch[name].to_numpy() for name in ("left", "right"))
                blank += int(left[right < 0].sum())
                links.add(left[right >= 0], right[right >= 0])
        return blank, Cells.of(*links.groups())

    def _verdicts(self, splits: list[Split], cells: Cells) -> pa.Table:
        """Return which rows go, and which texts are crowded."""
        found = self._judged(splits, cells, f"comparing {len(cells.numbers)} texts", None)
        exact = found.filter(found["kind"].to_numpy() == EXACT)
        if not self._search.guard:
            return found
        suspects = np.sort(found.filter(found["kind"].to_numpy() == SUSPECT)["number"].to_numpy())
        if not len(suspects):
            return exact
        wanted = frozenset(found.filter(found["kind"].to_numpy() == WORD)["word"].to_pylist())
        common = self._common(splits, np.sort(exact["number"].to_numpy()), wanted)
        again = self._judged(splits, cells.only(suspects), f"comparing the facts of {len(suspects)} texts", common)
        return _concatenated([exact, again], "judged")

    def _judged(self, splits: list[Split], cells: Cells, progress: str, common: frozenset[str] | None) -> pa.Table:
        text_bytes = sum(split.size_bytes for split in splits) / max(1, sum(split.rows for split in splits))
        slices = cells.slices(self._rounds(len(cells.numbers) * text_bytes * _TEXT_COPIES))
        found: list[Any] = []
        for at, some in enumerate(slices):
            self._progress(progress + _of(at, len(slices)))
            work = partial(steps.members, search=self._search, common=common)
            python = common is not None and len(some.numbers) > _MANY_TEXTS
            texts = self._plan.over_splits(*some.by_split(splits), work, "members", python=python)
            judge = partial(judged, search=self._search, again=common is not None)
            found += self._plan.batches(self._plan.over_groups(texts, "cell", judge, "judged"))
        return _concatenated(found, "judged")

    def _common(self, splits: list[Split], without: Numbers, wanted: frozenset[str]) -> frozenset[str]:
        """Return which of some words stand in lower case somewhere: most of them in the first split already."""
        common: set[str] = set()
        for some in (splits[:1], splits[1:]):
            missing = wanted - common
            if some and missing:
                self._progress(f"looking for {len(missing)} words that may be names")
                columns = [{"numbers": without[range_of(split, without)]} for split in some]
                work = partial(steps.lower_case, search=self._search, wanted=missing)
                python = sum(split.rows for split in some) > _MANY_TEXTS
                for batch in self._over(some, columns, work, "lower_case", python=python):
                    common.update(batch["word"].to_pylist())
        return frozenset(common)

    def _over(
        self, splits: list[Split], columns: list[dict[str, Any]], work: Any, step: str, *, python: bool = False
    ) -> Any:
        return self._plan.batches(self._plan.over_splits(splits, columns, work, step, python=python))

    def _rounds(self, size_bytes: float) -> int:
        return 1 + int(size_bytes // self._memory_bytes) if self._memory_bytes else 1


def _leaving(verdicts: pa.Table) -> Leaving:
    """Return verdicts by ascending number; the equal of a text that goes, goes for the same one as that."""
    table = verdicts.sort_by("number")
    columns = [table[name].to_numpy().copy() for name in ("number", "of", "similarity", "via")]
    number, of, similarity, via = columns
    place = np.minimum(np.searchsorted(number, of), max(0, len(number) - 1))
    over = np.flatnonzero(number[place] == of) if len(number) else place
    via[over], end = of[over], place[over]
    of[over], similarity[over] = of[end], similarity[end]
    return Leaving(number, of, similarity, via, table["kind"].to_numpy() == EXACT)


def _concatenated(tables: Sequence[Any], step: str) -> pa.Table:
    import pyarrow as pa

    whole = [table if isinstance(table, pa.Table) else pa.Table.from_batches([table]) for table in tables]
    return pa.concat_tables([steps.schema_of(step).empty_table(), *whole])


def _of(at: int, slices: int) -> str:
    return f" (round {at + 1} of {slices})" if slices > 1 else ""
