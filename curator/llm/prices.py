"""What tokens cost: a dated table of OpenAI's list prices, and what is known of everybody else's.

A price that is not known is None and never 0: a run whose price is unknown says so instead of looking free.
"""

from __future__ import annotations

import functools
import re
from importlib import resources
from urllib.parse import urlsplit

import msgspec

from curator.llm.base import Usage

OPENAI_BASE_URL = "https://api.openai.com/v1"
FREE_PROVIDERS = frozenset({"local", "ollama", "scripted"})
"""Providers that run on the user's own machine, where a token has no price."""

_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_ODD_SNAPSHOTS = frozenset({"gpt-4o-2024-05-13"})
"""Snapshots whose price differs from their family's; they are unknown to the table."""

_MESSAGE_OVERHEAD_TOKENS = 8
"""What a chat template spends on one message's role and borders, at most (ChatML spends 4 to 5)."""


class Price(msgspec.Struct, frozen=True):
    """What a model's tokens cost.

    Attributes:
        input_usd_per_million: US dollars per million prompt tokens.
        output_usd_per_million: US dollars per million completion tokens, reasoning included.
        as_of: the day the price was listed, as an ISO date; "" for a price the user gave or that is 0 by nature.
    """

    input_usd_per_million: float
    output_usd_per_million: float
    as_of: str = ""

    def cost_usd(self, prompt_tokens: int, completion_tokens: int) -> float:
        """Return what so many tokens cost, in US dollars."""
        paid = prompt_tokens * self.input_usd_per_million + completion_tokens * self.output_usd_per_million
        return paid / 1_000_000


FREE = Price(0.0, 0.0)


class _PriceList(msgspec.Struct, frozen=True):
    as_of: str
    usd_per_million_tokens: dict[str, tuple[float, float]]


class _PriceTable(msgspec.Struct, frozen=True):
    source: str
    lists: tuple[_PriceList, ...]


@functools.cache
def _table() -> dict[str, Price]:
    text = resources.files("curator.llm").joinpath("prices.json").read_bytes()
    lists = msgspec.json.decode(text, type=_PriceTable).lists
    return {
        model: Price(input_usd, output_usd, prices.as_of)
        for prices in lists
        for model, (input_usd, output_usd) in prices.usd_per_million_tokens.items()
    }


def price_of(
    model: str, base_url: str | None = None, override: Price | None = None, *, provider: str = "openai"
) -> Price | None:
    """Return what a model costs.

    Args:
        model: the model's name; a dated snapshot costs what its family costs.
        base_url: the endpoint; None for OpenAI's own. Only OpenAI's own endpoint has OpenAI's prices.
        override: the price that the recipe gives, which wins.
        provider: the provider's registered name; local ones cost nothing.

    Returns:
        The price, or None where it is not known.
    """
    if override is not None:
        return override
    if provider in FREE_PROVIDERS:
        return FREE
    if provider != "openai" or urlsplit(base_url or OPENAI_BASE_URL).hostname != "api.openai.com":
        return None
    if model in _ODD_SNAPSHOTS:
        return None
    return _table().get(_SNAPSHOT.sub("", model))


def cost_usd(price: Price | None, usage: Usage) -> float | None:
    """Return what a reply cost in US dollars, or None where the price is not known."""
    return None if price is None else price.cost_usd(usage.prompt_tokens, usage.completion_tokens)


def estimate_tokens(text: str) -> tuple[int, int]:
    """Estimate how many tokens a text has, without a tokenizer.

    English prose has about 4 characters a token, code and numbers about 3, dense strings (hashes, base64) about 2;
    a character outside ASCII takes from half a token (accented Latin, common Chinese words) to two or three (rare
    scripts, emoji). The low bound takes 6 ASCII or 2 other characters a token, the high bound 2 ASCII characters a
    token and 2 tokens for every other character.

    Args:
        text: any text.

    Returns:
        A low and a high bound, in tokens; (0, 0) for an empty text.
    """
    others = 0 if text.isascii() else sum(character > "\x7f" for character in text)
    ascii_chars = len(text) - others
    return -(-(ascii_chars + 3 * others) // 6), -(-(ascii_chars + 4 * others) // 2)


def worst_prompt_tokens(contents: list[str]) -> int:
    """Return how many tokens a dialogue with these turns has at most, chat template included."""
    return sum(estimate_tokens(content)[1] + _MESSAGE_OVERHEAD_TOKENS for content in contents)
