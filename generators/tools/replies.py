"""What models say on the way to a dialogue with function calls: heard, and read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from curator.errors import UnparsableReply
from curator.llm.base import ChatReply
from curator.stage import AskingStage, Context, Prompt, Reading
from generators.shared.plain_reply import is_cut_off, line_in, spoken

T = TypeVar("T")


async def heard(
    stage: AskingStage[Any], prompt: Prompt, context: Context, read: Callable[[ChatReply], T], *, sample: int = 0
) -> Reading[T]:
    """Ask, and take nothing from a reply that breaks off: half a call or half an answer would teach just that.

    Args:
        stage: who asks.
        prompt: what to ask.
        context: the stage's surroundings.
        read: makes a value of the reply, or raises `UnparsableReply`.
        sample: which draw of this prompt is wanted.

    Returns:
        The value; or why there is none, `cut-off` among others.

    Raises:
        StageError: the recipe lent the stage no model.
        ProviderError: the endpoint cannot serve.
    """
    reading = await stage.ask(prompt, context, read, sample=sample)
    if reading.value is None or reading.answer is None or not is_cut_off(reading.answer.reply):
        return reading
    return msgspec.structs.replace(reading, value=None, reason="cut-off", problem="max_tokens was used up")


def words_in(reply: ChatReply) -> str:
    """Return what a reply says, without its reasoning.

    Args:
        reply: the model's reply.

    Returns:
        Its text.

    Raises:
        UnparsableReply: it is blank.
    """
    text = spoken(reply.text)
    if not text:
        raise UnparsableReply("the reply is blank")
    return text


def result_in(reply: ChatReply) -> str:
    """Return a function's result as JSON text; plain words are a result, too.

    Args:
        reply: the model's reply.

    Returns:
        The result.

    Raises:
        UnparsableReply: it is blank.
    """
    line = line_in(reply.text, "Result")
    try:
        return json.dumps(json.loads(line), ensure_ascii=False)
    except ValueError:
        return json.dumps(line, ensure_ascii=False)
