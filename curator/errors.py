"""Every error a user can meet, one type for each border it is raised at.

An error message says what is wrong, where, and what to do. The command line prints it as one line and ends with
`exit_code`; nothing below `ui` prints or exits.
"""

from __future__ import annotations

from typing import ClassVar


class CuratorError(Exception):
    """Base of all errors that are the user's to mend; anything else is a defect of ours.

    Attributes:
        exit_code: the process's exit status when this error ends a command.
    """

    exit_code: ClassVar[int] = 1


class SourceError(CuratorError):
    """A source document is missing, empty, binary or wrongly encoded."""


class FormatError(CuratorError):
    """A dataset file cannot be read or a record cannot be written in a format."""


class StoreError(CuratorError):
    """The workspace's database is locked, full, damaged or from a newer version."""


class StageError(CuratorError):
    """A stage met input it cannot work on (a template without its slot, a score that is missing)."""


class RecipeError(CuratorError):
    """A recipe, an option or a command line is wrong; nothing was run and nothing was spent."""

    exit_code = 2


class PluginError(CuratorError):
    """A name that no installed stage, provider or format bears, or a plugin that cannot be loaded."""

    exit_code = 2


class BudgetError(CuratorError):
    """The next request could cross the recipe's budget; what was made is saved."""

    exit_code = 3


class ConfirmationError(CuratorError):
    """The command would spend money and nobody agreed to it."""

    exit_code = 3


class ProviderError(CuratorError):
    """A model's endpoint cannot be reached, refuses us, or answers what it should not.

    Attributes:
        retryable: whether the same request may succeed later.
        retry_after_s: how long the provider asked us to wait, in seconds, if it said.
        status: the HTTP status, if there was one.
    """

    exit_code = 4

    def __init__(
        self,
        message: str,
        *,
        retryable: bool = False,
        retry_after_s: float | None = None,
        status: int | None = None,
    ) -> None:
        """Say what happened.

        Args:
            message: what, where, what to do.
            retryable: whether the same request may succeed later.
            retry_after_s: how long the provider asked us to wait, in seconds.
            status: the HTTP status.
        """
        super().__init__(message)
        self.retryable = retryable
        self.retry_after_s = retry_after_s
        self.status = status


class RequestRefused(ProviderError):
    """The provider refuses this one request (HTTP 400, 413, 422): its candidate is dropped, the run goes on."""


class UnparsableReply(CuratorError):
    """A model's reply is not what the prompt asked for; it is asked again, then kept as a dropped record."""
