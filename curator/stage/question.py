"""One question to a model: what is sent, asked again while the reply cannot be read, and what became of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from curator.errors import RequestRefused, UnparsableReply
from curator.llm.base import ChatReply, Sampling
from curator.llm.model import Answer
from curator.record import Source, Turn
from curator.stage.context import Asker
from curator.text.personas import speaking_as

T = TypeVar("T")


class Prompt(msgspec.Struct, frozen=True):
    """One question of a generator.

    Attributes:
        turns: what is sent.
        item: what reading the reply takes (the chunk, the parent record); never sent.
        json_schema: the JSON Schema of the reply, as JSON text; "" for free text.
        sampling: what this prompt wants of the sampler, over the model's own settings.
        source: the passage that it is about, if any.
        parents: the ids of the records that it is about.
        labels: facts about the prompt that its records bear in their origin, as (name, value).
    """

    turns: tuple[Turn, ...]
    item: Any = None
    json_schema: str = ""
    sampling: Sampling = Sampling()
    source: Source | None = None
    parents: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()

    def spoken_by(self, persona: str) -> Prompt:
        """Return the prompt as this person would ask it, labelled with the persona; as it is without one."""
        if not persona:
            return self
        labels = (*self.labels, ("persona", persona))
        return msgspec.structs.replace(self, turns=speaking_as(persona, self.turns), labels=labels)


class Reading(msgspec.Struct, Generic[T], frozen=True):
    """What became of a prompt.

    Attributes:
        value: what was read; None if nothing could be.
        answer: the last reply; None if the provider refused.
        model: the model asked, as `provider/name`.
        reason: why there is no value, as it is counted in the funnel; "" if there is one.
        problem: the same for a person.
    """

    value: T | None
    answer: Answer | None
    model: str
    reason: str = ""
    problem: str = ""


async def read_reply(
    prompt: Prompt,
    model: Asker,
    read: Callable[[ChatReply], T],
    *,
    retries: int = 1,
    sample: int = 0,
) -> Reading[T]:
    """Ask a model until its reply can be read; for stages of every kind.

    Args:
        prompt: what to ask.
        model: whom.
        read: makes a value of the reply, or raises `UnparsableReply`.
        retries: how often an unreadable reply is asked again.
        sample: which draw of this prompt is wanted: 0 the first; the retries of draw n never meet those of another.

    Returns:
        The value; or why there is none.

    Raises:
        ProviderError: the endpoint cannot serve.
    """
    answer: Answer | None = None
    problem = ""
    for again in range(retries + 1):
        try:
            answer = await model.ask(
                prompt.turns,
                sampling=prompt.sampling,
                json_schema=prompt.json_schema,
                sample=sample * (retries + 1) + again,
            )
            return Reading(read(answer.reply), answer, model.name)
        except RequestRefused as error:
            return Reading(None, None, model.name, "refused-by-provider", str(error))
        except UnparsableReply as error:
            problem = str(error)
            if answer is not None and answer.reply.finish_reason == "length":
                problem += "; max_tokens was used up (by reasoning, perhaps)"
    return Reading(None, answer, model.name, "unparsable", problem)


def prompt_hash(turns: tuple[Turn, ...]) -> str:
    """Return the hash under which a rendered prompt is known: 16 hexadecimal digits."""
    return hashlib.blake2b(msgspec.json.encode(turns), digest_size=8).hexdigest()
