"""llama.cpp's server in a process of its own: batches whatever is in flight, and answers on a free loopback port.

Why a process: the OpenMP runtime reads its settings once, when the first library that uses it is loaded, and that may
have been torch; a file that llama.cpp cannot bear, or a machine that runs out of memory, ends the engine and not the
run; and nothing of it is left behind. Why HTTP: a request whose connection is closed stops generating at once. The port
is guarded by a random key, for other users of the machine can reach it.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

from curator.errors import ProviderError

_PROGRAM = Path(__file__).with_name("local_process.py")
_LAST_WORDS_CHARS = 300
_PATIENCE_S = 5.0

_SPIN_COUNT = "1000"
"""How long a thread of the engine spins for the others before it sleeps, in libgomp's iterations.

Measured with the embedded model on two cores, tokens a second with one request in flight / with one for each slot:

    iterations                        0          1,000      10,000
    idle machine, 8 slots             27 / 99    76 / 150   76 / 149
    beside two busy programs, 8       21 / 50    26 / 70    not measured
    beside another engine, 4          37 / 67    30 / 61     8 / 25

The library's own 300,000 is no faster on the idle machine, and beside the busy programs no reply came within 100 s.
"""


class EngineSettings(msgspec.Struct, frozen=True):
    """What an engine is started with.

    Attributes:
        weights: the GGUF file.
        name: the name it gives its model in replies.
        slots: how many requests it works on at once.
        context_tokens: how long prompt and reply may be together, in each slot.
        threads: processor threads.
        lora: a LoRA adapter as GGUF; "" for none.
        lora_scale: how strongly the adapter counts; 1 is as trained.
    """

    weights: str
    name: str
    slots: int
    context_tokens: int
    threads: int
    lora: str = ""
    lora_scale: float = 1.0


class _Told(msgspec.Struct):
    url: str = ""
    error: str = ""


class Engine:
    """A running engine.

    Attributes:
        url: where it answers.
        key: the bearer token it asks for.
        pid: its process.
    """

    def __init__(self, settings: EngineSettings) -> None:
        """Start the process and load the model; takes about a second for the embedded model.

        Args:
            settings: what to run.

        Raises:
            ProviderError: the engine is not installed, or cannot load the file.
        """
        if importlib.util.find_spec("xllamacpp") is None:
            raise ProviderError(
                "the engine that runs models on this machine is missing: pip install 'instruct-curator[local]'"
            )
        self.key = secrets.token_urlsafe(24)
        self._words = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `close`
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-P", str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            env=_environment(),
        )
        self.pid = self._process.pid
        told = self._exchange({**msgspec.structs.asdict(settings), "key": self.key})
        if not told.url:
            self.close()
            adapter = f" with the adapter {settings.lora}" if settings.lora else ""
            raise ProviderError(
                f"llama.cpp cannot load {settings.weights}{adapter}: the file is damaged or cut off, of a kind that "
                f"this version does not know, or too large for the memory. It says: {told.error}"
            )
        self.url = told.url

    def last_words(self) -> str:
        """Return how the process ended and what it said last; "" while it runs."""
        status = self._process.poll()
        if status is None:
            return ""
        self._words.seek(0)
        said = " ".join(self._words.read().decode("utf-8", "replace").split())[-_LAST_WORDS_CHARS:]
        return f"its process ended with status {status}" + (f": {said}" if said else "")

    def close(self) -> None:
        """End the process; what it worked on is given up."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._words.close()

    def _exchange(self, settings: dict[str, object]) -> _Told:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:  # never: both were asked for
            return _Told()
        try:
            stdin.write(msgspec.json.encode(settings) + b"\n")
            stdin.flush()
            return msgspec.json.decode(stdout.readline(), type=_Told)
        except (BrokenPipeError, msgspec.DecodeError):
            self._process.wait()
            return _Told(error=self.last_words())


def _environment() -> dict[str, str]:
    """Return the process's environment; the user's own wishes about OpenMP win."""
    own = {} if "OMP_WAIT_POLICY" in os.environ else {"GOMP_SPINCOUNT": _SPIN_COUNT}
    return {**own, **os.environ}
