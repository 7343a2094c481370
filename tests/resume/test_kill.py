"""kill -9 at any moment, run again: the same dataset, byte for byte, and nothing paid for twice but what was in flight."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from curator.store import Query, Store
from tests.resume.counting_server import CountingServer

KILLS = 20
IN_FLIGHT = 4
SENTENCES = 240

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
  - {{use: near-dedup}}
export:
  - {{format: messages, path: out/all.jsonl, include_dropped: true}}
  - {{format: alpaca, path: out/kept.jsonl}}
"""


def workspace(folder: Path, model: str) -> Path:
    """Write a workspace with a document of many facts."""
    folder.mkdir()
    keepers = (f"Keeper {number} of the long wall counts {number * 7} lamps every night." for number in range(SENTENCES))
    (folder / "book.md").write_text("# The Wall\n\n" + "\n\n".join(keepers) + "\n", encoding="utf-8")
    (folder / "recipe.yaml").write_text(RECIPE.format(model=model), encoding="utf-8")
    return folder


def start(folder: Path) -> subprocess.Popen[bytes]:
    """Start a run as a user would, in a process of its own."""
    environment = {**os.environ, "OPENAI_API_KEY": "none-needed"}
    command = [sys.executable, "-m", "ui.cli.main", "run", "-w", str(folder), "--yes"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def kill_at_a_moment(folder: Path, server: CountingServer, moments: random.Random, *, at_work: bool) -> None:
    """Start a run and kill it: while it is asking something new, or whenever, be it at start-up or in replay."""
    before = server.asked.total()
    process = start(folder)
    try:
        if at_work:
            assert server.wait_for(before + moments.randint(1, 3 * IN_FLIGHT), timeout_s=60), "the run asked nothing new"
        else:
            time.sleep(moments.uniform(0.05, 2.0))
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
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
        for _kill in range(KILLS):
            process = start(torn)
            before = server.asked.total()
            came = server.wait_for(before + moments.randint(1, 2 * IN_FLIGHT), timeout_s=60)
            assert came, (process.poll(), (process.stderr.read() if process.poll() is not None and process.stderr else b""))
            process.send_signal(signal.SIGKILL)
            process.wait()
            if process.stderr:
                process.stderr.close()
        finish(torn)

        repeated = sum(count - 1 for count in server.asked.values())
        assert set(server.asked) == set(asked_once)
        assert repeated <= KILLS * IN_FLIGHT
        assert all(count <= KILLS for count in server.asked.values())
    for name in ("all.jsonl", "kept.jsonl"):
        assert (torn / "out" / name).read_bytes() == (whole / "out" / name).read_bytes()
    assert accepted(torn) == accepted(whole)
    assert 0 < len(accepted(whole)) < len(asked_once)


def accepted(folder: Path) -> list[str]:
    """Return the ids that a workspace's last run accepted, in order."""
    with Store.open(folder, create=False) as store:
        run = store.runs.latest("done")
        assert run is not None
        return [record.id for record in store.candidates.select(run, Query(status="kept"))]
