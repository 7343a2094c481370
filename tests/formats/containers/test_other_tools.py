"""What we write, other programs read, and the other way round."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from curator.errors import FormatError
from curator.formats import BadRow, read_records, write_records
from curator.formats.alpaca import Alpaca
from curator.formats.containers.arrow import schema_of
from curator.formats.messages import Messages
from curator.formats.preference import Preference
from curator.record import Record, Turn, single_turn
from tests.formats.strategies import FORMATS

RECORDS = [single_turn('Q,\n"1"', "A\r\n1", input="I"), Record((Turn("user", "Q2"), Turn("assistant", "A2")))]
PAIR = single_turn("Q", "A", rejected="B")


def read(path: Path) -> list[Record]:
    bad: list[BadRow] = []
    records = list(read_records(path, None, FORMATS, bad.append))
    assert bad == []
    return records


@pytest.mark.parametrize(("file", "builder"), [("a.jsonl", "json"), ("a.json", "json"), ("a.parquet", "parquet")])
def test_datasets_loads_our_files(tmp_path: Path, file: str, builder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    write_records(tmp_path / file, [PAIR], Preference(), provenance=True)
    loaded = datasets.load_dataset(builder, data_files=str(tmp_path / file), cache_dir=str(tmp_path / "cache"))
    row = loaded["train"][0]
    assert list(row) == ["prompt", "chosen", "rejected", "curator"]
    assert row["prompt"] == [{"role": "user", "content": "Q"}]


def test_datasets_loads_our_folder_and_we_load_its_own(tmp_path: Path) -> None:
    import datasets

    write_records(f"{tmp_path}/ours/", RECORDS, Messages())
    dataset = datasets.load_from_disk(str(tmp_path / "ours"))
    assert dataset[1] == Messages().write_row(RECORDS[1])
    assert dataset.features == datasets.Features(
        {"messages": datasets.List({"role": datasets.Value("string"), "content": datasets.Value("string")})}
    )
    dataset.select([1, 0]).save_to_disk(str(tmp_path / "theirs"))
    assert [record.id for record in read(tmp_path / "theirs")] == [RECORDS[1].id, RECORDS[0].id]


@pytest.mark.parametrize("damage", ["", "{", "{}"])
def test_a_damaged_folder_is_named(tmp_path: Path, damage: str) -> None:
    write_records(f"{tmp_path}/d/", RECORDS, Messages())
    (tmp_path / "d" / "state.json").write_text(damage)
    with pytest.raises(FormatError, match=r"d: is no whole folder of Dataset\.save_to_disk"):
        read(tmp_path / "d")


def test_a_damaged_parquet_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_records(path, RECORDS, Messages())
    path.write_bytes(path.read_bytes().replace(b"assistant", b"assistan\xe9"))
    with pytest.raises(FormatError, match="damaged or no Parquet file, after row 0"):
        read(path)


@pytest.mark.parametrize("wanted", [True, False])
def test_progress_bars_are_as_before(tmp_path: Path, wanted: bool, capfd: pytest.CaptureFixture[str]) -> None:
    from datasets.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    (enable_progress_bars if wanted else disable_progress_bars)()
    try:
        write_records(f"{tmp_path}/d/", RECORDS, Messages())
        assert are_progress_bars_disabled() is not wanted
    finally:
        enable_progress_bars()
    assert capfd.readouterr().err == ""


def test_a_folder_of_splits_asks_for_one(tmp_path: Path) -> None:
    import datasets

    split = datasets.Dataset.from_list([{"instruction": "Q", "output": "A"}])
    datasets.DatasetDict({"train": split, "test": split}).save_to_disk(str(tmp_path / "d"))
    with pytest.raises(FormatError, match=r"the splits train, test; name one, as in .*d/train"):
        read(tmp_path / "d")
    assert read(tmp_path / "d" / "train") == [single_turn("Q", "A")]


def test_pandas_reads_our_csv_and_we_read_its_own(tmp_path: Path) -> None:
    pd = import_module("pandas")
    write_records(tmp_path / "ours.csv", RECORDS, Alpaca())
    frame = pd.read_csv(tmp_path / "ours.csv", keep_default_na=False)
    assert frame["instruction"].tolist() == ['Q,\n"1"', "Q2"]
    assert frame["output"].tolist() == ["A\r\n1", "A2"]
    frame.to_csv(tmp_path / "theirs.csv", index=False)
    assert read(tmp_path / "theirs.csv") == RECORDS


def test_pandas_parquet_is_read(tmp_path: Path) -> None:
    pd = import_module("pandas")
    pd.DataFrame([{"instruction": "Q", "input": None, "output": "A"}]).to_parquet(tmp_path / "theirs.parquet")
    assert read(tmp_path / "theirs.parquet") == [single_turn("Q", "A")]


def test_a_type_that_no_table_has_is_a_defect_of_the_format() -> None:
    with pytest.raises(TypeError, match="use str"):
        schema_of({"a": dict})


def test_heavy_libraries_stay_out_until_they_are_needed() -> None:
    code = "import sys, curator.formats; print({'pyarrow', 'datasets', 'pandas', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
