"""(temporary, by the lead, until its owner writes it) Which provider answers when the recipe leaves it open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    """A provider that was chosen, and why."""

    provider: str
    model: str
    base_url: str | None
    reason: str


async def choose_provider(env: Mapping[str, str]) -> Choice:
    """Choose."""
    if env.get("OPENAI_API_KEY") or env.get("OPENAI_BASE_URL"):
        return Choice("openai", env.get("OPENAI_MODEL", "gpt-5-mini"), env.get("OPENAI_BASE_URL"), "OPENAI_API_KEY is set")
    return Choice("local", "embedded", None, "no key, no Ollama: the embedded model")
