"""A provider that answers from a script, for tests and for trying a recipe without a model.

Its replies are what its user wrote; it has none of its own.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from curator.errors import ProviderError, RecipeError, RequestRefused
from curator.llm.base import ChatReply, ChatRequest, Usage
from curator.llm.prices import estimate_tokens
from curator.llm.spec import ModelSpec

Script = Callable[[ChatRequest], str | ChatReply] | Sequence[str | Exception] | Mapping[str, str | Exception]

_REFUSALS = frozenset({400, 413, 422})
_RETRYABLE = frozenset({408, 429, 500, 502, 503, 504})


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a script file.

    Attributes:
        reply: what is answered; with `status`, the error's words.
        contains: the text that the request's last turn must hold; "" fits every request.
        status: an HTTP status to fail with instead of answering.
    """

    reply: str
    contains: str = ""
    status: int = 0

    def outcome(self) -> str | Exception:
        """Return the reply, or the error to raise."""
        if not self.status:
            return self.reply
        if self.status in _REFUSALS:
            return RequestRefused(self.reply, status=self.status)
        return ProviderError(self.reply, status=self.status, retryable=self.status in _RETRYABLE)


class ScriptedProvider:
    """Answers from a function, from a list (one after another), or by the first text that the last turn contains."""

    parallel = 0
    opens_turns = True

    def __init__(
        self,
        script: Script | ModelSpec,
        *,
        model: str = "script",
        latency_s: float = 0.0,
        identity: str = "",
        folder: Path = Path(),
    ) -> None:
        """Answer from `script`.

        Args:
            script: a function of the request; or replies in the order of asking; or text to look for → reply. An
                exception among the replies is raised. A run that is to be resumed needs a function or a mapping:
                a list starts anew in each process. Or what a recipe says: `extra: {replies: [...]}`, each a text, or
                a mapping with `reply` and, if wanted, `contains` and `status`; or `extra: {file: replies.jsonl}`.
            model: the name it goes by.
            latency_s: how long each reply takes, in seconds; a recipe says it in `extra`.
            identity: what its replies are stored under; by default a hash of a mapping's or list's text.
            folder: the folder that a recipe's `file` is relative to.

        Raises:
            RecipeError: a recipe's `extra` has neither replies nor a file, or both, or a line cannot be read.
        """
        if isinstance(script, ModelSpec):
            model, latency_s = script.model or model, float(script.extra.get("latency_s", latency_s))
            script = _script_of(script, folder)
        self.model = model
        self.identity = identity or f"scripted:{_digest(script)}"
        self.asked: list[ChatRequest] = []
        self._script = script
        self._latency_s = latency_s

    @classmethod
    def from_spec(cls, spec: ModelSpec, folder: Path) -> ScriptedProvider:
        """Build the provider for a recipe's model.

        Args:
            spec: the recipe's model, with its script in `extra`.
            folder: the workspace, which `extra.file` is relative to.

        Returns:
            The provider.

        Raises:
            RecipeError: there is no script in `extra`, or it cannot be read.
        """
        return cls(spec, folder=folder)

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer from the script.

        Args:
            request: what is asked.

        Returns:
            The script's reply, with estimated usage.

        Raises:
            ProviderError: the script has no reply to this.
        """
        position = len(self.asked)
        self.asked.append(request)
        if self._latency_s:
            await asyncio.sleep(self._latency_s)
        outcome = self._outcome(request, position)
        if isinstance(outcome, Exception):
            raise outcome
        if isinstance(outcome, ChatReply):
            return outcome
        prompt_tokens = sum(estimate_tokens(turn.content)[1] for turn in request.messages)
        usage = Usage(prompt_tokens, estimate_tokens(outcome)[1], estimated=True)
        return ChatReply(outcome, usage=usage, model=self.model, seconds=self._latency_s)

    async def models(self) -> list[str]:
        """Return the one name it goes by."""
        return [self.model]

    async def aclose(self) -> None:
        """Close nothing: there is no connection."""

    def _outcome(self, request: ChatRequest, position: int) -> str | ChatReply | Exception:
        if callable(self._script):
            return self._script(request)
        if isinstance(self._script, Mapping):
            question = request.messages[-1].content
            for contained, outcome in self._script.items():
                if contained in question:
                    return outcome
            raise ProviderError(f"provider scripted: no reply for a request that ends with {question[-80:]!r}")
        if position >= len(self._script):
            raise ProviderError(f"provider scripted: the script's {len(self._script)} replies are used up")
        return self._script[position]


def _digest(script: Script) -> str:
    if callable(script):
        return "function"
    content = repr(list(script.items()) if isinstance(script, Mapping) else list(script))
    return hashlib.blake2b(content.encode(), digest_size=8).hexdigest()


def _script_of(spec: ModelSpec, folder: Path) -> Script:
    sources = set(spec.extra) - {"latency_s"}
    if sources == {"file"}:
        return _file_script(folder / str(spec.extra["file"]))
    if sources == {"replies"} and spec.extra["replies"]:
        return _inline_script(spec.extra["replies"])
    raise RecipeError("provider scripted: extra needs `replies: [...]` or `file: replies.jsonl`, and no more")


def _inline_script(replies: Any) -> Script:
    if isinstance(replies, list) and all(isinstance(reply, str) for reply in replies):
        return list(replies)
    try:
        return _mapping(msgspec.convert(replies, list[Line]))
    except msgspec.ValidationError as error:
        raise RecipeError(
            f"provider scripted: extra.replies must be all texts, or all mappings with `reply`: {error}"
        ) from error


def _file_script(path: Path) -> Script:
    try:
        lines = msgspec.json.Decoder(Line).decode_lines(path.read_bytes())
    except OSError as error:
        raise RecipeError(f"provider scripted: cannot read {path}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise RecipeError(
            f'provider scripted: {path}: each line must be {{"contains": "…", "reply": "…"}}: {error}'
        ) from error
    return _mapping(lines)


def _mapping(lines: Iterable[Line]) -> Script:
    script: dict[str, str | Exception] = {}
    for line in lines:
        script.setdefault(line.contains, line.outcome())  # the first fitting line answers
    return script
