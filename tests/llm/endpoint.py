"""A real OpenAI-compatible endpoint on a free loopback port, whose behaviour a test writes down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Behave = Callable[["Call"], Awaitable[web.StreamResponse] | web.StreamResponse]


class Call:
    """One chat request as it arrived: its number from 0, headers, body and time."""

    def __init__(self, number: int, request: web.Request, body: dict[str, Any]) -> None:
        self.number = number
        self.request = request
        self.body = body
        self.at_s = time.monotonic()

    @property
    def question(self) -> str:
        """The last turn."""
        return str(self.body["messages"][-1]["content"])


class Endpoint:
    """What the endpoint saw."""

    def __init__(self, url: str, behave: Behave) -> None:
        self.url = url
        self.behave = behave
        self.calls: list[Call] = []
        self.at_once = 0
        self.most_at_once = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Note the call and behave."""
        call = Call(len(self.calls), request, await request.json())
        self.calls.append(call)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            response = self.behave(call)
            return await response if isinstance(response, Awaitable) else response
        finally:
            self.at_once -= 1


def reply(text: str = "fine", *, finish_reason: str = "stop", usage: bool = True, **message: Any) -> web.Response:
    """Return a chat completion."""
    body: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "served-model",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish_reason,
                "message": {"role": "assistant", "content": text, **message},
            }
        ],
    }
    if usage:
        body["usage"] = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    return web.json_response(body)


def failure(status: int, message: str = "no", **headers: str) -> web.Response:
    """Return an error in OpenAI's form."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.json_response({"error": {"message": message, "type": "t", "code": None}}, status=status, headers=named)


@asynccontextmanager
async def endpoint(behave: Behave, models: tuple[str, ...] = ("alpha", "beta")) -> AsyncIterator[Endpoint]:
    """Serve until the block ends."""
    app = web.Application()
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    served = Endpoint("", behave)

    async def listed(_: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": name, "object": "model"} for name in models]})

    app.router.add_post("/v1/chat/completions", served.answer)
    app.router.add_post("/v1/completions", served.answer)
    app.router.add_get("/v1/models", listed)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    served.url = f"http://127.0.0.1:{port}/v1"
    try:
        yield served
    finally:
        await runner.cleanup()


async def slowly(seconds: float, response: web.StreamResponse) -> web.StreamResponse:
    """Return `response` after a while."""
    await asyncio.sleep(seconds)
    return response
