"""What an OpenAI-compatible endpoint means by its HTTP errors."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from curator.errors import ProviderError, RequestRefused
from curator.llm.limits import retry_after_s

_REFUSED = frozenset({400, 413, 422})
_RETRYABLE_BELOW_500 = frozenset({408, 409, 425, 429})
_LONGEST_CHARS = 500

_SECRET = re.compile(r"(?i)(bearer\s+)\S+|\b(?:sk|pk|rk)-[\w*-]{6,}")
_UNSUPPORTED = re.compile(r"(?i)unsupported|not supported|does not support|unrecognized|unknown parameter")
_PARAMETERS = ("max_tokens", "temperature", "top_p", "presence_penalty", "frequency_penalty", "seed", "stop")


def scrubbed(text: str, key: str) -> str:
    """Return a provider's words without the key, or anything that looks like one."""
    if key:
        text = text.replace(key, "***")
    return _SECRET.sub(lambda match: f"{match.group(1) or ''}***", text)


def provider_words(body: bytes, key: str) -> str:
    """Return the message in an error body, on one line, scrubbed of secrets; the body's beginning if it has none."""
    text = body.decode("utf-8", "replace")
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if isinstance(content, dict):
        error = content.get("error", content)
        message = error.get("message") or error.get("detail") if isinstance(error, dict) else error
        code = error.get("code") if isinstance(error, dict) else None
        if message:
            text = f"{message} ({code})" if isinstance(code, str) and code not in str(message) else str(message)
    text = scrubbed(" ".join(text.split()), key)
    return text if len(text) <= _LONGEST_CHARS else f"{text[:_LONGEST_CHARS]}…"


def error_of(status: int, headers: Mapping[str, str], words: str, where: str, key_env: str) -> ProviderError:
    """Translate an HTTP error.

    Args:
        status: the response's status.
        headers: its headers.
        words: its message, scrubbed (see `provider_words`).
        where: the endpoint.
        key_env: the environment variable that the key was read from; "" if none was sent.

    Returns:
        The error to raise.
    """
    said = f"{where}: HTTP {status}" + (f": {words}" if words else "")
    if status in _REFUSED:
        return RequestRefused(said, status=status)
    if status == 401:
        if key_env:
            return ProviderError(f"{where} refuses the key in {key_env}; check its value. It says: {words}", status=401)
        return ProviderError(
            f"{where} wants a key; put it into an environment variable and name that in api_key_env. It says: {words}",
            status=401,
        )
    if status == 403:
        return ProviderError(f"{said} — the key may not use this model or endpoint", status=403)
    if status == 429 and re.search("insufficient_quota|exceeded your current quota|billing", words):
        return ProviderError(f"{said} — the account has no credit left; waiting does not help", status=429)
    if status in _RETRYABLE_BELOW_500 or status >= 500:
        return ProviderError(said, status=status, retryable=True, retry_after_s=retry_after_s(headers))
    return ProviderError(said, status=status)


def unsupported_parameter(status: int, words: str) -> str:
    """Return the sampling parameter that a 400 says the endpoint does not take, or "" if it says something else."""
    if status not in _REFUSED or not _UNSUPPORTED.search(words):
        return ""
    quoted = ((name, re.search(rf"['\"`]{name}['\"`]|parameter:? {name}\b", words)) for name in _PARAMETERS)
    named = [(match.start(), name) for name, match in quoted if match]
    return min(named)[1] if named else ""
