"""A run's progress on stderr: one live line on a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from curator.run.progress import Progress
from ui.cli.output import console, percent, printable, rounded, say, usd

PLAIN_EVERY_S = 10.0
"""How often a line is printed where there is no terminal."""


@contextmanager
def showing() -> Iterator[Progress]:
    """Show a run's progress while the block runs.

    Yields:
        The progress object for the run to count up.
    """
    progress = Progress(on_notice=say)
    if sys.stderr.isatty():
        with _live(progress):
            yield progress
    else:
        with _plain(progress):
            yield progress


def line(progress: Progress) -> str:
    """Say in one line how far a run is.

    Args:
        progress: its counts.

    Returns:
        As in `412/1,030 replies (12 replayed) · 402 made, 61% accepted · 93k tokens · $0.0312 · 2 min left`.
    """
    left = [] if progress.eta_s is None else [_duration(progress.eta_s) + " left"]
    return " · ".join([*_counts(progress), *left])


def _counts(progress: Progress) -> list[str]:
    parts = []
    if progress.requests_planned or progress.requests:
        planned = max(progress.requests_planned, progress.requests)
        replayed = f" ({progress.replayed:,} replayed)" if progress.replayed else ""
        parts.append(f"{progress.requests:,}/{planned:,} replies{replayed}")
    if progress.made:
        parts.append(f"{progress.made:,} made, {percent(progress.accepted_share)} accepted")
    if progress.passes > 1:
        parts.append(f"pass {progress.passes}")
    if progress.tokens:
        parts.append(f"{rounded(progress.tokens)} tokens")
    if progress.usd:  # 0 may also mean that no price is known
        parts.append(usd(progress.usd))
    return parts or ["beginning"]


@contextmanager
def _live(progress: Progress) -> Iterator[None]:
    from rich.live import Live
    from rich.spinner import Spinner
    from rich.text import Text

    spinner = Spinner("dots")

    def render() -> Any:
        spinner.update(text=Text(" " + line(progress), no_wrap=True, overflow="ellipsis"))
        return spinner

    terminal = console(to_stderr=True)
    progress.on_notice = lambda text: terminal.print(printable(text), highlight=False, markup=False)
    with Live(get_renderable=render, console=terminal, refresh_per_second=8, transient=True):
        yield


@contextmanager
def _plain(progress: Progress) -> Iterator[None]:
    ended = threading.Event()

    def report() -> None:
        said = ""
        while not ended.wait(PLAIN_EVERY_S):
            now = line(progress)
            if now != said and progress.stages:
                say(now)
                said = now

    thread = threading.Thread(target=report, name="curator-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        if progress.requests:
            taken = _duration(time.monotonic() - progress.started_s) + " in all"
            say(" · ".join([*_counts(progress), taken]))


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
