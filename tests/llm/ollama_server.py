"""A server that speaks Ollama's own HTTP format, on a free loopback port, over any chat client of ours.

It answers as the original does where its client looks: lists with digests, replies in one piece or as lines, progress
of a pull, errors as `{"error": ...}` before and after the response has begun. It runs in a thread of its own, as the
real one runs in a process of its own.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web

from curator.errors import ProviderError, RequestRefused
from curator.llm.base import ChatClient, ChatReply, ChatRequest, Sampling, Usage
from curator.record import Turn

NO_DIGEST = "0" * 64
_WHEN = "2026-05-04T17:37:44.706015396Z"


@dataclass
class OllamaServer:
    """What the server has, and what it saw.

    Attributes:
        reply: how a chat is answered: a client of ours, or a function.
        models: the names of its models, each with its digest.
        embedders: those of them that only embed.
        pulls: the lines of progress that pulling a model yields; a name that is not here cannot be pulled.
        broken: answers every chat with this HTTP error instead.
        cut: breaks a streamed reply or a pull off after its first line, with an error line.
        chats: the bodies of the chats it was asked.
        continued: the bodies of the requests to continue a text.
        url: where it listens.
    """

    reply: ChatClient | Callable[[ChatRequest], str]
    models: dict[str, str] = field(default_factory=lambda: {"smollm2:135m": "9077fe9d2ae1" + "0" * 52})
    embedders: frozenset[str] = frozenset()
    pulls: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    broken: tuple[int, str] | None = None
    cut: str = ""
    chats: list[dict[str, Any]] = field(default_factory=list)
    continued: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    def application(self) -> web.Application:
        """Return the routes."""
        app = web.Application()
        app.router.add_get("/", self._root)
        app.router.add_get("/api/version", self._version)
        app.router.add_get("/api/tags", self._tags)
        app.router.add_post("/api/show", self._show)
        app.router.add_post("/api/chat", self._chat)
        app.router.add_post("/api/generate", self._generate)
        app.router.add_post("/api/pull", self._pull)
        return app

    async def _root(self, _request: web.Request) -> web.Response:
        return web.Response(text="Ollama is running")

    async def _version(self, _request: web.Request) -> web.Response:
        return web.json_response({"version": "0.12.6"})

    async def _tags(self, _request: web.Request) -> web.Response:
        models = [
            {
                "name": name,
                "model": name,
                "modified_at": _WHEN,
                "size": 98362432,
                "digest": digest,
                "details": self._details(),
            }
            for name, digest in self.models.items()
        ]
        return web.json_response({"models": models})

    async def _show(self, request: web.Request) -> web.Response:
        name = (await request.json())["model"]
        if name not in self.models:
            return self._missing(name)
        capabilities = ["embedding"] if name in self.embedders else ["completion"]
        return web.json_response(
            {
                "modelfile": "FROM x",
                "parameters": "",
                "template": "{{ .Prompt }}",
                "details": self._details(),
                "model_info": {"general.architecture": "llama"},
                "capabilities": capabilities,
                "modified_at": _WHEN,
            }
        )

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.chats.append(body)
        if self.broken is not None:
            status, words = self.broken
            return web.json_response({"error": words}, status=status)
        name = body["model"] if ":" in body["model"] else f"{body['model']}:latest"
        if name not in self.models:
            return self._missing(body["model"])
        try:
            reply = await self._answer(body)
        except RequestRefused as refusal:
            return web.json_response({"error": str(refusal)}, status=400)
        except ProviderError as error:
            return web.json_response({"error": str(error)}, status=500)
        if body.get("stream", True):
            parts = reply.text.replace(" ", "\0 ").split("\0")
            lines = [*(self._part(name, part) for part in parts), self._end(name, "", reply)]
            return await self._lines(request, lines)
        return web.json_response(self._end(name, reply.text, reply))

    async def _generate(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.continued.append(body)
        reply = await self._answer({**body, "messages": [{"role": "user", "content": body["prompt"]}]})
        end = self._end(body["model"], "", reply)
        return web.json_response({**end, "response": reply.text})

    async def _pull(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        lines = self.pulls.get(body["model"], [{"error": "pull model manifest: file does not exist"}])
        response = await self._lines(request, lines)
        if lines[-1] == {"status": "success"} and not self.cut:
            self.models[body["model"]] = "f" * 64
        return response

    async def _lines(self, request: web.Request, lines: list[dict[str, Any]]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        for line in [lines[0], {"error": self.cut}] if self.cut else lines:
            await response.write(json.dumps(line).encode() + b"\n")
        await response.write_eof()
        return response

    async def _answer(self, body: dict[str, Any]) -> ChatReply:
        options = body.get("options") or {}
        schema = body.get("format") or ""
        asked = ChatRequest(
            tuple(Turn(message["role"], message["content"]) for message in body["messages"]),
            body["model"],
            Sampling(
                temperature=options.get("temperature"),
                top_p=options.get("top_p"),
                max_tokens=options.get("num_predict"),
                stop=tuple(options.get("stop") or ()),
                seed=options.get("seed"),
            ),
            json_schema=msgspec.json.encode(schema).decode() if schema else "",
        )
        if callable(self.reply):
            return ChatReply(self.reply(asked), usage=Usage(11, 7))
        return await self.reply.chat(asked)

    def _part(self, name: str, content: str) -> dict[str, Any]:
        message = {"role": "assistant", "content": content}
        return {"model": name, "created_at": _WHEN, "message": message, "done": False}

    def _end(self, name: str, content: str, reply: ChatReply) -> dict[str, Any]:
        return {
            **self._part(name, content),
            "done": True,
            "done_reason": reply.finish_reason,
            "total_duration": 174560334,
            "load_duration": 101397084,
            "prompt_eval_count": reply.usage.prompt_tokens,
            "prompt_eval_duration": 13074791,
            "eval_count": reply.usage.completion_tokens,
            "eval_duration": 52479709,
        }

    def _details(self) -> dict[str, Any]:
        return {"format": "gguf", "family": "llama", "parameter_size": "134.52M", "quantization_level": "Q4_1"}

    def _missing(self, name: str) -> web.Response:
        return web.json_response({"error": f"model '{name}' not found"}, status=404)


@contextmanager
def serving(server: OllamaServer) -> Iterator[OllamaServer]:
    """Run `server` in a thread, until the block ends."""
    ready = threading.Event()
    stop: list[Callable[[], object]] = []

    async def run() -> None:
        ended = asyncio.Event()
        runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        loop = asyncio.get_running_loop()
        stop.append(lambda: loop.call_soon_threadsafe(ended.set))
        ready.set()
        await ended.wait()
        await runner.cleanup()
        if not callable(server.reply):
            await server.reply.aclose()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert ready.wait(10), "the server did not start"
    try:
        yield server
    finally:
        stop[0]()
        thread.join(10)
