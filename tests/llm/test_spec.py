"""What a recipe may say about a model."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from curator.llm.base import Sampling
from curator.llm.spec import ModelSpec


@pytest.mark.parametrize(
    "fields",
    [
        {"api_key": "sk-secret"},
        {"api_key_env": "sk-this is no name"},
        {"base_url": "localhost:8000"},
        {"base_url": "https://user:pass@host/v1"},
        {"base_url": "https://host/v1?key=secret"},
        {"max_retries": -1},
        {"structured": "sometimes"},
        {"price": {"input_usd_per_million": float("nan"), "output_usd_per_million": 1}},
    ],
)
def test_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ModelSpec(**fields)


def test_sampling() -> None:
    assert ModelSpec(temperature=0, max_tokens=5).sampling() == Sampling(temperature=0, max_tokens=5)
