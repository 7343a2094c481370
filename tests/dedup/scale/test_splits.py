"""Splits hold every row once, wherever files are cut."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("pyarrow")

from curator.dedup.scale import splits
from curator.dedup.scale.split_reading import lines
from curator.dedup.scale.splits import cut, filesystem, found_files, numbered
from curator.errors import CuratorError, FormatError

PIECES = st.lists(st.sampled_from([b"{}", b"\n", b"\r\n", b" ", b"\xc3\xa9", b"a long line of letters"]), max_size=30)


@settings(deadline=None)
@given(pieces=PIECES, step=st.integers(1, 12))
def test_every_line_is_in_one_split(pieces: list[bytes], step: int) -> None:
    content = b"".join(pieces)
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(splits, "SPLIT_BYTES", step)
        path = Path(folder) / "a.jsonl"
        path.write_bytes(content)
        found = [lines(split) for split in cut([str(path)])]
    assert [line for some in found for line in some] == [line.strip() for line in content.split(b"\n") if line.strip()]


def test_splits_are_numbered_and_empty_ones_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splits, "SPLIT_BYTES", 4)
    (tmp_path / "a.jsonl").write_bytes(b"{}\n{}\n\n\n\n\n{}")
    found = cut([str(tmp_path / "a.jsonl")])
    done = numbered(found, [len(lines(split)) for split in found])
    assert [(split.first, split.rows) for split in done] == [(0, 2), (2, 1)]
    assert len(done) < len(found)


def test_a_folder_is_taken_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b/2.parquet", "b/1.parquet", "a.parquet", ".hidden/x.parquet", "_temporary/y.parquet", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert found_files([tmp_path]) == [f"{tmp_path}/{name}" for name in ("a.parquet", "b/1.parquet", "b/2.parquet")]
    assert found_files([tmp_path / "b" / "*.parquet", tmp_path / "a.parquet"])[-1] == f"{tmp_path}/a.parquet"
    assert found_files([tmp_path.as_uri()]) == [
        f"{tmp_path.as_uri()}/{name}" for name in ("a.parquet", "b/1.parquet", "b/2.parquet")
    ]


def test_files_of_two_kinds_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").touch()
    (tmp_path / "a.parquet").touch()
    with pytest.raises(FormatError, match="give files of one kind"):
        found_files([tmp_path])


def test_an_address_leads_to_its_file_system(tmp_path: Path) -> None:
    files, inner = filesystem(tmp_path.as_uri())
    assert (files.type_name, Path(inner)) == ("local", tmp_path)


def test_without_pyarrow_one_line_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.jsonl").touch()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for name in ("a.jsonl", "*.jsonl"):
        with pytest.raises(CuratorError, match=r"needs pyarrow.*instruct-curator\[scale\]"):
            found_files([tmp_path / name])
