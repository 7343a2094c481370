"""What the workers of a run over many machines do: a split, or all that belongs together, becomes a table.

Nothing here knows of Daft; see `curator.dedup.scale.engine` for how the steps follow each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from curator.dedup.choices import Shingles
from curator.dedup.guard import fact_keys
from curator.dedup.minhash import bands_and_rows
from curator.dedup.near import Engine, engine_of
from curator.dedup.scale.bands import keys_by_band
from curator.dedup.scale.row_text import TextOf, ranks_of
from curator.dedup.scale.split_reading import lines, tables, texts_of
from curator.dedup.scale.splits import Split, naming
from curator.dedup.texts import Texts
from curator.text.names import lower_case_words
from curator.text.words import normalise

if TYPE_CHECKING:
    import pyarrow as pa

Columns = Mapping[str, Any]
"""What a task brings along beside its split, by name: arrays of numpy."""

BLANK = -1
"""The band of texts without anything in them, which are counted and nothing else."""


@dataclass(frozen=True)
class Search:
    """What is looked for; the same for all workers.

    Attributes:
        text: which text of a row is compared.
        threshold: the smallest Jaccard similarity at which two texts are joined.
        shingles: what texts are compared by.
        guard: whether texts that state other numbers or names stay apart.
        best: the column whose highest value stays; "" for the first row.
    """

    text: TextOf
    threshold: float
    shingles: Shingles
    guard: bool
    best: str

    @property
    def also(self) -> tuple[str, ...]:
        """Which columns are read beside the text."""
        return (self.best,) if self.best else ()


def counted(split: Split, columns: Columns) -> pa.Table:
    """Return how many rows a split of JSON Lines has: its `index` among all splits, and `rows`."""
    import pyarrow as pa

    return pa.table([columns["index"], [len(lines(split))]], schema=schema_of("counted"))


def proposed(split: Split, _columns: Columns, search: Search, parts: int, slices: tuple[int, int]) -> pa.Table:
    """Return by which keys the texts of a split find others like them.

    Args:
        split: the split.
        _columns: nothing.
        search: what is looked for.
        parts: into how many parts the keys of a band are divided.
        slices: (which slice of all keys is wanted, of how many).

    Returns:
        `part`, `key`, `number`: texts with an equal key in one part are proposed to each other.
    """
    import pyarrow as pa

    engine, found = engine_of("auto"), []
    for first, table in tables(split, search.text, search.also):
        texts = Texts.from_arrow(texts_of(split, table, search.text))
        for band, members, keys in _bands(engine, texts, search):
            wanted = (keys >> np.uint64(32)) % np.uint64(slices[1]) == slices[0]
            keys, members = keys[wanted], members[wanted]
            part = np.where(band == BLANK, BLANK, (keys % np.uint64(parts)).astype(np.int32) + band * parts)
            found.append(pa.table([part.astype(np.int32), keys, members + first], schema=schema_of("proposed")))
    return _joined(found, "proposed")


def linked(records: pa.Table) -> pa.Table:
    """Return the links of one part: each text of a bucket with the first text in it.

    Args:
        records: `part`, `key` and `number`, of one part.

    Returns:
        `left`, `right`: the first text, and the other. Of the blank texts: how many there are, and -1.
    """
    import pyarrow as pa

    if records["part"][0].as_py() == BLANK:
        return pa.table([[records.num_rows], [-1]], schema=schema_of("linked"))
    keys, numbers = records["key"].to_numpy(), records["number"].to_numpy()
    order = np.lexsort((numbers, keys))
    keys, numbers = keys[order], numbers[order]
    opens = np.ones(len(keys), dtype=np.bool_)
    opens[1:] = keys[1:] != keys[:-1]
    heads = numbers[np.maximum.accumulate(np.where(opens, np.arange(len(keys)), 0))]
    return pa.table([heads[~opens], numbers[~opens]], schema=schema_of("linked"))


def members(split: Split, columns: Columns, search: Search, common: Set[str] | None) -> pa.Table:
    """Return the texts of a split that are to be compared, each with its cell.

    Args:
        split: the split.
        columns: `numbers`, ascending, of those texts; `cells`, the cell of each.
        search: what is looked for.
        common: the words that are no names; None to leave facts alone.

    Returns:
        `cell`, `number`, `text`, `rank` (which of equals is preferred: the higher), `group` (equal for equal facts).
    """
    import pyarrow as pa

    numbers, cells, found = columns["numbers"], columns["cells"], []
    for first, table in tables(split, search.text, search.also):
        here = slice(*np.searchsorted(numbers, (first, first + table.num_rows)))
        chosen = table.take(pa.array(numbers[here] - first))
        texts = texts_of(split, chosen, search.text)
        groups = np.zeros(len(texts), dtype=np.uint64)
        if common is not None:
            keys = fact_keys(texts.to_pylist(), common=common)
            groups[:] = [int.from_bytes(key[:8], "little") for key in keys]
        with naming(split.path):
            ranks = ranks_of(chosen, search.best)
        columns_of = [cells[here], numbers[here], texts, ranks, groups]
        found.append(pa.table(columns_of, schema=schema_of("members")))
    return _joined(found, "members")


def lower_case(split: Split, columns: Columns, search: Search, wanted: Set[str]) -> pa.Table:
    """Return which of some words a split writes in lower case.

    Args:
        split: the split.
        columns: `numbers`, ascending, of texts that do not count.
        search: what is looked for.
        wanted: the words.

    Returns:
        `word`.
    """
    import pyarrow as pa

    found: set[str] = set()
    for first, table in tables(split, search.text, search.also):
        texts = texts_of(split, table, search.text)
        counts = np.ones(len(texts), dtype=np.bool_)
        out = columns["numbers"]
        counts[out[slice(*np.searchsorted(out, (first, first + len(texts))))] - first] = False
        found |= wanted & lower_case_words("\n".join(texts.filter(pa.array(counts)).to_pylist()))
    return pa.table([sorted(found)], schema=schema_of("lower_case"))


def schema_of(step: str) -> pa.Schema:
    """Return the columns of what a step gives."""
    import pyarrow as pa

    number, key, word, share = pa.int64(), pa.uint64(), pa.large_string(), pa.float64()
    fields: dict[str, dict[str, pa.DataType]] = {
        "counted": {"index": number, "rows": number},
        "proposed": {"part": pa.int32(), "key": key, "number": number},
        "linked": {"left": number, "right": number},
        "members": {"cell": number, "number": number, "text": word, "rank": share, "group": key},
        "judged": {"kind": pa.int8(), "number": number, "of": number, "similarity": share, "via": number, "word": word},
        "lower_case": {"word": word},
        "written": {"kept": number, "dropped": number},
    }
    return pa.schema(list(fields[step].items()))


def most_keys(threshold: float) -> int:
    """Return how many keys a text has at most: one for each band of words, and one for each of characters."""
    return 2 * bands_and_rows(threshold)[0]


def _bands(
    engine: Engine, texts: Texts, search: Search
) -> Iterator[tuple[int, npt.NDArray[np.int64], npt.NDArray[np.uint64]]]:
    """Yield each band's number, the texts that are in it, and their keys."""
    sets = engine.shingled(texts, search.shingles, search.threshold)
    bands, _rows = bands_and_rows(search.threshold)
    for space, shingled in enumerate((sets.words, sets.characters)):
        for band, (places, keys) in enumerate(keys_by_band(shingled, search.threshold)):
            yield space * bands + band, places, keys
    # Texts without a shingle of the chosen kind can still be equal.
    bare = np.flatnonzero(np.diff(sets.words.offsets) + np.diff(sets.characters.offsets) == 0)
    forms = [normalise(texts[at]) for at in bare.tolist()]
    letters = np.array([bool(form) for form in forms], dtype=np.bool_)
    hashes = np.array([hash_of(form) for form in forms], dtype=np.uint64)
    yield 2 * bands, bare[letters], hashes[letters]
    yield BLANK, bare[~letters], hashes[~letters]


def hash_of(text: str) -> int:
    """Return 64 bits that are equal for equal texts."""
    from hashlib import blake2b

    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def _joined(found: list[pa.Table], step: str) -> pa.Table:
    import pyarrow as pa

    return pa.concat_tables([schema_of(step).empty_table(), *found])
