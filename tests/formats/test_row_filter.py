"""Rows are left out of files of all kinds: what stays is the same, what goes says why, and nothing is lost."""

from __future__ import annotations

import json
import random
import resource
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import ClassLabel, Dataset, Features, Value, load_from_disk

from curator.errors import FormatError
from curator.formats import read_rows
from curator.formats.batch_text import BatchText
from curator.formats.row_filter import REASON, refuse_overwriting, write_filtered
from curator.formats.row_reading import Reading, read_through
from curator.formats.row_source import open_rows
from tests.formats.strategies import BY_NAME

WHY = {"dropped_reason": str, "duplicate_row": int, "similarity": float, "items": list}
GOING = {1: {"dropped_reason": "near-duplicate", "duplicate_row": 1, "similarity": 0.9, "items": ["a", "b"]}}
ROWS: list[dict[str, Any]] = [
    {"text": "one", "n": 1, "tags": ["x"]},
    {"text": "two", "n": 2, "tags": []},
    {"text": "drei: é\u2028\n", "n": 3, "tags": ["y", "z"]},
]
KINDS = ["a.jsonl", "a.json", "a.csv", "a.parquet", "a/"]
TEXT = BatchText(None, column="text")


def write(path: Path, rows: list[dict[str, Any]] = ROWS) -> str:
    """Write rows as other programs do."""
    match path.suffix:
        case ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        case ".json":
            path.write_text(json.dumps(rows, indent=1))
        case ".csv":
            Dataset.from_list([row | {"tags": json.dumps(row["tags"])} for row in rows]).to_csv(path)
        case ".parquet":
            pq.write_table(pa.Table.from_pylist(rows), path)
        case _:
            Dataset.from_list(rows).save_to_disk(path)
    return str(path)


def filtered(path: str, out: str, dropped: str = "", going: Mapping[int, Any] = GOING) -> Reading:
    source = open_rows(path)
    reading = read_through(source, TEXT, names=True)
    write_filtered(source, reading, going, WHY, out, dropped)
    return reading


def values(path: str) -> list[dict[str, Any]]:
    """Read rows of any kind of file; what was in a cell of CSV as what it stands for."""
    return [{name: meant(name, value) for name, value in (row.value or {}).items()} for row in read_rows(path)]


def meant(name: str, value: Any) -> Any:
    """Return a value; numbers and lists also where they have become text."""
    return json.loads(value) if isinstance(value, str) and name in ("n", "tags", *WHY) and name != REASON else value


@pytest.mark.parametrize("dropped", KINDS)
@pytest.mark.parametrize("out", KINDS)
@pytest.mark.parametrize("kind", KINDS)
def test_any_kind_of_file_into_any_other(kind: str, out: str, dropped: str, tmp_path: Path) -> None:
    path = write(tmp_path / kind)
    kept, gone = f"{tmp_path}/kept/{out}", f"{tmp_path}/gone/{dropped}"
    reading = filtered(path, kept, gone)
    assert list(reading.texts) == [row["text"] for row in ROWS]
    assert values(kept) == [ROWS[0], ROWS[2]]
    assert values(gone) == [ROWS[1] | GOING[1]]


