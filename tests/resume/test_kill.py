"""kill -9 at any moment, run again: the same dataset, byte for byte, and nothing but what was in flight asked twice."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from curator.store import FILE_NAME, Query, Store
from tests.resume.counting_server import CountingServer

KILLS = 20
IN_FLIGHT = 4
SPARE_KILLS = 2
SENTENCES = 300

MODELS = {
    "openai": "{{provider: openai, model: keeper, base_url: '{url}/v1', max_concurrency: {in_flight}}}",
    "ollama": "{{provider: ollama, model: keeper, base_url: '{url}', max_concurrency: {in_flight}}}",
}

RECIPE = """\
name: killed
seed: 3
sources: [book.md]
models:
  writer: {model}
stages:
  - {{use: book-qa, model: writer, options: {{per_chunk: 50, max_words: 60}}}}
  - {{use: heuristics}}
  - {{use: threshold, options: {{score: heuristics.format, min: 1}}}}
  - {{use: exact-dedup, options: {{field: instruction}}}}
export:
  - {{format: messages, path: out/all.jsonl, include_dropped: true}}
  - {{format: alpaca, path: out/kept.jsonl}}
"""


def workspace(folder: Path, model: str, sentences: int = SENTENCES) -> Path:
    """Write a workspace with a document of many facts."""
    folder.mkdir()
    keepers = (
        f"Keeper {number} of the long wall counts {number * 7} lamps every night." for number in range(sentences)
    )
    (folder / "book.md").write_text("# The Wall\n\n" + "\n\n".join(keepers) + "\n", encoding="utf-8")
    (folder / "recipe.yaml").write_text(RECIPE.format(model=model), encoding="utf-8")
    return folder


def start(folder: Path) -> subprocess.Popen[bytes]:
    """Start a run as a user would, in a process of its own."""
    environment = {**os.environ, "OPENAI_API_KEY": "none-needed"}
    command = [sys.executable, "-m", "ui.cli.main", "run", "-w", str(folder), "--yes"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def kill_at_a_moment(folder: Path, server: CountingServer, moments: random.Random, *, at_work: bool) -> bool:
    """Start a run and kill it: while it asks something new, or whenever, at start-up or in replay; True if it lived."""
    wanted = server.asked.total() + moments.randint(1, 2 * IN_FLIGHT)
    process = start(folder)
    try:
        if at_work:
            while not server.wait_for(wanted, timeout_s=0.2) and process.poll() is None:
                pass
        else:
            time.sleep(moments.uniform(0.05, 1.2))
        return process.poll() is None
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def finish(folder: Path) -> None:
    """Run to the end."""
    process = start(folder)
    _out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err.decode()


@pytest.mark.parametrize("provider", sorted(MODELS))
def test_killed_runs_give_the_same_dataset(provider: str, tmp_path: Path) -> None:
    """Twenty kills at random moments change no byte of what is exported, and repeat at most what was in flight."""
    moments = random.Random(11)
    with CountingServer() as server:
        model = MODELS[provider].format(url=server.url, in_flight=IN_FLIGHT)
        whole = workspace(tmp_path / "whole", model)
        finish(whole)
        asked_once = server.asked.copy()
        assert set(asked_once.values()) == {1}
        server.asked.clear()

        torn = workspace(tmp_path / "torn", model)
        alive = sum(
            kill_at_a_moment(torn, server, moments, at_work=kill % 4 != 0) for kill in range(KILLS + SPARE_KILLS)
        )
        assert alive >= KILLS
        finish(torn)

        repeated = sum(count - 1 for count in server.asked.values())
        assert set(server.asked) == set(asked_once)
        assert repeated <= alive * IN_FLIGHT
    for name in ("all.jsonl", "kept.jsonl"):
        assert (torn / "out" / name).read_bytes() == (whole / "out" / name).read_bytes()
    assert accepted(torn) == accepted(whole)
    assert 0 < len(accepted(whole)) < len(asked_once)


def test_what_the_embedded_model_wrote_before_a_kill_is_not_written_again(tmp_path: Path) -> None:
    """Replies of the engine in the process itself outlive the process, one by one.

    Which of two nearly equal words a model takes may depend on what else is in its batch, so an uninterrupted run is no
    measure here: the dataset must be made of the very replies that were stored before the kills.
    """
    moments = random.Random(5)
    torn = workspace(tmp_path / "torn", "{provider: local, temperature: 0, max_tokens: 40}", sentences=32)
    stored: dict[str, bytes] = {}
    kills = 0
    while kills < 4 and len(stored) <= 16:  # replies come in batches: on a slow machine few kills use them up
        kills += 1
        process = start(torn)
        wanted = len(stored) + moments.randint(1, 5)
        while len(found := replies(torn)) < wanted and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert stored.items() <= found.items()
        stored = replies(torn)
        assert found.items() <= stored.items()
    assert 0 < len(stored) < 32
    finish(torn)
    assert stored.items() <= replies(torn).items()
    exported = (torn / "out" / "all.jsonl").read_bytes()
    assert exported.count(b"\n") == 32
    finish(torn)
    assert (torn / "out" / "all.jsonl").read_bytes() == exported


def replies(folder: Path) -> dict[str, bytes]:
    """Return what a workspace's store holds: each reply under its key, with the time it came."""
    if not (folder / FILE_NAME).exists():
        return {}
    with contextlib.closing(sqlite3.connect(folder / FILE_NAME, timeout=10)) as connection:
        try:
            rows = connection.execute("SELECT key, reply || created_at FROM replies").fetchall()
        except sqlite3.OperationalError:  # the run is only just making its tables
            return {}
    return dict(rows)


def accepted(folder: Path) -> list[str]:
    """Return the ids that a workspace's last run accepted, in order."""
    with Store.open(folder, create=False) as store:
        run = store.runs.latest("done")
        assert run is not None
        return [record.id for record in store.candidates.select(run, Query(status="kept"))]
