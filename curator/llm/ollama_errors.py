"""What it means when a talk with an Ollama server fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from curator.errors import ProviderError, RequestRefused

_REFUSED = frozenset({400, 413, 422})
_MID_STREAM = -1
"""The client's status of an error that came after the response had begun."""


@contextmanager
def translated(url: str, model: str, *, reached: bool) -> Iterator[None]:
    """Turn the errors of Ollama's client into ours.

    Args:
        url: the server.
        model: the model that is talked about, "" for none.
        reached: whether the server has answered before: then it may come back, else its address is wrong.

    Yields:
        Nothing; the talk goes inside.

    Raises:
        RequestRefused: the server refuses the request.
        ProviderError: anything else that is wrong with the server or the model.
    """
    import httpx
    import ollama

    try:
        yield
    except ollama.ResponseError as error:
        raise _of_status(error.status_code, " ".join(str(error.error).split()), url, model) from error
    except ConnectionError as error:
        raise ProviderError(
            f"no Ollama answers at {url}; start it (`ollama serve`), or set base_url or OLLAMA_HOST", retryable=reached
        ) from error
    except httpx.TimeoutException as error:
        raise ProviderError(f"the Ollama at {url} did not answer in time (timeout_s)", retryable=True) from error
    except httpx.HTTPError as error:
        raise ProviderError(f"{url}: the connection to Ollama broke off: {error}", retryable=True) from error
    except ValueError as error:  # neither JSON nor Ollama's
        first = str(error).splitlines()[0]
        raise ProviderError(f"{url} does not answer as Ollama does ({first}); check base_url or OLLAMA_HOST") from error


def not_there(model: str, url: str, names: Sequence[str]) -> ProviderError:
    """Say that a server does not have a model.

    Args:
        model: the model; "" where none was named.
        url: the server.
        names: the models it has.

    Returns:
        The error to raise.
    """
    has = f"the Ollama at {url} has: {', '.join(names) or 'no models'}"
    if not model:
        return ProviderError(f"provider ollama: name a model; {has}. Fetch one with `ollama pull NAME`")
    return ProviderError(f"there is no model {model!r}; {has}. Fetch it with `ollama pull {model}`", status=404)


def _of_status(status: int, words: str, url: str, model: str) -> ProviderError:
    said = f"ollama/{model} at {url}: {words}" if model else f"the Ollama at {url}: {words}"
    if status in _REFUSED:
        return RequestRefused(said, status=status)
    if status == _MID_STREAM:
        return ProviderError(said, retryable=True)
    if status == 404 and not words.startswith(("model", "pull")):
        said += " — is this an Ollama? Check base_url or OLLAMA_HOST"
    return ProviderError(f"{said} (HTTP {status})", status=status, retryable=status == 429 or status >= 500)
