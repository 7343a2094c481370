"""An endpoint on loopback that counts what it is asked and answers by what it was asked."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections import Counter
from types import TracebackType
from typing import Any, Self

from aiohttp import web


class CountingServer:
    """Speaks OpenAI's and Ollama's chat protocols, in a thread of its own, so that it outlives the processes that ask.

    Attributes:
        asked: how often each request came, by the hash of its messages.
        url: where it listens.
    """

    def __init__(self, delay_s: float = 0.02) -> None:
        self.asked: Counter[str] = Counter()
        self.url = ""
        self._delay_s = delay_s
        self._arrived = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(20), "the server did not start"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    def wait_for(self, total: int, timeout_s: float) -> bool:
        """Wait until so many requests have come in all; False if they did not come in time."""
        with self._arrived:
            return self._arrived.wait_for(lambda: self.asked.total() >= total, timeout_s)

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._openai)
        app.router.add_post("/api/chat", self._ollama)
        app.router.add_get("/api/tags", self._tags)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _answer(self, request: web.Request) -> tuple[dict[str, Any], str]:
        try:
            body = await request.json()
        except ConnectionResetError:  # killed while it was sending: what has not arrived is not asked
            raise web.HTTPBadRequest from None
        digest = hashlib.sha256(json.dumps(body["messages"]).encode()).hexdigest()[:12]
        with self._arrived:
            self.asked[digest] += 1
            self._arrived.notify_all()
        await asyncio.sleep(self._delay_s * (1 + int(digest, 16) % 3))
        # Fewer questions than requests, so that the stage against duplicates has work to do.
        return body, f"How many lamps does the keeper of post {int(digest, 16) % 97} count?"

    async def _openai(self, request: web.Request) -> web.Response:
        body, text = await self._answer(request)
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 50, "completion_tokens": 20, "total_tokens": 70}
        return web.json_response(
            {
                "id": "x",
                "object": "chat.completion",
                "created": 0,
                "model": body["model"],
                "choices": [choice],
                "usage": usage,
            }
        )

    async def _ollama(self, request: web.Request) -> web.Response:
        body, text = await self._answer(request)
        return web.json_response(
            {
                "model": body["model"],
                "created_at": "2026-01-01T00:00:00Z",
                "message": {"role": "assistant", "content": text},
                "done": True,
                "done_reason": "stop",
                "prompt_eval_count": 50,
                "eval_count": 20,
            }
        )

    async def _tags(self, _request: web.Request) -> web.Response:
        model = {
            "name": "keeper:latest",
            "model": "keeper:latest",
            "digest": "f" * 64,
            "size": 1,
            "modified_at": "2026-01-01T00:00:00Z",
        }
        return web.json_response({"models": [model]})