class TestTheSameKindOfFileKeepsWhatItHas:
    def test_lines_of_json_are_copied(self, tmp_path: Path) -> None:
        lines = [b'{"text": "a\\u00e9",  "n": 1e400}\r\n', b'{"text":"b"}\n', b'{"z":1,"text":"\\ud800"}']
        (tmp_path / "a.jsonl").write_bytes(b"\xef\xbb\xbf" + lines[0] + b"\n" + lines[1] + lines[2])
        reading = filtered(f"{tmp_path}/a.jsonl", f"{tmp_path}/b.jsonl", f"{tmp_path}/c.jsonl")
        assert (tmp_path / "b.jsonl").read_bytes() == lines[0] + lines[2] + b"\n"
        assert reading.numbers.tolist() == [1, 3, 4]

    def test_elements_of_an_array_are_copied(self, tmp_path: Path) -> None:
        (tmp_path / "a.json").write_text('[{"text": 1.50}, {"text": "b"},\n {"text":\n"\\u0041"}]')
        filtered(f"{tmp_path}/a.json", f"{tmp_path}/b.json")
        assert (tmp_path / "b.json").read_text() == '[\n{"text": 1.50},\n{"text":\n"\\u0041"}\n]\n'

    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    def test_rows_of_csv_are_copied(self, end: str, tmp_path: Path) -> None:
        rows = ["text,'n'", '"a\n""x""",007', "b,", 'c,"1"']
        (tmp_path / "a.csv").write_bytes(end.join(rows).encode())
        filtered(f"{tmp_path}/a.csv", f"{tmp_path}/b.csv", f"{tmp_path}/c.csv")
        assert (tmp_path / "b.csv").read_bytes() == end.join([rows[0], rows[1], rows[3], ""]).encode()
        assert (tmp_path / "c.csv").read_bytes().startswith(b"text,'n',dropped_reason,duplicate_row,")

    def test_types_metadata_compression_and_row_groups_of_parquet(self, tmp_path: Path) -> None:
        schema = pa.schema(
            [
                pa.field("text", pa.large_string(), nullable=False, metadata={"k": "v"}),
                ("when", pa.timestamp("us", "UTC")),
                ("price", pa.decimal128(9, 2)),
                ("kind", pa.dictionary(pa.int8(), pa.string())),
                ("image", pa.binary()),
                ("nested", pa.list_(pa.struct([("a", pa.int8())]))),
                ("nothing", pa.null()),
            ],
            metadata={"about": "us"},
        )
        row = {"when": 1, "price": Decimal("1.50"), "kind": "x", "image": b"\xff", "nested": [{"a": 1}]}
        table = pa.Table.from_pylist([row | {"text": f"t{n}"} for n in range(9_000)], schema=schema)
        pq.write_table(table, tmp_path / "a.parquet", compression="zstd", row_group_size=2_000)
        filtered(f"{tmp_path}/a.parquet", f"{tmp_path}/b.parquet", f"{tmp_path}/c.parquet")
        kept = pq.ParquetFile(tmp_path / "b.parquet")
        assert kept.schema_arrow.equals(pq.read_schema(tmp_path / "a.parquet"), check_metadata=True)
        assert kept.read().equals(pa.concat_tables([table.slice(0, 1), table.slice(2)]))
        assert 1 < kept.num_row_groups < 9
        assert kept.metadata.row_group(0).column(0).compression == "ZSTD"
        gone = pq.read_table(tmp_path / "c.parquet")
        assert gone.schema.names == [*schema.names, *WHY]
        assert gone.select(schema.names).equals(table.slice(1, 1))

    def test_features_of_a_dataset(self, tmp_path: Path) -> None:
        features = Features({"text": Value("string"), "label": ClassLabel(names=["no", "yes"])})
        rows = Dataset.from_list([{"text": text, "label": 1} for text in "dcba"], features=features)
        rows.select([3, 2, 1, 0]).save_to_disk(tmp_path / "a")  # rows in another order than they lie in the file
        filtered(f"{tmp_path}/a", f"{tmp_path}/b/", f"{tmp_path}/c/")
        kept = load_from_disk(str(tmp_path / "b"))
        assert kept["text"][:] == ["a", "c", "d"]
        assert kept.features == features
        assert load_from_disk(str(tmp_path / "c"))["items"][:] == [["a", "b"]]


