"""What a local model fills in where a request leaves it open."""

from __future__ import annotations

import msgspec

from curator.llm.base import ChatRequest

DEFAULT_MAX_TOKENS = 512
"""How long a reply gets where nobody says: a small model that lost its thread would else fill its whole context."""

DEFAULT_TEMPERATURE = 0.8
"""What llama.cpp takes where nobody says, and so all our local models."""


def completed(request: ChatRequest, identity: str) -> ChatRequest:
    """Set everything that decides a request's reply and was left open.

    Args:
        request: a request as the dispatcher sends it.
        identity: the provider's identity, from which a missing seed is made, with all of the request.

    Returns:
        The request with a temperature, a length, and a seed for this draw.
    """
    sampling = request.sampling
    seed = int(request.key(identity)[:8], 16) if sampling.seed is None else sampling.seed + request.sample
    filled = msgspec.structs.replace(
        sampling,
        seed=seed % 2**32,
        max_tokens=sampling.max_tokens or DEFAULT_MAX_TOKENS,
        temperature=DEFAULT_TEMPERATURE if sampling.temperature is None else sampling.temperature,
    )
    return msgspec.structs.replace(request, sampling=filled)
