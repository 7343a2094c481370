"""The one seam of the toolkit: a stage takes a stream of records and gives a stream of records."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar, Generic, Literal, TypeVar

import msgspec
from pydantic import BaseModel, ConfigDict

from curator.record import Record
from curator.stage.context import Context


class StageOptions(BaseModel):
    """Base of every stage's options: unknown names are refused, values are fixed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


OptionsT = TypeVar("OptionsT", bound=StageOptions)


class Measure(msgspec.Struct, frozen=True):
    """What a score means: declared once by the evaluator that gives it.

    Attributes:
        name: the score's name.
        unit: what it counts, as in "share of answer words".
        low: the smallest possible value.
        high: the largest possible value; None without bound.
        better: which direction is better.
    """

    name: str
    unit: str
    low: float = 0.0
    high: float | None = 1.0
    better: Literal["higher", "lower", "neither"] = "higher"


class Stage(ABC, Generic[OptionsT]):
    """A step of a recipe.

    A class is registered under the entry-point group `instruct_curator.stages`; its `name` is the entry's name.

    Attributes:
        name: the registered name, the published name of the method (`evol-instruct`).
        version: raised when the same options would give other results, so that stored results are not reused.
        Options: the pydantic model of the options.
        asks: whether it asks a model (the recipe must then name one, or gets the default).
        key: the recipe's name for this use of the stage; `name` unless the recipe says otherwise.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    Options: ClassVar[type[StageOptions]] = StageOptions
    asks: ClassVar[bool] = False

    def __init__(self, options: OptionsT | Mapping[str, Any] | None = None, *, key: str = "") -> None:
        """Build the stage.

        Args:
            options: its options, or a mapping to validate.
            key: the recipe's name for it.

        Raises:
            pydantic.ValidationError: an option is unknown or has a wrong value.
        """
        self.options: OptionsT = (
            options if isinstance(options, self.Options) else self.Options.model_validate(options or {})  # type: ignore[assignment]
        )
        self.key = key or self.name

    def needs(self) -> frozenset[str]:
        """Return the names of the scores that records must bear when they arrive."""
        return frozenset()

    def gives(self) -> tuple[Measure, ...]:
        """Return the scores that records bear when they leave."""
        return ()

    def also_asks(self) -> tuple[str, ...]:
        """Return the recipe's names of the further models that the options name (a judge, a second writer)."""
        return ()

    def check(self, context: Context) -> None:
        """Look at files and sources before anything is paid for.

        Args:
            context: the context of the run to come, without a model.

        Raises:
            CuratorError: the stage could not run; says what to do.
        """

    @abstractmethod
    def run(self, records: AsyncIterator[Record], context: Context) -> AsyncIterator[Record]:
        """Carry the stage out.

        Args:
            records: what the stages above made and did not drop, in order.
            context: what the stage may use of the world.

        Returns:
            The records for the stages below, in an order that depends on nothing but the input, the options and the
            replies. A record that the stage drops is yielded too, marked; one it passes over in silence is a defect.
        """
