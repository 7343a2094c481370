"""`curator models`: what can be asked here, and bringing a model here."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal, NamedTuple

import typer

from curator.errors import RecipeError
from curator.llm.weights import EMBEDDED
from ui.cli.options import HERE, AsJson, Workspace
from ui.cli.output import print_json, print_table, say, tell

PROVIDERS = ("openai", "ollama", "local")
"""Those whose models can be listed, in the order in which `provider: auto` tries them."""


class Offer(NamedTuple):
    """A model that can be asked, or why a provider offers none.

    Attributes:
        provider: the provider's registered name.
        model: the model's name; None where there is none.
        note: why there is none, and what to do; "" where there is one.
    """

    provider: str
    model: str | None
    note: str = ""


def command(
    action: Annotated[
        Literal["list", "fetch", "pull"],
        typer.Argument(metavar="ACTION", help="list; fetch the embedded model; pull one through Ollama."),
    ] = "list",
    name: Annotated[str, typer.Argument(metavar="NAME", help="The model to pull.")] = "",
    _workspace: Workspace = HERE,
    as_json: AsJson = False,
) -> None:
    """List the models that can be asked from here, or bring one here.

    Examples: curator models; curator models fetch; curator models pull qwen3:4b
    """
    if action == "fetch":
        if name not in ("", EMBEDDED):
            raise RecipeError(
                f"only the embedded model is fetched; name {name!r} in a recipe, or pull it through Ollama"
            )
        _fetch(as_json=as_json)
        return
    if action == "pull":
        _pull(name, as_json=as_json)
        return
    offers = asyncio.run(available())
    if as_json:
        print_json([offer._asdict() for offer in offers])
        return
    print_table(("provider", "model", "note"), [(offer.provider, offer.model or "-", offer.note) for offer in offers])


async def available() -> list[Offer]:
    """Return every model that can be asked from here; a provider without one says why."""
    return [offer for provider in PROVIDERS for offer in await _offers(provider)]


async def _offers(provider: str) -> list[Offer]:
    import os

    from curator.errors import CuratorError
    from curator.llm.spec import ModelSpec
    from curator.registry import providers

    if provider == "openai" and not (os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL")):
        return [Offer(provider, None, "set OPENAI_API_KEY, or OPENAI_BASE_URL for another endpoint")]
    # A connection to an endpoint is one to a model of it; which one does not matter for listing all.
    spec = ModelSpec(provider=provider, model="any" if provider == "openai" else "")
    try:
        client = providers.load(provider).from_spec(spec, HERE)
        try:
            names = await client.models()
        finally:
            await client.aclose()
    except CuratorError as error:
        return [Offer(provider, None, str(error))]
    return [Offer(provider, name) for name in names] or [Offer(provider, None, "it has no models yet")]


def _fetch(*, as_json: bool) -> None:
    from curator.llm.weights_fetch import fetch_embedded

    path = fetch_embedded(say)
    if as_json:
        print_json({"model": "embedded", "path": str(path)})
    else:
        tell(f"The embedded model is in {path}")


def _pull(name: str, *, as_json: bool) -> None:
    from curator.errors import RecipeError
    from curator.llm.ollama import OllamaProvider
    from curator.llm.spec import ModelSpec

    if not name:
        raise RecipeError("name the model to pull, as in `curator models pull qwen3:4b`")

    async def pull() -> None:
        client = OllamaProvider.from_spec(ModelSpec(provider="ollama", model=name), HERE)
        try:
            await client.pull(name, say)
        finally:
            await client.aclose()

    asyncio.run(pull())
    if as_json:
        print_json({"model": name, "provider": "ollama"})
    else:
        tell(f"Ollama has {name} now")
