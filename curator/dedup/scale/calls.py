"""The steps that threads of this process are at while Daft runs here.

When a step fails, Daft gives the error back and leaves other steps running; if the process ends meanwhile, the
interpreter aborts. So whoever gets the error waits for them first.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition
from typing import ParamSpec, TypeVar
from uuid import uuid4
from weakref import WeakValueDictionary

from curator.errors import CuratorError

P = ParamSpec("P")
R = TypeVar("R")


class Calls:
    """The calls of one run; a context that ends, after an error, when none is left."""

    def __init__(self, name: str) -> None:
        """Begin to count.

        Args:
            name: tells it from others of this process.
        """
        self._name = name
        self._running = 0
        self._over = False
        self._changed = Condition()
        _CALLS[name] = self

    @classmethod
    def new(cls) -> Calls:
        """Return one of its own."""
        return cls(uuid4().hex)

    def __reduce__(self) -> tuple[Callable[[str], Calls], tuple[str]]:
        # Daft pickles what it is to call even where it calls it in this process, and then the same is meant.
        return _called, (self._name,)

    def counted(self, work: Callable[P, R]) -> Callable[P, R]:
        """Return a step that is known of while it runs.

        Args:
            work: the step.

        Returns:
            The same step; it refuses to begin after an error.
        """

        def known(*given: P.args, **named: P.kwargs) -> R:
            with self._changed:
                if self._over:
                    raise CuratorError("another step has failed")
                self._running += 1
            try:
                return work(*given, **named)
            finally:
                with self._changed:
                    self._running -= 1
                    self._changed.notify_all()

        return known

    def __enter__(self) -> None:
        """Let steps begin."""

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """After an error, wait until no step runs."""
        with self._changed:
            self._over = kind is not None
            self._changed.wait_for(lambda: not (self._over and self._running))


_CALLS: WeakValueDictionary[str, Calls] = WeakValueDictionary()


def _called(name: str) -> Calls:
    return _CALLS.get(name) or Calls(name)
