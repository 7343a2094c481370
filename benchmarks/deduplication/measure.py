"""What one contestant takes, in a process of its own."""

from __future__ import annotations

import ctypes
import gc
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from deduplication.contestants import CONTESTANTS, Gives, answer, judged
from deduplication.corpus import corpus_of, truth_of
from deduplication.files import dropped

SMALL = "1k"
"""On this corpus each runs once before it is measured: imports, thread pools, tables made at first use."""

Kind = Literal["contestant", "program"]
"""A contestant works on texts in memory and is measured there; a program works on a file and is measured as a whole."""

_LIMIT_S = 900
_DUMPED = (" ", "Extension modules", "Thread ", "Current thread")


class Measured(NamedTuple):
    """What one run took, and how good it was.

    Attributes:
        cpu_s: seconds of the processor, over all threads and child processes; without start-up and reading, but for
            a program.
        wall_s: seconds by the clock.
        extra_mb: memory at its peak, beyond what was held when the work began.
        peak_mb: memory of the process at its peak, texts and libraries included.
        recall: see `Judged`, as what follows.
        precision: see there.
        pairs: see there.
        edge_pairs: see there.
    """

    cpu_s: float
    wall_s: float
    extra_mb: float
    peak_mb: float
    recall: float
    precision: float
    pairs: float
    edge_pairs: float


def in_a_process(script: Path, kind: Kind, who: str, corpus: str) -> Measured | str:
    """Run a contestant or a program once in a fresh interpreter.

    Args:
        script: the benchmark's script, which knows the kinds as commands.
        kind: which of the two.
        who: its name.
        corpus: the corpus.

    Returns:
        What it took; or why nothing came of it, in words.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "found"
        command = [sys.executable, str(script), kind, who, corpus, str(path)]
        try:
            ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_LIMIT_S)
        except subprocess.TimeoutExpired:
            return f"not done after {_LIMIT_S} s"
        if ended.returncode:
            words = [line for line in ended.stderr.splitlines() if line.strip() and not line.startswith(_DUMPED)]
            return words[-1][:200] if words else f"ended with status {ended.returncode}"
        took = json.loads(ended.stdout.splitlines()[-1])
        texts = corpus_of(corpus)
        found = dropped(path, texts.size) if kind == "program" else np.load(path.with_suffix(".npy"))
    gives: Gives = "dropped" if kind == "program" else CONTESTANTS[who].gives
    return Measured(**took, **judged(found, gives, truth_of(texts))._asdict())


def contest(who: str, corpus_name: str, path: Path) -> None:
    """Run a contestant in this process, print what it took as JSON, and keep its answer.

    Args:
        who: the contestant.
        corpus_name: the corpus.
        path: where its answer goes, but for the ending `.npy`.
    """
    contestant, corpus = CONTESTANTS[who], corpus_of(corpus_name)
    contestant.run(contestant.given(corpus_of(SMALL)))
    given = contestant.given(corpus)
    gc.collect()
    _give_back_memory()
    held_mb, cpu_s, wall_s = _memory_mb("VmRSS"), _cpu_s(), time.perf_counter()
    found = contestant.run(given)
    cpu_s, wall_s = _cpu_s() - cpu_s, time.perf_counter() - wall_s
    peak_mb = _memory_mb("VmHWM")
    np.save(path, answer(found, corpus.size))
    print(json.dumps({"cpu_s": cpu_s, "wall_s": wall_s, "extra_mb": peak_mb - held_mb, "peak_mb": peak_mb}))


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _memory_mb(field: str) -> float:
    found = re.search(rf"{field}:\s*(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))
    return int(found[1]) / 1024 if found else 0.0


def _give_back_memory() -> None:
    """Hand free memory back and forget the peak so far, so that reading the texts is not counted."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
