"""Finding stages, providers and formats by name, through entry points.

What ships with Curator and what a plugin adds come in by the same door: an entry point in one of three groups. Names
are read from the installed packages' metadata; a class is imported only when it is wanted.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from curator.errors import PluginError
from curator.formats import Format
from curator.stage import Stage
from curator.text.near_miss import did_you_mean

T = TypeVar("T")


class Registry(Generic[T]):
    """The classes registered in one entry-point group.

    Attributes:
        group: the entry-point group.
        noun: what its members are called in messages.
    """

    def __init__(self, group: str, noun: str) -> None:
        """Name the group; nothing is read yet.

        Args:
            group: the entry-point group.
            noun: what its members are called in messages.
        """
        self.group = group
        self.noun = noun

    def names(self) -> list[str]:
        """Return all registered names, sorted.

        Returns:
            All registered names, sorted.

        Raises:
            PluginError: two packages register different things under one name.
        """
        return sorted(self._entries())

    def load(self, name: str) -> type[T]:
        """Return the class registered under `name`.

        Args:
            name: the registered name.

        Returns:
            The class.

        Raises:
            PluginError: nobody registers that name, it is registered twice, or its package cannot be imported.
        """
        entries = self._entries()
        if name not in entries:
            raise PluginError(f"there is no {self.noun} {name!r}{did_you_mean(name, entries)}")
        entry = entries[name]
        try:
            loaded: type[T] = entry.load()
        except (ImportError, AttributeError) as error:
            package = entry.dist.name if entry.dist else "an unknown package"
            raise PluginError(
                f"the {self.noun} {name!r} of {package} cannot be loaded ({entry.value}): {error}"
            ) from error
        declared = getattr(loaded, "name", name)
        if declared != name:
            raise PluginError(f"the {self.noun} registered as {name!r} calls itself {declared!r}; the two must agree")
        return loaded

    def _entries(self) -> dict[str, EntryPoint]:
        found: dict[str, EntryPoint] = {}
        for entry in entry_points(group=self.group):
            other = found.setdefault(entry.name, entry)
            if other.value != entry.value:
                raise PluginError(
                    f"two packages register the {self.noun} {entry.name!r}: {other.value} and {entry.value}; "
                    "uninstall one of them"
                )
        return found


stages: Registry[Stage[Any]] = Registry("instruct_curator.stages", "stage")
providers: Registry[Any] = Registry("instruct_curator.providers", "provider")
formats: Registry[Format] = Registry("instruct_curator.formats", "format")
