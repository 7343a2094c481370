"""The text of many rows at once is what the record path says of each."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.errors import FormatError
from curator.formats import Format
from curator.formats.batch_text import BatchText
from curator.formats.columns import Columns
from curator.formats.containers import Row
from curator.formats.containers.arrow import schema_of
from curator.formats.intake import record_of
from curator.text.fields import Field, text_of
from tests.formats.strategies import BY_NAME, FORMATS, holdable

FIELDS: tuple[Field, ...] = get_args(Field)
ASKED = {"role": "user", "content": "q"}
TOLD = {"role": "assistant", "content": "a"}


def by_records(format: Format, field: Field, rows: Sequence[Mapping[str, Any]]) -> list[str | None]:
    found: list[str | None] = []
    for row in rows:
        try:
            found.append(text_of(record_of(Row(1, row), format, ())[0], field))
        except FormatError:
            found.append(None)
    return found


def check(format: Format, rows: Sequence[Mapping[str, Any]], schema: pa.Schema | None = None) -> None:
    """Compare both ways, also on a table in pieces that begins in the middle of a buffer."""
    whole = pa.Table.from_pylist(list(rows), schema=schema)
    pieces = pa.concat_tables([whole, whole.slice(1), whole.slice(0, 1)]).slice(1)
    for field in FIELDS:
        text = pickle.loads(pickle.dumps(BatchText(format, field)))  # noqa: S301 - our own, made in this line
        for table in (whole, pieces, *whole.to_batches()):
            assert text(table).to_pylist() == by_records(format, field, table.to_pylist()), (field, rows)


@settings(deadline=None, max_examples=60)  # the first call loads libraries
@given(st.data(), st.sampled_from(FORMATS))
def test_any_rows_of_any_format(data: st.DataObject, format: Format) -> None:
    records = data.draw(st.lists(holdable(format.name), min_size=1, max_size=4))
    check(format, [format.write_row(record) for record in records], schema_of(format.columns))


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("messages", [{"messages": [ASKED, TOLD]}, {"messages": []}, {"messages": None}, {"messages": [None]}]),
        ("messages", [{"messages": [TOLD, ASKED, TOLD, {"role": "user", "content": "again"}]}]),
        ("messages", [{"messages": [{"role": "Human", "value": "x", "from": None}]}]),
        ("messages", [{"messages": [{"role": None, "from": "gpt", "value": ""}, {"from": "human", "value": "x"}]}]),
        ("messages", [{"messages": [{"role": "nobody", "content": "x"}]}, {"messages": [ASKED]}]),
        ("messages", [{"messages": [{"role": "user", "content": None}]}, {"messages": [ASKED]}]),
        ("messages", [{"messages": [{"role": "user", "content": " \x1c\u00a0"}]}, {"messages": [ASKED]}]),
        ("messages", [{"messages": [ASKED | {"tool_calls": ["f"]}]}, {"messages": [ASKED | {"tool_calls": []}]}]),
        ("messages", [{"messages": [ASKED | {"tool_calls": "f"}]}, {"messages": [ASKED | {"tool_calls": None}]}]),
        ("messages", [{"messages": json.dumps([ASKED, TOLD])}, {"messages": "no list"}]),
        ("messages", [{"messages": ["a"]}]),
        ("messages", [{"messages": 3}]),
        ("messages", [{"other": 3}]),
        ("sharegpt", [{"conversations": [{"from": "human", "value": "q"}], "system": "s"}]),
        ("sharegpt", [{"conversations": [{"from": "human", "value": "q"}], "system": 7}]),
        ("sharegpt", [{"conversations": [{"from": "gpt", "value": "only"}], "system": ""}]),
        ("prompt-completion", [{"prompt": "q", "completion": "a"}, {"prompt": "q", "completion": ""}]),
        ("prompt-completion", [{"prompt": "[", "completion": "a"}, {"prompt": " ", "completion": "\x1c"}]),
        ("prompt-completion", [{"prompt": "\u00a0" + json.dumps([ASKED]), "completion": "a"}]),
        ("prompt-completion", [{"prompt": [TOLD, ASKED], "completion": "a"}, {"prompt": None, "completion": "a"}]),
        ("prompt-completion", [{"prompt": [ASKED, TOLD], "completion": [ASKED]}]),
        ("alpaca", [{"instruction": "q", "output": "a"}, {"instruction": "", "output": "a"}]),
        ("alpaca", [{"instruction": "q", "input": "", "output": None, "history": None}]),
        ("alpaca", [{"instruction": "q", "output": "a", "history": h} for h in ([["x", "y"]], [], None)]),
        ("alpaca", [{"instruction": "q", "output": "a", "history": h} for h in ('[["x", "y"]]', "", None)]),
        ("alpaca", [{"instruction": 3, "output": "a"}]),
        ("preference", [{"prompt": "q", "chosen": "a", "rejected": "b"}, {"prompt": None, "chosen": "a"}]),
    ],
)
def test_odd_rows(name: str, rows: list[dict[str, Any]]) -> None:
    check(BY_NAME[name], rows)


def test_rows_that_are_in_no_wise_texts_are_null() -> None:
    table = pa.table({"instruction": ["q", ""], "output": ["a", "a"]})
    assert BatchText(BY_NAME["alpaca"])(table).to_pylist() == ["q\n\na", None]


def test_a_dictionary_and_a_large_list_are_read_too() -> None:
    roles = pa.array(["user", "assistant"]).dictionary_encode()
    turns = pa.StructArray.from_arrays([roles, pa.array(["q", "a"], pa.large_string())], ["role", "content"])
    table = pa.table({"messages": pa.LargeListArray.from_arrays([0, 2], turns)})
    assert BatchText(BY_NAME["messages"])(table).to_pylist() == ["q\n\na"]


def test_mapped_columns() -> None:
    table = pa.table({"question": ["How?", None], "answer": ["So.", "x"]})
    check(Columns({"instruction": "question", "response": "answer"}), table.to_pylist())


def test_no_rows_at_all() -> None:
    table = pa.table({"messages": pa.array([], schema_of(BY_NAME["messages"].columns).field(0).type)})
    assert BatchText(BY_NAME["messages"])(table).to_pylist() == []


class TestOneColumn:
    @pytest.mark.parametrize(
        ("values", "texts"),
        [
            (["a", None, ""], ["a", "", ""]),
            ([1, None], ["1", ""]),
            ([1.5], ["1.5"]),
            ([["a"], None], [None, ""]),
            ([None], [""]),
        ],
    )
    def test_values(self, values: list[Any], texts: list[str | None]) -> None:
        text = BatchText(None, column="t")
        assert text(pa.table({"t": values})).to_pylist() == texts

    def test_a_row_says_what_is_wrong(self) -> None:
        with pytest.raises(FormatError, match="t is a list, not text"):
            BatchText(None, column="t").of_row(Row(1, {"t": ["a"]}))
        with pytest.raises(FormatError, match="broken"):
            BatchText(None, column="t").of_row(Row(1, problem="broken"))


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        (BatchText(BY_NAME["alpaca"]), ["instruction", "input", "output"]),
        (BatchText(BY_NAME["preference"]), ["instruction", "other", "input", "output"]),
        (BatchText(None, column="other"), ["other"]),
    ],
)
def test_only_what_matters_is_read(text: BatchText, needed: list[str]) -> None:
    assert text.needs(["instruction", "other", "input", "output"]) == needed
