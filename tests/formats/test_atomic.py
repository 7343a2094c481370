"""Tests of replacing files and folders."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from curator.errors import FormatError
from curator.formats import write_records
from curator.formats.atomic import replacing
from curator.formats.messages import Messages
from curator.record import single_turn


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    link, real = tmp_path / "link.txt", tmp_path / "real.txt"
    link.symlink_to(real)
    with replacing(link) as new:
        new.write_text("x")
    assert link.is_symlink()
    assert real.read_text() == "x"


def test_the_file_has_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    with replacing(tmp_path / "new") as new:
        new.write_text("x")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_folder_with_other_things_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear")
    with pytest.raises(FormatError, match="folder with other things in it"):
        write_records(f"{tmp_path}/home/", [single_turn("Q", "A")], Messages())
    assert (tmp_path / "home" / "letter.txt").read_text() == "dear"


def test_an_empty_folder_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    assert write_records(tmp_path / "data", [single_turn("Q", "A")], Messages()).written == 1


def test_a_file_in_the_way_of_a_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x")
    for path in (f"{tmp_path}/data/", f"{tmp_path}/data/a.jsonl"):
        with pytest.raises(FormatError, match="cannot be written"):
            write_records(path, [single_turn("Q", "A")], Messages())
    assert (tmp_path / "data").read_text() == "x"
    assert len(list(tmp_path.iterdir())) == 1


KILLED = """
import os, signal, sys
from pathlib import Path
from curator.formats.atomic import replacing
with replacing(Path(sys.argv[1])) as new:
    new.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_taken_away_and_nothing_else(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "a.txt")], check=False)
    assert killed.returncode == -signal.SIGKILL
    [left] = tmp_path.iterdir()
    (tmp_path / ".curator-notes").mkdir()
    with replacing(tmp_path / "b.txt") as at_work:
        at_work.write_text("b")
        for folder in (left, at_work.parent):
            os.utime(folder, (0, 0))
        with replacing(tmp_path / "a.txt") as new:
            new.write_text("a")
        assert not left.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".curator-notes", "a.txt", "b.txt"]
    assert (tmp_path / "b.txt").read_text() == "b"
