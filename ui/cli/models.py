"""`curator models`: what can be asked here, and fetching the embedded model."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from ui.cli.options import HERE, AsJson, Workspace, print_json, print_table, say


def command(
    action: Annotated[Literal["list", "fetch", "pull"], typer.Argument(help="list; fetch the embedded model; pull one through Ollama.")] = "list",
    name: Annotated[str, typer.Argument(help="The model to pull.")] = "",
    workspace: Workspace = HERE,
    as_json: AsJson = False,
) -> None:
    """List the models that can be asked from here, or bring one here.

    Examples: curator models; curator models fetch; curator models pull qwen3:4b
    """
    import asyncio

    from ui.settings import load_environment

    load_environment(workspace)
    if action == "fetch":
        _fetch()
    elif action == "pull":
        _pull(name)
    else:
        rows = asyncio.run(available())
        if as_json:
            print_json([{"provider": provider, "model": model, "note": note} for provider, model, note in rows])
        else:
            print_table(("provider", "model", "note"), rows)


async def available() -> list[tuple[str, str, str]]:
    """Return every model that can be asked from here, as (provider, model, note); a provider without one says why."""
    import os

    from curator.errors import ProviderError
    from curator.llm.spec import ModelSpec
    from curator.registry import providers

    rows: list[tuple[str, str, str]] = []
    for provider in ("openai", "ollama", "local"):
        if provider == "openai" and not (os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL")):
            rows.append((provider, "–", "set OPENAI_API_KEY, or OPENAI_BASE_URL for another endpoint"))
            continue
        try:
            client = providers.load(provider).from_spec(ModelSpec(provider=provider), HERE)
            try:
                names = await client.models()
            finally:
                await client.aclose()
        except ProviderError as error:
            rows.append((provider, "–", str(error)))
            continue
        rows += [(provider, model, "") for model in names]
    return rows


def _fetch() -> None:
    from curator.llm.weights import fetch_embedded

    path = fetch_embedded(say)
    print(f"The embedded model is in {path}")


def _pull(name: str) -> None:
    import asyncio

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
    print(f"Ollama has {name} now")
