"""What is written reads back: every format in every container."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curator.formats import BadRow, WriteReport, read_records, write_records
from curator.record import Record
from tests.formats.strategies import BY_NAME, CONTAINERS, FORMATS, any_records, example, histories, holdable

EACH = pytest.mark.parametrize("name", list(BY_NAME))
EACH_FILE = pytest.mark.parametrize("file", list(CONTAINERS.values()), ids=list(CONTAINERS))


def there_and_back(
    records: list[Record], name: str, file: str, *, provenance: bool = False
) -> tuple[list[Record], WriteReport, list[BadRow]]:
    """Write records, and read them without being told the format."""
    bad: list[BadRow] = []
    with TemporaryDirectory() as folder:
        path = f"{folder}/{file}"
        report = write_records(path, records, BY_NAME[name], provenance=provenance)
        read = list(read_records(path, None, FORMATS, bad.append))
    return read, report, bad


def contents(records: list[Record]) -> list[tuple[object, ...]]:
    """Return what makes up the identity of records, and the identity."""
    return [(record.id, record.messages, record.rejected) for record in records]


@EACH
@EACH_FILE
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_records_read_back_the_same(name: str, file: str, data: st.DataObject) -> None:
    records = data.draw(st.lists(holdable(name), min_size=1, max_size=5))
    read, report, bad = there_and_back(records, name, file)
    assert report == WriteReport(len(records))
    assert bad == []
    assert contents(read) == contents(records)


@EACH
@EACH_FILE
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_with_provenance_nothing_is_lost(name: str, file: str, data: st.DataObject) -> None:
    records = data.draw(st.lists(histories(holdable(name)), min_size=1, max_size=4))
    read, report, bad = there_and_back(records, name, file, provenance=True)
    assert report.refused == ()
    assert bad == []
    assert read == records


@EACH
@settings(max_examples=150, deadline=None)
@given(record=any_records)
def test_a_record_is_held_whole_or_refused(name: str, record: Record) -> None:
    always = example(name)
    read, report, bad = there_and_back([always, record], name, "a.csv")
    refused = {identity for identity, _ in report.refused}
    assert bad == []
    assert contents(read) == contents([each for each in (always, record) if each.id not in refused])
    assert all(why for _, why in report.refused)


@settings(max_examples=50, deadline=None)
@given(record=holdable("alpaca"))
def test_alpaca_keeps_the_input_of_one_round(record: Record) -> None:
    read, _, _ = there_and_back([record], "alpaca", "a.jsonl")
    split = len(record.messages) - bool(record.system) == 2 and record.instruction and record.input
    apart = record.messages[-2].content == f"{record.instruction}\n\n{record.input}"
    assert read[0].input_at == (record.input_at if split and apart else None)


@EACH
@EACH_FILE
def test_the_same_records_give_the_same_bytes(name: str, file: str, tmp_path: Path) -> None:
    records = [example(name), example(name, "Why?")]
    for folder in ("one", "two"):
        write_records(f"{tmp_path}/{folder}/{file}", records, BY_NAME[name], provenance=True)
    first, second = ({p.name: p.read_bytes() for p in (tmp_path / d).rglob("*") if p.is_file()} for d in ("one", "two"))
    assert first == second
