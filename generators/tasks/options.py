"""What can be set of every method that grows a pool of tasks."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import Field

from curator.stage import GeneratorOptions


class BootstrapOptions(GeneratorOptions):
    """Options of the methods that grow a pool of tasks.

    Attributes:
        seeds: a dataset of tasks that people wrote, in any format, or in the layout of Self-Instruct's own seeds.
        n: how many new tasks the pool takes at most, 1 and up; what the recipe's `accept` asks for ends it earlier.
        batch: how many prompts are drawn from the pool at a time and asked side by side, 1 and up.
        max_similarity: the highest ROUGE-L with any task of the pool that a new instruction may have, 0..1.
        forbidden: words that an instruction may not hold; the method's own list unless said, [] for none.
        patience: after how many batches of prompts without a new task the pool is given up, 1 and up.
        faithful: the published prompts' layout, decoding, filters and numbers instead of today's.
    """

    seeds: Path
    n: int = Field(default=1000, ge=1)
    batch: int = Field(default=5, ge=1, le=100)
    max_similarity: float = Field(default=0.7, ge=0, le=1)
    forbidden: tuple[str, ...] | None = None
    patience: int = Field(default=3, ge=1, le=100)
    faithful: bool = False


BootstrapOptionsT = TypeVar("BootstrapOptionsT", bound=BootstrapOptions)