class TestUnreadableRows:
    LINES = b'{"text": "a"}\n{broken\xff\n{"text": "b"}\n[1]\n'

    def test_they_are_kept_with_what_is_written_there(self, tmp_path: Path) -> None:
        (tmp_path / "a.jsonl").write_bytes(self.LINES)
        reading = filtered(f"{tmp_path}/a.jsonl", f"{tmp_path}/b.jsonl", f"{tmp_path}/c.jsonl", going={})
        assert reading.unreadable == (1, 3)
        assert [problem.number for problem in reading.problems] == [2, 4]
        assert (tmp_path / "b.jsonl").read_bytes() == b'{"text": "a"}\n{"text": "b"}\n'
        first, second = values(f"{tmp_path}/c.jsonl")
        assert (first["dropped_reason"], first["raw_text"]) == ("unreadable", "{broken\ufffd")
        assert (second["problem"], second["raw_text"]) == ("the row is a list, not an object with columns", "[1]")

    def test_in_columns(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text('text,n\na,1\nb\nc,"3\n')
        filtered(f"{tmp_path}/a.csv", f"{tmp_path}/b.csv", f"{tmp_path}/c.parquet", going={})
        assert (tmp_path / "b.csv").read_text() == "text,n\na,1\n"
        rows = values(f"{tmp_path}/c.parquet")
        assert [row["raw_text"] for row in rows] == ["b", 'c,"3']
        assert rows[0]["text"] is None

    @pytest.mark.parametrize("text", ['[{"text": "a"}, {"text', '[{"text": "a"}] x', '[{"text": "a"} {"text": "b"}]'])
    def test_an_array_that_breaks_off_is_not_cut(self, text: str, tmp_path: Path) -> None:
        (tmp_path / "a.json").write_text(text)
        with pytest.raises(FormatError, match=r"a\.json: row 2: .*mend it first"):
            filtered(f"{tmp_path}/a.json", f"{tmp_path}/b.json")
        assert not (tmp_path / "b.json").exists()


READ: list[dict[str, Any]] = [
    {"instruction": "q", "output": "a", "id": 7, "stars": 1.5, "tags": []},
    {"instruction": "", "output": "", "id": None, "stars": None, "tags": []},
    {"instruction": "p", "output": "", "id": 9, "stars": float("nan"), "tags": []},
]


class TestReading:
    def read(self, path: Path, rows: list[dict[str, Any]], **options: Any) -> Reading:
        return read_through(open_rows(write(path, rows)), BatchText(BY_NAME["alpaca"]), **options)

    @pytest.mark.parametrize("kind", ["a.jsonl", "a.json", "a.parquet", "a"])
    def test_names_ranks_and_what_has_no_text(self, kind: str, tmp_path: Path) -> None:
        reading = self.read(tmp_path / kind, READ, names=True, rank="stars")
        assert [reading.name(place) for place in range(3)] == ["7", "row 2", "9"]
        assert reading.ranks.tolist() == [1.5, float("-inf"), float("-inf")]
        assert (reading.without_text, reading.unfit, reading.unreadable) == (1, 1, ())
        assert [(bad.number, bad.problem) for bad in reading.problems] == [(2, "instruction is empty")]
        assert set(reading.columns) == {"instruction", "output", "id", "stars", "tags"}

    def test_a_part_that_a_record_does_not_have_is_no_fault(self, tmp_path: Path) -> None:
        source = open_rows(write(tmp_path / "a.parquet", READ))
        reading = read_through(source, BatchText(BY_NAME["alpaca"], "response"))
        assert list(reading.texts) == ["a", "", ""]
        assert (reading.without_text, reading.unfit) == (2, 1)

    def test_a_rank_that_nobody_has(self, tmp_path: Path) -> None:
        with pytest.raises(FormatError, match="called 'starts'; did you mean 'stars'"):
            self.read(tmp_path / "a.jsonl", READ, rank="starts")

    @pytest.mark.parametrize(
        ("content", "says"), [("", "the file is empty"), ("{\n", "no row can be read; row 1: broken"), ("\n", "empty")]
    )
    def test_nothing_to_read(self, content: str, says: str, tmp_path: Path) -> None:
        (tmp_path / "a.jsonl").write_text(content)
        with pytest.raises(FormatError, match=says):
            read_through(open_rows(tmp_path / "a.jsonl"), TEXT)

    def test_long_texts_and_many_blocks(self, tmp_path: Path) -> None:
        rows = [{"text": f"{n} " + "long " * 200_000 if n % 50 == 0 else f"{n}"} for n in range(200)]
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
        write(tmp_path / "a.jsonl", rows)
        seen: list[int] = []
        for name in ("a.parquet", "a.jsonl"):
            reading = read_through(open_rows(tmp_path / name), TEXT, on_rows=seen.append)
            assert list(reading.texts) == [row["text"] for row in rows]
        assert sum(seen) == 400


def test_half_surrogate_pairs_become_a_sign_where_json_is_left(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "\\ud800"}\n{"text": "b\\udfff"}\n')
    for name in ("b.parquet", "b.csv", "b.jsonl"):
        filtered(f"{tmp_path}/a.jsonl", f"{tmp_path}/kept.jsonl", f"{tmp_path}/{name}")
    assert [values(f"{tmp_path}/{name}")[0]["text"] for name in ("b.parquet", "b.csv")] == ["b\ufffd"] * 2
    assert values(f"{tmp_path}/b.jsonl")[0]["text"] == "b\udfff"
    assert (tmp_path / "kept.jsonl").read_text() == '{"text": "\\ud800"}\n'


def test_rows_of_different_types_do_not_fit_into_columns(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a", "n": 1}\n{"text": "b", "n": [1]}\n')
    with pytest.raises(FormatError, match=r"b\.parquet: the rows of .*a\.jsonl do not fit into typed columns"):
        filtered(f"{tmp_path}/a.jsonl", f"{tmp_path}/b.parquet")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl"]


@pytest.mark.parametrize(
    ("out", "dropped", "says"),
    [
        ("a.jsonl", "", "--out .* is the input"),
        ("./sub/../a.jsonl", "", "--out .* is the input"),
        ("b.jsonl", "a.jsonl", "--dropped .* is the input"),
        ("b.jsonl", "b.jsonl", "--dropped .* is --out"),
        ("b.txt", "", "the ending '.txt' is unknown"),
        ("b.jsonl", "c.doc", "the ending '.doc' is unknown"),
    ],
)
def test_nothing_is_written_over(out: str, dropped: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=says):
        refuse_overwriting(f"{tmp_path}/a.jsonl", f"{tmp_path}/{out}", dropped and f"{tmp_path}/{dropped}")


@pytest.mark.parametrize("name", ["b.jsonl", "b.csv", "b.json", "b.parquet", "b/"])
def test_a_full_disk_leaves_nothing_behind(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.jsonl")
    source = open_rows(path)
    reading = read_through(source, TEXT)

    def full(_rows: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_filtered(source, reading, GOING, WHY, f"{tmp_path}/{name}", f"{tmp_path}/c.jsonl", on_rows=full)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.jsonl"]


@pytest.mark.parametrize("kind", [".jsonl", ".csv", ".json", ".parquet", "/"])
@pytest.mark.parametrize("full", ["kept", "gone"])
def test_the_file_for_which_there_is_no_room_is_named(kind: str, full: str, tmp_path: Path) -> None:
    noise = random.Random(7)
    going = range(100) if full == "gone" else range(1)
    texts = [noise.randbytes(2_000).hex() if (n in going) == (full == "gone") else "a" for n in range(101)]
    path = write(tmp_path / "a.jsonl", [{"text": text} for text in texts])
    source = open_rows(path)
    reading = read_through(source, TEXT)
    why = {place: GOING[1] for place in going}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))  # as near to a full disk as a test comes
    try:
        with pytest.raises(OSError, match="File too large") as raised:
            write_filtered(source, reading, why, WHY, f"{tmp_path}/kept{kind}", f"{tmp_path}/gone{kind}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert raised.value.filename == f"{tmp_path}/{full}{kind}"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.jsonl"]
