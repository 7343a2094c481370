"""Provider `echo`: says again what it was asked."""

from __future__ import annotations

from pathlib import Path

from curator.llm.base import ChatReply, ChatRequest
from curator.llm.spec import ModelSpec


class EchoProvider:
    """A model that repeats the last turn; `parallel` says that one request at a time is enough."""

    identity = "echo"
    parallel = 1

    def __init__(self, model: str) -> None:
        self.model = model

    @classmethod
    def from_spec(cls, spec: ModelSpec, folder: Path) -> EchoProvider:
        """Build the provider that a recipe asks for; `folder`, the workspace, is not needed."""
        del folder
        return cls(spec.model or "echo")

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Repeat the last turn."""
        return ChatReply(request.messages[-1].content, model=self.model)

    async def models(self) -> list[str]:
        """Return its one name."""
        return [self.model]

    async def aclose(self) -> None:
        """Close nothing."""
