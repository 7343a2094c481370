"""Stores that cannot be used: newer, damaged, locked, in use, or on a full disk."""

from __future__ import annotations

import resource
import sqlite3
import time
from pathlib import Path

import pytest

from tests.ui.project import KEPT, PAIRS, pair, write_lines
from tests.ui.terminal import Call, ended, program

NAME = "curator.db"


@pytest.mark.parametrize("command", ["run", "status", "ls", "show r1", "export -o x.jsonl"])
def test_a_newer_store(command: str, ran: Path, curator: Call) -> None:
    with sqlite3.connect(ran / NAME) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    done = curator(*command.split())
    assert done.code == 1
    assert "was written by a newer version of Curator (schema 999" in done.error
    assert "upgrade instruct-curator" in done.error


@pytest.mark.parametrize("command", ["run", "status", "ls"])
def test_a_file_that_is_no_store(command: str, project: Path, curator: Call) -> None:
    (project / NAME).write_bytes(b"not a database, but long enough to be taken for one" * 50)
    done = curator(*command.split())
    assert done.code == 1
    assert "is damaged or no Curator store" in done.error


def test_a_store_damaged_in_the_middle(ran: Path, curator: Call) -> None:
    content = bytearray((ran / NAME).read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    (ran / NAME).write_bytes(content)
    done = curator("status")
    assert done.code == 1
    assert NAME in done.error


def test_a_store_that_another_program_holds(ran: Path, curator: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curator.store.connection.BUSY_S", 0.2)
    holder = sqlite3.connect(ran / NAME, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    done = curator("run")
    assert done.code == 1
    assert "is locked by another program" in done.error
    assert len(curator("ls", "--json", "--status", "kept").data) == KEPT  # reading goes on
    holder.execute("ROLLBACK")
    holder.close()
    assert curator("run").code == 0


def test_two_runs_at_once(project: Path, curator: Call) -> None:
    first = program("run", "--set", "models.writer.extra.latency_s=1.5", cwd=project)
    mark = project / ".curator.lock.pid"
    until_s = time.monotonic() + 30
    while not (mark.exists() and mark.read_text()) and time.monotonic() < until_s:
        time.sleep(0.02)
    for command in (("run",), ("run", "--fresh")):
        second = curator(*command)
        assert second.code == 1
        assert f"another run is at work in {project} (process {first.pid})" in second.error
    assert curator("status").code == 0
    assert ended(first).code == 0
    assert curator("run", "--json").data["cost"]["bought"] == 0  # the first run's replies


def test_a_full_disk_loses_nothing_that_was_stored(project: Path, curator: Call) -> None:
    lines = [{"contains": sentence, "reply": pair(sentence) + " " * 90_000} for sentence in PAIRS]
    write_lines(project / "script.jsonl", *lines)
    limit = 220_000

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    one_by_one = ("--set", "models.writer.max_concurrency=1")
    done = ended(program("run", *one_by_one, cwd=project, preexec_fn=small_files))
    assert done.code == 1
    assert "the disk is full or failing" in done.error
    assert "run again: it goes on from here" in done.error
    data = curator("run", "--json", *one_by_one).data
    assert 0 < data["cost"]["bought"] < len(PAIRS)
    assert data["candidates"]["kept"] == KEPT
