"""Where an Ollama server is, and what can be set about its models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from curator.errors import ProviderError
from curator.llm.base import Sampling

DEFAULT_PORT = 11434
HOST_VARIABLE = "OLLAMA_HOST"


class OllamaOptions(BaseModel):
    """What `extra` may say about a model of Ollama's.

    Attributes:
        num_ctx: how many tokens prompt and reply may have together. Sent always, for Ollama cuts off the beginning of a
            longer prompt without a word, and its own default differs between machines.
        think: whether a reasoning model reasons; None leaves it to the model.
        keep_alive: how long the model stays in memory after a request, as in "10m".
        options: further options of Ollama's, by Ollama's names.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    num_ctx: int = Field(default=4096, ge=128)
    think: bool | None = None
    keep_alive: str | float | None = None
    options: dict[str, Any] = Field(default_factory=dict)

    def decisive(self) -> str:
        """Return, as JSON, what of these decides a reply and is not as usual; "" if nothing is."""
        text = self.model_dump_json(exclude={"keep_alive"}, exclude_defaults=True)
        return "" if text == "{}" else text


def ollama_url(base_url: str | None, environ: Mapping[str, str]) -> str:
    """Return the address of the Ollama server, in one spelling.

    Args:
        base_url: the recipe's address; None for that of OLLAMA_HOST, or this machine's.
        environ: where OLLAMA_HOST is read: `host`, `host:port`, `:port` or a URL.

    Returns:
        `scheme://host:port`, and the path, if there is one.

    Raises:
        ProviderError: the address cannot be read.
    """
    text = (base_url or environ.get(HOST_VARIABLE, "")).strip().rstrip("/").removesuffix("/v1")
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "http", text
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        port = parts.port or ({"http": 80, "https": 443}.get(scheme, DEFAULT_PORT) if separator else DEFAULT_PORT)
    except ValueError as error:
        raise ProviderError(f"{text!r} is no address of an Ollama server ({error}); write it as host:port") from error
    host = parts.hostname or "127.0.0.1"
    if host == "0.0.0.0":  # noqa: S104 - where a server listens, which is nowhere to connect to
        host = "127.0.0.1"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}{parts.path.rstrip('/')}"


def sampling_options(sampling: Sampling, sample: int = 0) -> dict[str, Any]:
    """Translate how tokens are drawn.

    Args:
        sampling: how tokens are drawn.
        sample: which draw this is, added to the seed.

    Returns:
        What was asked for, by Ollama's names.
    """
    wanted = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "num_predict": sampling.max_tokens,
        "seed": None if sampling.seed is None else sampling.seed + sample,
        "stop": list(sampling.stop) or None,
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
    }
    return {name: value for name, value in wanted.items() if value is not None}
