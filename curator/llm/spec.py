"""What a recipe says about a model, validated.

There is no field for a key, on purpose: a recipe is a file that people share. It names the environment variable that
holds the key.
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from curator.errors import RecipeError
from curator.llm.base import Sampling
from curator.llm.prices import Price

Structured = Literal["auto", "schema", "none"]
ExtraT = TypeVar("ExtraT", bound=BaseModel)


class PriceSpec(BaseModel):
    """What the user says a model costs.

    Attributes:
        input_usd_per_million: US dollars per million prompt tokens.
        output_usd_per_million: US dollars per million completion tokens.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    input_usd_per_million: float = Field(ge=0, allow_inf_nan=False)
    output_usd_per_million: float = Field(ge=0, allow_inf_nan=False)

    def price(self) -> Price:
        """Return it as a price."""
        return Price(self.input_usd_per_million, self.output_usd_per_million)


class ModelSpec(BaseModel):
    """One entry of a recipe's `models:`.

    Attributes:
        provider: a registered provider, or "auto": an endpoint, Ollama or the embedded model, whichever is there.
        model: the model's name at the provider; "" for the provider's default.
        base_url: the endpoint's address; None for the provider's own.
        api_key_env: the environment variable that holds the key; None for the provider's own (`OPENAI_API_KEY`).
        temperature: 0 (greedy) and up.
        top_p: nucleus mass, 0..1.
        max_tokens: the longest reply, in tokens.
        seed: the sampler's seed, where the provider honours one.
        timeout_s: how long one reply may take, in seconds.
        max_concurrency: how many requests may be under way at most; None to find out.
        requests_per_minute: a cap of the sending rate, if the account has one.
        tokens_per_minute: a cap of prompt and completion tokens a minute, if the account has one.
        max_retries: how often a request that failed is sent again; 0 for never.
        max_wait_s: how long a request is tried in all, rate limits included, in seconds.
        structured: whether the reply's JSON Schema is sent: "schema" always, "none" never, "auto" unless refused.
        price: what the model costs, where the built-in table does not know or is out of date.
        extra: settings of one provider's own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: str = "auto"
    model: str = ""
    base_url: str | None = None
    api_key_env: str | None = Field(default=None, pattern=r"^[A-Z_][A-Z0-9_]{0,63}$")
    temperature: float | None = Field(default=None, ge=0, le=10)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    seed: int | None = None
    timeout_s: float = Field(default=120.0, gt=0)
    max_concurrency: int | None = Field(default=None, ge=1, le=4096)
    requests_per_minute: float | None = Field(default=None, gt=0)
    tokens_per_minute: float | None = Field(default=None, gt=0)
    max_retries: int = Field(default=6, ge=0, le=100)
    max_wait_s: float = Field(default=300.0, gt=0)
    structured: Structured = "auto"
    price: PriceSpec | None = None
    extra: dict[str, Any] = Field(default_factory=dict)

    @field_validator("base_url")
    @classmethod
    def _plain_url(cls, url: str | None) -> str | None:
        """Refuse what is no address, and addresses that carry a secret."""
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("base_url must look like http://host:port/v1")
        if parts.username or parts.password or parts.query:
            raise ValueError("base_url must hold no user, password or query; name the key's variable in api_key_env")
        return url

    def sampling(self) -> Sampling:
        """Return how this model draws tokens unless a prompt says otherwise."""
        return Sampling(temperature=self.temperature, top_p=self.top_p, max_tokens=self.max_tokens, seed=self.seed)

    def extra_as(self, options: type[ExtraT]) -> ExtraT:
        """Return `extra` as one provider's own settings.

        Args:
            options: the provider's pydantic model of them.

        Returns:
            The settings, checked.

        Raises:
            RecipeError: a setting is not known or wrong.
        """
        try:
            return options.model_validate(self.extra)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            known = ", ".join(options.model_fields)
            raise RecipeError(f"provider {self.provider}: extra.{place}: {first['msg']}; known: {known}") from error
