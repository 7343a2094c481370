"""What a run says while it goes on."""

from __future__ import annotations

import os
import pty
import re
import time
from pathlib import Path

import pytest

from curator.llm.base import ChatReply, Usage
from curator.llm.model import Answer
from curator.run.progress import Progress, StageProgress
from tests.ui.project import PAIRS
from tests.ui.terminal import program
from ui.cli.progress import line, showing

SLOW = ("--set", "models.writer.extra.latency_s=0.4", "--set", "models.writer.max_concurrency=1")
PRICE = ("--set", "models.writer.price={input_usd_per_million: 1, output_usd_per_million: 2}")


def answered(key: str, *, replayed: bool = False) -> Answer:
    return Answer(ChatReply("yes", usage=Usage(30_000, 1_000)), key, replayed=replayed, usd=0.25)


def test_the_line_says_how_far_it_is() -> None:
    progress = Progress(requests_planned=1030)
    progress.stages = {"a": StageProgress(made=400, dropped=100), "b": StageProgress(dropped=60)}
    progress.answered(answered("1", replayed=True))
    progress.answered(answered("2"))
    assert line(progress) == "2/1,030 replies (1 replayed) · 400 made, 60% accepted · 62k tokens · $0.5000"


def test_the_line_says_how_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    progress = Progress(requests_planned=40)
    for number in range(4):
        progress.answered(answered(str(number)))
    progress.started_s = time.monotonic() - 8
    assert line(progress).endswith(" · 72 s left")
    progress.started_s = time.monotonic() - 400
    assert line(progress).endswith(" · 60 min left")


def test_a_run_that_asks_nobody_is_told_by_its_records() -> None:
    progress = Progress()
    assert line(progress) == "beginning"
    progress.stages = {"a": StageProgress(made=2)}
    assert line(progress) == "2 made, 100% accepted"


def test_more_than_was_planned_does_not_overflow() -> None:
    progress = Progress(requests_planned=1)
    progress.answered(answered("1"))
    progress.answered(answered("2"))
    assert line(progress).startswith("2/2 replies")


def test_without_a_terminal_plain_lines_come_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.cli.progress.PLAIN_EVERY_S", 0.02)
    with showing() as progress:
        progress.notice("a model was chosen")
        progress.begin_pass(("a",))
        progress.answered(answered("1"))
        time.sleep(0.2)
    told = capsys.readouterr()
    assert told.out == ""
    first, *lines = told.err.splitlines()
    assert first == "a model was chosen"
    assert lines[0] == "1/1 replies · 31k tokens · $0.2500"
    assert len(lines) == 2  # the same is not said again, but for the end
    assert lines[1].endswith(" in all")


def on_a_terminal(project: Path, *arguments: str, typed: bytes = b"") -> tuple[int, str]:
    """Run `curator` with a terminal for all three streams, and return its exit code and what the terminal showed."""
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
    process = program(*arguments, cwd=project, stdin=slave, stdout=slave, stderr=slave, env=environment)
    os.close(slave)
    os.write(master, typed)
    shown = b""
    while True:
        try:
            shown += os.read(master, 4096)
        except OSError:  # the other end is closed
            break
    os.close(master)
    return process.wait(60), re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode())


def test_on_a_terminal_one_line_lives(project: Path) -> None:
    code, shown = on_a_terminal(project, "run", *SLOW)
    assert code == 0
    live = [text for text in re.split(r"[\r\n]+", shown) if f"/{len(PAIRS)} replies" in text]
    assert len(live) > 5  # it moves while replies come in
    assert max(map(len, live)) <= 80
    assert "Run 1: done" in shown


@pytest.mark.parametrize(("typed", "code", "says"), [(b"n\n", 3, "nothing was spent"), (b"y\n", 0, "Run 1: done")])
def test_on_a_terminal_one_is_asked_before_money_is_spent(typed: bytes, code: int, says: str, project: Path) -> None:
    ended, shown = on_a_terminal(project, "run", *PRICE, typed=typed)
    assert ended == code
    assert "may cost $0.00" in shown
    assert "Go on? [y/N]" in shown
    assert says in shown
