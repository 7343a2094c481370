"""The compiled engine: texts to shingles, bands and verified pairs in C, on the buffers themselves."""

from __future__ import annotations


def is_built() -> bool:
    """Return whether the extension was compiled when the package was installed."""
    from importlib.util import find_spec

    return find_spec("curator.dedup._kernel") is not None
