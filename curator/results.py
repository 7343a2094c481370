"""Costly results of our own (embeddings, sketches, losses) that are kept, so that no minute is spent on them twice.

A space holds results of one kind that are comparable with each other: its name says what made them, in which version,
with which options. A key says of what: a record's id, or the hash of a text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol


class Results(Protocol):
    """Where results rest; the store keeps them in the workspace, `ResultsInMemory` while the program runs."""

    def get(self, space: str, keys: Iterable[str]) -> dict[str, bytes]:
        """Return what is known.

        Args:
            space: the kind of result.
            keys: what results are wanted of.

        Returns:
            The results that are there, by key.
        """
        ...

    def put(self, space: str, values: Mapping[str, bytes]) -> None:
        """Keep results; what is there already under a key stays.

        Args:
            space: the kind of result.
            values: the results by key.
        """
        ...

    def all(self, space: str) -> Iterator[tuple[str, bytes]]:
        """Return every key of a space with its result, in the order in which they were kept.

        Args:
            space: the kind of result.

        Returns:
            Key and result of each.
        """
        ...


class ResultsInMemory:
    """Results of one program run, for a single stage in a notebook, or for a command that has no workspace."""

    def __init__(self) -> None:
        self._spaces: dict[str, dict[str, bytes]] = {}

    def get(self, space: str, keys: Iterable[str]) -> dict[str, bytes]:
        """Return what is known; see `Results.get`."""
        known = self._spaces.get(space, {})
        return {key: known[key] for key in keys if key in known}

    def put(self, space: str, values: Mapping[str, bytes]) -> None:
        """Keep results; see `Results.put`."""
        kept = self._spaces.setdefault(space, {})
        for key, value in values.items():
            kept.setdefault(key, value)

    def all(self, space: str) -> Iterator[tuple[str, bytes]]:
        """Yield every result; see `Results.all`."""
        yield from self._spaces.get(space, {}).items()
