"""OpenAI's formats: our request as bytes, their bytes as our reply.

A request goes to /chat/completions; one that leaves the user's turn open goes to /completions, as plain text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from curator.errors import ProviderError
from curator.llm.base import ChatReply, ChatRequest, Usage
from curator.llm.open_turn import open_prompt
from curator.llm.prices import estimate_tokens, worst_prompt_tokens

_EXCERPT_CHARS = 200


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Message = msgspec.field(default_factory=_Message)
    text: str | None = None
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    model: str | None = None
    usage: _Usage | None = None


_decoder = msgspec.json.Decoder(_Completion)


def path_of(request: ChatRequest) -> str:
    """Return the path below the endpoint's address that a request is posted to."""
    return "/completions" if request.sampling.open_turn else "/chat/completions"


def encode(
    request: ChatRequest,
    *,
    renamed: Mapping[str, str],
    left_out: frozenset[str] = frozenset(),
    extra_body: Mapping[str, Any] | None = None,
) -> bytes:
    """Write a request.

    Args:
        request: what to ask.
        renamed: parameters that the endpoint knows by another name.
        left_out: parameters that the endpoint does not take.
        extra_body: further fields of the body, as the recipe gives them; a `prompt` among them is an open turn's text.

    Returns:
        The body, as JSON.

    Raises:
        ProviderError: the request leaves a turn open in a chat template that is not known by name.
    """
    sampling = request.sampling
    parameters = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "stop": sampling.stop or None,
        "seed": None if sampling.seed is None else sampling.seed + request.sample,
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
    }
    body: dict[str, Any] = {"model": request.model}
    further = extra_body or {}
    if sampling.open_turn:
        body["prompt"] = further.get("prompt") or open_prompt(request.messages, sampling.open_turn, request.model)
    else:
        body["messages"] = [{"role": turn.role, "content": turn.content} for turn in request.messages]
    for name, value in parameters.items():
        if value is not None and name not in left_out:
            body[renamed.get(name, name)] = value
    if request.json_schema:
        schema = {"name": "reply", "schema": msgspec.Raw(request.json_schema.encode()), "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return msgspec.json.encode({**body, **further})


def decode(body: bytes, request: ChatRequest, where: str, seconds: float) -> ChatReply:
    """Read a reply.

    Args:
        body: what the endpoint sent with status 200.
        request: what was asked, from which usage is estimated where the endpoint does not count.
        where: the endpoint, for the error text.
        seconds: how long it took.

    Returns:
        The reply.

    Raises:
        ProviderError: the body is no completion, or an empty one.
    """
    try:
        completion = _decoder.decode(body)
    except msgspec.DecodeError as error:
        raise ProviderError(f"{where}: this is no chat completion ({error}): {_excerpt(body)}") from error
    if not completion.choices:
        raise ProviderError(f"{where}: the reply has no choices: {_excerpt(body)}", retryable=True)
    choice = completion.choices[0]
    said = choice.text if request.sampling.open_turn else choice.message.content
    text, finish_reason = said, choice.finish_reason or "stop"
    if choice.message.refusal:
        text, finish_reason = f"the model refuses: {choice.message.refusal}", "refusal"
    elif finish_reason == "content_filter":
        text = "the provider's content filter stopped the reply"
    elif text is None and finish_reason == "length":
        text = ""  # reasoning used up max_tokens: billed, so it is stored, and kept as a reply that cannot be read
    elif text is None:
        raise ProviderError(_no_text(choice, where, body), retryable=True)
    return ChatReply(
        text=text or "",
        finish_reason=finish_reason,
        usage=_usage(completion, request, text),
        model=completion.model or request.model,
        seconds=seconds,
    )


def _usage(completion: _Completion, request: ChatRequest, text: str) -> Usage:
    if completion.usage is not None:
        return Usage(completion.usage.prompt_tokens, completion.usage.completion_tokens)
    prompt_tokens = worst_prompt_tokens([turn.content for turn in request.messages])
    return Usage(prompt_tokens, estimate_tokens(text)[1], estimated=True)


def _no_text(choice: _Choice, where: str, body: bytes) -> str:
    return f"{where}: the reply has no text (finish_reason {choice.finish_reason!r}): {_excerpt(body)}"


def _excerpt(body: bytes) -> str:
    text = " ".join(body[: 4 * _EXCERPT_CHARS].decode("utf-8", "replace").split())
    return repr(text if len(text) <= _EXCERPT_CHARS else f"{text[:_EXCERPT_CHARS]}…")
