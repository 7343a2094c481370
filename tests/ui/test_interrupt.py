"""Ctrl-C in the middle of a run: it ends with 130, says so, and the next run asks only what had not come back."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest
from aiohttp import web

from tests.llm.endpoint import Call as Request
from tests.llm.endpoint import Endpoint, reply, slowly
from tests.ui.conftest import Serve
from tests.ui.project import use_endpoint
from tests.ui.terminal import Call, ended, program

CHAPTERS = 24
AT_ONCE = 4


async def in_a_while(request: Request) -> web.StreamResponse:
    return await slowly(0.1, reply('{"pairs": []}'))


def wait_for_calls(endpoint: Endpoint, count: int) -> None:
    until_s = time.monotonic() + 30
    while len(endpoint.calls) < count and time.monotonic() < until_s:
        time.sleep(0.01)
    assert len(endpoint.calls) >= count


def test_interrupted_and_run_again(project: Path, curator: Call, serve: Serve) -> None:
    chapters = (f"## Street {n}\n\nThe lamp of street {n} was lit by Ada Quill in 18{n:02}.\n" for n in range(CHAPTERS))
    (project / "sources" / "notes.md").write_text("# Lamps\n\n" + "\n".join(chapters), encoding="utf-8")
    with serve(in_a_while) as endpoint:
        use_endpoint(project, endpoint.url, f"max_concurrency: {AT_ONCE}")
        first = program("run", "--yes", cwd=project)
        wait_for_calls(endpoint, 3 * AT_ONCE)
        first.send_signal(signal.SIGINT)
        done = ended(first)
        assert done.code == 130
        assert "Interrupted. Every reply that came in is saved; the same command goes on from there." in done.err
        assert "Traceback" not in done.err
        assert done.out == ""
        status = curator("status")
        assert "Run 1: interrupted (interrupted by the user)" in status.out
        assert "`curator run` goes on from there" in status.err
        again = curator("run", "--yes", "--json")
        asked = [request.question for request in endpoint.calls]
    assert again.code == 0, again.err
    assert len(set(asked)) == CHAPTERS
    assert len(asked) <= CHAPTERS + AT_ONCE
    cost = again.data["cost"]
    assert (cost["requests"], cost["bought"] < CHAPTERS) == (CHAPTERS, True)


@pytest.mark.parametrize("command", ["dedup", "decontaminate --against bench.jsonl"])
def test_without_replies_nothing_was_written(command: str, tmp_path: Path) -> None:
    row = {"question": "Who built the Corn Bridge in the old town?", "answer": "Ruth Tamsin did."}
    (tmp_path / "bench.jsonl").write_text(json.dumps(row))
    os.mkfifo(tmp_path / "a.jsonl")  # so that the command waits for rows, however fast it is
    name, *options = command.split()
    process = program(name, "a.jsonl", *options, "-o", "b.jsonl", cwd=tmp_path)
    with (tmp_path / "a.jsonl").open("w"):  # returns once it is there
        process.send_signal(signal.SIGINT)
        done = ended(process)
    assert done.code == 130
    assert done.err == "\nInterrupted. Nothing was written.\n"
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["bench.jsonl"]
