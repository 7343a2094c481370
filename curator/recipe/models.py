"""Which provider answers for each of a recipe's models."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curator.errors import RecipeError
from curator.llm.base import ChatClient
from curator.llm.choose import choose_provider
from curator.llm.prices import Price, price_of
from curator.llm.spec import ModelSpec
from curator.llm.weights import EMBEDDED
from curator.recipe.plan import AUTO, Plan
from curator.registry import providers


@dataclass(frozen=True)
class ResolvedModel:
    """A recipe's model with its provider chosen.

    Attributes:
        spec: the settings; its provider is a registered one.
        folder: the workspace, against which files are named.
        reason: why this provider was chosen, in one sentence; "" if the recipe said so.
    """

    spec: ModelSpec
    folder: Path
    reason: str = ""

    @property
    def label(self) -> str:
        """The model as people call it: `provider/model`."""
        return f"{self.spec.provider}/{self.spec.model or 'default'}"

    @property
    def price(self) -> Price | None:
        """What its tokens cost; None where that is not known."""
        spec = self.spec
        override = spec.price.price() if spec.price else None
        return price_of(spec.model, spec.base_url, override, provider=spec.provider)

    def connect(self) -> ChatClient:
        """Build the provider's client; nothing is sent yet.

        Returns:
            The client; close it with `aclose`.

        Raises:
            ProviderError: the provider's package is missing, or a setting cannot be used.
        """
        provider: Any = providers.load(self.spec.provider)
        client: ChatClient = provider.from_spec(self.spec, self.folder)
        return client


async def resolve_models(
    plan: Plan, *, env: Mapping[str, str] | None = None, notice: Callable[[str], None] | None = None
) -> dict[str, ResolvedModel]:
    """Choose a provider for each model that a plan asks.

    Args:
        plan: the plan.
        env: the environment; the process's own unless given.
        notice: told which provider was chosen where the recipe left it open.

    Returns:
        The models, by the recipe's names.

    Raises:
        ProviderError: an endpoint is named in the environment and cannot be used.
    """
    environ = os.environ if env is None else env
    resolved: dict[str, ResolvedModel] = {}
    for name, spec in plan.models.items():
        if spec.provider != AUTO:
            if spec.provider == "openai" and spec.base_url is None and environ.get("OPENAI_BASE_URL"):
                spec = spec.model_copy(update={"base_url": environ["OPENAI_BASE_URL"]})  # the price depends on it
            resolved[name] = ResolvedModel(spec, plan.recipe.folder)
            continue
        choice = await choose_provider(environ)
        if choice.provider == "local" and spec.model and not _is_local_name(spec.model):
            raise RecipeError(
                f"{plan.recipe.lines.where(('models', name))}: nobody here has {spec.model!r} ({choice.reason}); set "
                "OPENAI_API_KEY or OPENAI_BASE_URL, start Ollama, or name the provider"
            )
        chosen = {
            "provider": choice.provider,
            "model": spec.model or choice.model,
            "base_url": spec.base_url or choice.base_url,
        }
        resolved[name] = ResolvedModel(spec.model_copy(update=chosen), plan.recipe.folder, choice.reason)
        if notice is not None:
            notice(f"model {name!r}: {choice.reason}")
    return resolved


def _is_local_name(model: str) -> bool:
    """Return whether this may be a model of this machine or the Hub; a plain name is known to a server only."""
    return model == EMBEDDED or "/" in model or model.endswith(".gguf")
