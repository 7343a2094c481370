"""How steps are handed to Daft: over the splits of the input, and over the groups of what they gave."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import fields
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from curator.dedup.scale.calls import Calls
from curator.dedup.scale.cluster import plain_errors
from curator.dedup.scale.splits import Split
from curator.dedup.scale.steps import schema_of

if TYPE_CHECKING:
    import pyarrow as pa
    from daft import DataFrame, Series

_MOST_PARTITIONS = 4096


P = ParamSpec("P")
R = TypeVar("R")


class Plan:
    """Hands steps to Daft's workers.

    Attributes:
        spread: whether they are other processes, so that tasks have to be dealt out; else they are threads of this one.
    """

    def __init__(self, *, spread: bool) -> None:
        """Choose how.

        Args:
            spread: see the class.
        """
        self.spread = spread
        self._calls = None if spread else Calls.new()

    def over_splits(
        self,
        splits: Sequence[Split],
        columns: Sequence[Mapping[str, Any]],
        work: Callable[[Split, Mapping[str, Any]], pa.Table],
        step: str,
        *,
        python: bool = False,
    ) -> DataFrame:
        """Do something with each split.

        Args:
            splits: the splits.
            columns: what each brings along, arrays of numpy by name.
            work: what is done.
            step: what it is called; see `schema_of`.
            python: whether it is long work of Python itself, for which each core is given a process.

        Returns:
            The rows that come of it, in no order; nothing is done until they are asked for.
        """
        import daft

        work = self._counted(work)

        def task(struct: Series) -> Series:
            return _series([work(*_task(row)) for row in _rows(struct)], step, nested=True)

        kind = daft.DataType.from_arrow_type(_struct(step))
        done = daft.func.batch(return_dtype=daft.DataType.list(kind), batch_size=1, use_process=python or None)(task)
        frame = daft.from_arrow(_tasks(splits, columns))
        if self.spread:
            frame = frame.into_partitions(min(len(splits), _MOST_PARTITIONS))
        every = daft.functions.to_struct(*(daft.col(name) for name in frame.column_names))
        return _unfolded(frame.select(done(every).alias("row")).explode("row"), step)

    def over_groups(self, frame: DataFrame, by: str, work: Callable[[pa.Table], pa.Table], step: str) -> DataFrame:
        """Do something with all rows that belong together.

        Args:
            frame: the rows.
            by: the column in which rows that belong together are equal.
            work: what is done.
            step: what it is called.

        Returns:
            The rows that come of it, in no order.
        """
        import daft

        names, work = frame.column_names, self._counted(work)

        def group(*columns: Series) -> Series:
            import pyarrow as pa

            return _series([work(pa.table([column.to_arrow() for column in columns], names))], step)

        done = daft.func.batch(return_dtype=daft.DataType.from_arrow_type(_struct(step)))(group)
        grouped = frame.groupby(by).map_groups(done(*(daft.col(name) for name in names)).alias("row"))
        return _unfolded(grouped.select("row"), step)

    def batches(self, frame: DataFrame) -> Iterator[pa.RecordBatch]:
        """Have a plan carried out.

        Args:
            frame: the plan.

        Yields:
            Its rows, some at a time.

        Raises:
            CuratorError: what a worker found wrong.
        """
        with plain_errors(), self._calls or nullcontext():
            yield from frame.to_arrow_iter()

    def _counted(self, work: Callable[P, R]) -> Callable[P, R]:
        return work if self._calls is None else self._calls.counted(work)


def _tasks(splits: Sequence[Split], columns: Sequence[Mapping[str, Any]]) -> pa.Table:
    import pyarrow as pa

    table = {field.name: [getattr(split, field.name) for split in splits] for field in fields(Split)}
    brought = {
        name: pa.array([each[name] for each in columns], pa.large_list(pa.from_numpy_dtype(first.dtype)))
        for name, first in (columns[0] if columns else {}).items()
    }
    return pa.table({**table, **brought})


def _rows(struct: Series) -> Iterator[dict[str, Any]]:
    array = struct.to_arrow()
    for at in range(len(array)):
        yield {field.name: array.field(field.name)[at] for field in array.type}


def _task(row: Mapping[str, Any]) -> tuple[Split, dict[str, Any]]:
    own = {field.name for field in fields(Split)}
    split = Split(**{name: value.as_py() for name, value in row.items() if name in own})
    return split, {name: value.values.to_numpy(zero_copy_only=False) for name, value in row.items() if name not in own}


def _struct(step: str) -> pa.DataType:
    import pyarrow as pa

    return pa.struct(list(schema_of(step)))


def _series(tables: Sequence[pa.Table], step: str, *, nested: bool = False) -> Series:
    import daft
    import pyarrow as pa

    rows = pa.concat_tables(tables).cast(schema_of(step)).to_struct_array()
    array = pa.concat_arrays([*rows.chunks, pa.array([], _struct(step))])
    if nested:
        ends = [0]
        for table in tables:
            ends.append(ends[-1] + table.num_rows)
        array = pa.LargeListArray.from_arrays(pa.array(ends, pa.int64()), array)
    return daft.Series.from_arrow(array)


def _unfolded(frame: DataFrame, step: str) -> DataFrame:
    import daft

    frame = frame.where(daft.col("row").not_null())  # a split that gave no row gives a missing one
    return frame.select(*(daft.col("row").get(name).alias(name) for name in schema_of(step).names))
