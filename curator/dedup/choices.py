"""What a user chooses among, in a module that loads no numpy, so that options can be read without it."""

from __future__ import annotations

from typing import Literal

Shingles = Literal["auto", "words", "characters"]
"""What texts are compared by: word 3-grams, character 5-grams, or `auto`, by length; see `curator.dedup.shingles`."""

Method = Literal["near", "exact"]
"""How pairs are found: `near` by MinHash bands, which miss a few, and many within families of thousands of texts just
below the threshold; `exact` by a join that misses none, at twice the cost on ordinary text, and at the square of such a
family."""

EngineName = Literal["auto", "kernel", "datasketch"]
"""Who does the work: the compiled kernel, or numpy and datasketch. `auto` is the kernel where it was built."""

REDIS_PASSWORD = "REDIS_PASSWORD"  # noqa: S105 - the name of a variable
"""The environment variable that holds a Redis server's password; no recipe and no address does."""
