"""Prices: dated, and unknown where they are unknown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.llm.base import Usage
from curator.llm.prices import Price, cost_usd, estimate_tokens, price_of


@pytest.mark.parametrize(
    ("model", "base_url", "provider", "known"),
    [
        ("gpt-4o-mini", None, "openai", True),
        ("gpt-4o-mini-2024-07-18", "https://api.openai.com/v1", "openai", True),
        ("gpt-4o-mini", "https://api.openai.com.evil.example/v1", "openai", False),
        ("gpt-4o-mini", "http://127.0.0.1:8000/v1", "openai", False),
        ("gpt-4o-2024-05-13", None, "openai", False),
        ("ft:gpt-4o-mini:acme", None, "openai", False),
        ("gpt-99", None, "openai", False),
        ("gpt-4o-mini", None, "another", False),
    ],
)
def test_only_openai_has_openai_prices(model: str, base_url: str | None, provider: str, known: bool) -> None:
    price = price_of(model, base_url, provider=provider)
    assert (price is not None) == known
    if price is not None:
        assert price.as_of >= "2026"


@pytest.mark.parametrize("provider", ["local", "ollama", "scripted"])
def test_what_runs_here_is_free(provider: str) -> None:
    price = price_of("anything", None, provider=provider)
    assert price is not None
    assert price.cost_usd(10**6, 10**6) == 0


def test_the_users_price_wins() -> None:
    mine = Price(3.0, 5.0)
    assert price_of("gpt-4o-mini", None, mine) is mine
    assert cost_usd(mine, Usage(1_000_000, 2_000_000)) == pytest.approx(13.0)
    assert cost_usd(None, Usage(1, 1)) is None


@given(st.text(max_size=300))
def test_estimate_is_an_interval(text: str) -> None:
    low, high = estimate_tokens(text)
    assert 0 <= low <= high
    assert (high == 0) == (text == "")


def test_estimate_brackets_known_counts() -> None:
    # 10 tokens in OpenAI's cl100k tokenizer, as its documentation counts pangrams of this length.
    low, high = estimate_tokens("The quick brown fox jumps over the lazy dog.")
    assert low <= 10 <= high
