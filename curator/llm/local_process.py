"""The program that `curator.llm.local_engine` starts: llama.cpp's server, for as long as its parent lives.

It is run as a file and imports nothing of ours. One line of JSON comes in on standard input (see `EngineSettings`), one
line goes out: `{"url": ...}` or `{"error": ...}`. When standard input ends, because the parent has closed it or has
died, in whatever way, the program ends too.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any


def main() -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to act on
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # so that nothing else can come between our lines
    settings = json.loads(sys.stdin.buffer.readline())
    try:
        server = _started(settings)
    except RuntimeError as error:
        print(json.dumps({"error": str(error)}), file=told, flush=True)
        return
    print(json.dumps({"url": server.listening_address}), file=told, flush=True)
    sys.stdin.buffer.read()
    os._exit(0)  # not by the server's own way out, which waits for requests that nobody waits for


def _started(settings: dict[str, Any]) -> Any:
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = settings["weights"]
    parameters.model_alias = {settings["name"]}
    parameters.n_parallel = settings["slots"]
    parameters.n_ctx = settings["slots"] * settings["context_tokens"]
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = settings["threads"]
    parameters.n_threads_http = settings["slots"] + 4  # one a slot, and some to notice that a caller has gone
    parameters.cache_ram_mib = 0  # a second cache of prompts, up to 8 GB
    parameters.verbosity = -1
    parameters.port = 0
    parameters.api_keys = [settings["key"]]
    parameters.ui = parameters.endpoint_slots = False
    if settings["lora"]:
        parameters.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(settings["lora"], settings["lora_scale"])]
    return xllamacpp.Server(parameters)


if __name__ == "__main__":
    main()
