"""How far a run is: counted as it goes, read by whoever shows it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from curator.llm.model import Answer


@dataclass
class StageProgress:
    """One stage's counts in the current pass.

    Attributes:
        made: candidates the stage made.
        dropped: records that left at it.
        passed: records that went on.
    """

    made: int = 0
    dropped: int = 0
    passed: int = 0


@dataclass
class Progress:
    """A run's counts; one object, changed in place while the run goes on.

    Attributes:
        stages: counts by the recipe's names of the stages, in order.
        requests_planned: how many replies the plan expects at most; 0 if it expects none.
        requests: replies used so far, replayed ones included.
        replayed: how many of them were in the store already.
        tokens: tokens of the replies, sent and received.
        usd: what they cost when they were bought, as far as prices are known.
        passes: how often the recipe was gone through, because a stage had to make more candidates.
        started_s: the monotonic clock at the beginning, in seconds.
        notices: what the user should know, in order.
        on_notice: called with each notice as it comes.
    """

    stages: dict[str, StageProgress] = field(default_factory=dict)
    requests_planned: int = 0
    requests: int = 0
    replayed: int = 0
    tokens: int = 0
    usd: float = 0.0
    passes: int = 0
    started_s: float = field(default_factory=time.monotonic)
    notices: list[str] = field(default_factory=list)
    on_notice: Callable[[str], None] | None = None
    _counted: set[str] = field(default_factory=set, repr=False)

    def begin_pass(self, stages: tuple[str, ...]) -> None:
        """Start counting anew, because the recipe is gone through (again).

        Args:
            stages: the recipe's names of the stages, in order.
        """
        self.passes += 1
        self.stages = {stage: StageProgress() for stage in stages}

    def answered(self, answer: Answer) -> None:
        """Count a reply.

        Args:
            answer: the reply, and how we came by it.
        """
        if answer.key in self._counted:  # a later pass, or an equal request of another stage
            return
        self._counted.add(answer.key)
        self.requests += 1
        self.replayed += answer.replayed
        self.tokens += answer.reply.usage.prompt_tokens + answer.reply.usage.completion_tokens
        self.usd += answer.usd or 0.0

    def notice(self, text: str) -> None:
        """Tell the user something, once.

        Args:
            text: one sentence.
        """
        if text not in self.notices:
            self.notices.append(text)
            if self.on_notice is not None:
                self.on_notice(text)

    @property
    def made(self) -> int:
        """Candidates made so far in this pass."""
        return sum(stage.made for stage in self.stages.values())

    @property
    def dropped(self) -> int:
        """Records dropped so far in this pass."""
        return sum(stage.dropped for stage in self.stages.values())

    @property
    def accepted_share(self) -> float | None:
        """The share of this pass's candidates that no stage dropped so far, 0..1; None before the first."""
        return None if self.made == 0 else 1 - self.dropped / self.made

    @property
    def eta_s(self) -> float | None:
        """How many seconds the rest will take at the pace of the replies asked for anew; None before it can be told."""
        bought = self.requests - self.replayed
        left = self.requests_planned - self.requests
        if bought < 3 or left <= 0:
            return None
        return left * (time.monotonic() - self.started_s) / bought
