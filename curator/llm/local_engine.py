"""llama.cpp's server inside this process: batches whatever is in flight, and answers on a loopback port of its own.

Its HTTP port is used rather than its direct call, because a request whose connection is closed stops generating at
once, while a direct call occupies a thread until it has ended. The port is guarded by a random key.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import msgspec

from curator.errors import ProviderError

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
        lora: a LoRA adapter as GGUF, if any.
        lora_scale: how strongly the adapter counts; 1 is as trained.
    """

    weights: Path
    name: str
    slots: int
    context_tokens: int
    threads: int
    lora: Path | None = None
    lora_scale: float = 1.0


class Engine:
    """A running engine.

    Attributes:
        url: where it answers.
        key: the bearer token it asks for.
    """

    def __init__(self, settings: EngineSettings) -> None:
        """Load the model and start; takes about a second for the embedded model.

        Raises:
            ProviderError: the engine is not installed, or cannot load the file.
        """
        library = _library()
        self.key = secrets.token_urlsafe(24)
        try:
            self._server = library.Server(_parameters(library, settings, self.key))
        except RuntimeError as error:
            adapter = f" with the adapter {settings.lora}" if settings.lora else ""
            raise ProviderError(
                f"llama.cpp cannot load {settings.weights}{adapter}: the file is damaged or cut off, of a kind that "
                f"this version does not know, or too large for the memory. It says: {error}"
            ) from error
        self.url: str = self._server.listening_address

    def close(self) -> None:
        """Stop, and free the memory; requests must have been given up before, for it waits for those in flight."""
        self._server = None


def _library() -> ModuleType:
    try:
        with _spinning_briefly():
            import xllamacpp
    except ImportError as error:
        raise ProviderError(
            "the engine that runs models on this machine is missing: pip install 'instruct-curator[local]'"
        ) from error
    library: ModuleType = xllamacpp
    return library


@contextmanager
def _spinning_briefly() -> Iterator[None]:
    """Set the OpenMP runtime's spin count while it is loaded, which is when it reads it; the user's own wish wins."""
    if "GOMP_SPINCOUNT" in os.environ or "OMP_WAIT_POLICY" in os.environ:
        yield
        return
    os.environ["GOMP_SPINCOUNT"] = _SPIN_COUNT
    try:
        yield
    finally:
        del os.environ["GOMP_SPINCOUNT"]


def _parameters(library: ModuleType, settings: EngineSettings, key: str) -> object:
    parameters = library.CommonParams()
    parameters.model.path = str(settings.weights)
    parameters.model_alias = {settings.name}
    parameters.n_parallel = settings.slots
    parameters.n_ctx = settings.slots * settings.context_tokens
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = settings.threads
    # A thread for each slot, and some to notice in the meantime that a caller has gone.
    parameters.n_threads_http = settings.slots + 4
    parameters.cache_ram_mib = 0  # a second cache of prompts, up to 8 GB
    parameters.verbosity = -1
    parameters.port = 0
    parameters.api_keys = [key]
    parameters.ui = parameters.endpoint_slots = False
    if settings.lora is not None:
        parameters.lora_adapters = [library.CommonAdapterLoraInfo(str(settings.lora), settings.lora_scale)]
    return parameters
