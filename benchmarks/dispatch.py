"""How fast our whole path asks an endpoint, beside the bare HTTP client and the plain SDK.

A local server answers every chat request after 50 ms, however many come. Each contestant asks it 2,000 different
questions, in a process of its own:

- `aiohttp`: 256 workers on one aiohttp session that decode the JSON and keep nothing;
- `openai`: 256 workers on the official AsyncOpenAI, as it comes;
- `curator`: `Model.ask` with its adaptive dispatcher and budget, each reply durable in the workspace's SQLite file.

Run `python benchmarks/dispatch.py`; the status is 1 when a target is missed. The rounds alternate between the
contestants, and the median of each counts.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

LATENCY_S = 0.05
IN_FLIGHT = 256
CONTESTANTS = ("aiohttp", "openai", "curator")
TARGET_SHARE = 0.6
TARGET_RSS_MB = 150


def serve(port: int) -> None:
    """Answer chat requests after 50 ms, without any limit, until killed."""
    from aiohttp import web

    content = "The harbour master writes the tide into the blue book every morning, before the first boat leaves. " * 3
    body = json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "bench",
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}],
            "usage": {"prompt_tokens": 30, "completion_tokens": 60, "total_tokens": 90},
        }
    ).encode()

    async def chat(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(LATENCY_S)
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    app.router.add_post("/v1/chat/completions", chat)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


def question(number: int) -> str:
    """Return the question of that number."""
    return f"Question {number}: what does the harbour master write down, and when?"


async def ask_with_aiohttp(base_url: str, count: int) -> None:
    """Ask with a bare aiohttp session."""
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def ask(number: int) -> None:
            body = {"model": "bench", "messages": [{"role": "user", "content": question(number)}]}
            async with session.post(f"{base_url}/chat/completions", json=body) as response:
                await response.json()

        await _by_workers(ask, count)


async def ask_with_openai(base_url: str, count: int) -> None:
    """Ask with the SDK as it comes."""
    from openai import AsyncOpenAI

    async with AsyncOpenAI(api_key="none", base_url=base_url, max_retries=0) as client:

        async def ask(number: int) -> None:
            await client.chat.completions.create(
                model="bench", messages=[{"role": "user", "content": question(number)}]
            )

        await _by_workers(ask, count)


async def ask_with_curator(base_url: str, count: int) -> None:
    """Ask with our whole path, in the way the stages do."""
    from curator.llm.budget import Budget
    from curator.llm.model import Answer, Model
    from curator.llm.openai import OpenAIProvider
    from curator.llm.spec import ModelSpec, PriceSpec
    from curator.record import Turn
    from curator.stage.ordered import as_stream, ordered_map
    from curator.store.store import Store

    price = PriceSpec(input_usd_per_million=1, output_usd_per_million=4)
    spec = ModelSpec(provider="openai", model="bench", base_url=base_url, max_tokens=100, price=price)
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "curator.db") as store:
        budget = Budget(max_usd=1000.0)
        model = Model.from_spec(OpenAIProvider(spec), spec, provider="openai", cache=store.replies, budget=budget)

        async def ask(number: int) -> Answer:
            return await model.ask((Turn("user", question(number)),))

        answers = [answer async for answer in ordered_map(as_stream(list(range(count))), ask)]
        await model.aclose()
        if store.replies.count() != count or any(answer.replayed for answer in answers):
            raise SystemExit("curator: not every reply was bought and stored")


ASK: dict[str, Callable[[str, int], Awaitable[None]]] = {
    "aiohttp": ask_with_aiohttp,
    "openai": ask_with_openai,
    "curator": ask_with_curator,
}


async def _by_workers(ask: Callable[[int], Awaitable[None]], count: int) -> None:
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            await ask(number)

    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))


def contest(contestant: str, base_url: str, count: int) -> None:
    """Run one contestant in this process and print what it took, as JSON."""

    async def timed() -> dict[str, float]:
        await ASK[contestant](base_url, 20)  # imports, and the first connections
        wall, cpu = time.perf_counter(), time.process_time()
        await ASK[contestant](base_url, count)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return {"requests_per_s": count / wall, "cpu_ms": 1000 * cpu / count, "rss_mb": rss_mb}

    print(json.dumps(asyncio.run(timed())))


def compare(count: int, rounds: int) -> bool:
    """Run all contestants, print the table, and return whether the targets are met."""
    port = _free_port()
    server = subprocess.Popen([sys.executable, __file__, "serve", str(port)])
    results: dict[str, list[dict[str, float]]] = {contestant: [] for contestant in CONTESTANTS}
    try:
        _wait_for(port)
        for _, contestant in itertools.product(range(rounds), CONTESTANTS):
            command = [sys.executable, __file__, "contest", contestant, f"http://127.0.0.1:{port}/v1", str(count)]
            results[contestant].append(json.loads(subprocess.check_output(command, text=True)))
    finally:
        server.terminate()
        server.wait()
    median = {
        contestant: {figure: statistics.median(row[figure] for row in rows) for figure in rows[0]}
        for contestant, rows in results.items()
    }
    print("| client | requests/s | of aiohttp | CPU ms/request | RSS MB |\n|---|---|---|---|---|")
    for contestant, row in median.items():
        share = row["requests_per_s"] / median["aiohttp"]["requests_per_s"]
        print(
            f"| {contestant} | {row['requests_per_s']:.0f} | {share:.2f} | {row['cpu_ms']:.2f} | {row['rss_mb']:.0f} |"
        )
    ours = median["curator"]
    fast = ours["requests_per_s"] >= TARGET_SHARE * median["aiohttp"]["requests_per_s"]
    return fast and ours["rss_mb"] < TARGET_RSS_MB


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit("the benchmark's server did not start")


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000, help="questions in a round")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each contestant")
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("serve").add_argument("port", type=int)
    one = commands.add_parser("contest")
    one.add_argument("contestant", choices=CONTESTANTS)
    one.add_argument("base_url")
    one.add_argument("count", type=int)
    options = parser.parse_args()
    if options.command == "serve":
        serve(options.port)
    elif options.command == "contest":
        contest(options.contestant, options.base_url, options.count)
    else:
        return 0 if compare(options.count, options.rounds) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
