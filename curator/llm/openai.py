"""Any endpoint that speaks OpenAI's chat-completions format, through the official SDK.

The SDK decides everything that can be configured: address, authentication, organisation, default headers, the list of
models. Only the chat request itself goes through one aiohttp session with those headers, because a request through the
SDK's own stack takes four to ten times the CPU time, which is what bounds a fast endpoint (see benchmarks/dispatch.py).
The SDK's retries are off: `curator.llm.dispatch` retries, for every provider alike.
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import os
import ssl
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from curator.errors import ProviderError, RecipeError
from curator.llm.base import ChatReply, ChatRequest
from curator.llm.openai_errors import error_of, provider_words, scrubbed, unsupported_parameter
from curator.llm.openai_wire import decode, encode, path_of
from curator.llm.prices import OPENAI_BASE_URL
from curator.llm.spec import ModelSpec

if TYPE_CHECKING:
    import aiohttp
    from openai import AsyncOpenAI

DEFAULT_KEY_ENV = "OPENAI_API_KEY"
_CONNECT_TIMEOUT_S = 30.0
_LISTED_MODELS = 20
_DEFAULT_PORTS = {"http": 80, "https": 443}


class OpenAIProvider:
    """A connection to one OpenAI-compatible endpoint.

    The key is read from the environment once and stands in no attribute that is printed, no error and no stored reply.
    """

    parallel = 0
    opens_turns = True

    def __init__(
        self,
        options: ModelSpec,
        *,
        environ: Mapping[str, str] = os.environ,
        notice: Callable[[str], None] | None = None,
    ) -> None:
        """Prepare a connection; nothing is sent yet.

        Args:
            options: the recipe's model. `extra` may hold `extra_body`, further fields of the request's body.
            environ: where keys and `OPENAI_BASE_URL` are read.
            notice: told what the user should know once; by default the log.

        Raises:
            ProviderError: no model is named, the key is missing, or the SDK is not installed.
            RecipeError: `extra` has a field that this provider does not know.
        """
        if not options.model:
            raise ProviderError("provider openai: name a model, as in `model: gpt-6-luna`")
        self.model = options.model
        self.base_url = normalised_url(options.base_url or environ.get("OPENAI_BASE_URL") or OPENAI_BASE_URL)
        self._extra_body = _extra_body(options.extra)
        self.identity = f"openai:{self.base_url}{_fingerprint(self._extra_body)}"
        named = options.api_key_env or (DEFAULT_KEY_ENV if self._is_the_users_own(options, environ) else "")
        self._key = environ.get(named, "").strip()
        self._key_env = named if self._key else ""
        if not self._key and (options.api_key_env or not _is_local(self.base_url)):
            variable = named or "that holds its key, and name it in `api_key_env`"
            raise ProviderError(f"{self.base_url} wants a key: set the environment variable {variable}")
        self._notice = notice or logging.getLogger(__name__).warning
        self._sdk = _sdk_client(self.base_url, self._key, options.timeout_s)
        self._session: aiohttp.ClientSession | None = None
        self._reached = False
        self._renamed: dict[str, str] = {}
        self._left_out: frozenset[str] = frozenset()

    @classmethod
    def from_spec(cls, spec: ModelSpec, folder: Path) -> OpenAIProvider:  # noqa: ARG003 - the contract of providers
        """Build the provider for a recipe's model.

        Args:
            spec: the recipe's model.
            folder: the workspace; this provider reads no file of it.

        Returns:
            The provider.
        """
        return cls(spec)

    def _is_the_users_own(self, options: ModelSpec, environ: Mapping[str, str]) -> bool:
        """Whether the endpoint is OpenAI's or the environment names it: no shared recipe may draw a key elsewhere."""
        named = (environ.get(variable) for variable in ("OPENAI_BASE_URL", "CURATOR_BASE_URL"))
        trusted = {OPENAI_BASE_URL, *(normalised_url(url) for url in named if url)}
        return options.base_url is None or self.base_url in trusted

    def __repr__(self) -> str:
        """Name the model and endpoint, and never the key."""
        return f"OpenAIProvider({self.model!r}, {self.base_url!r})"

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Ask once; a request that is refused for a parameter the endpoint does not take is put right and repeated.

        Args:
            request: what to ask.

        Returns:
            The reply.

        Raises:
            RequestRefused: the endpoint, a content filter or the model refuses this request.
            ProviderError: the endpoint cannot serve; `retryable` says whether waiting helps.
        """
        while True:
            renamed, left_out = dict(self._renamed), self._left_out
            payload = encode(request, renamed=renamed, left_out=left_out, extra_body=self._extra_body)
            started = time.monotonic()
            status, headers, body = await self._post(path_of(request), payload)
            if status == 200:
                return decode(body, request, self.base_url, time.monotonic() - started)
            words = provider_words(body, self._key)
            parameter = unsupported_parameter(status, words)
            if parameter and parameter not in renamed and parameter not in left_out:
                self._do_without(parameter, words)
                continue
            if status == 404:
                raise await self._not_found(words)
            raise error_of(status, headers, words, self.base_url, self._key_env)

    async def models(self) -> list[str]:
        """Ask for the names of the endpoint's models.

        Returns:
            The names, sorted.

        Raises:
            ProviderError: the endpoint cannot be reached or does not list its models.
        """
        import openai

        try:
            page = await self._sdk.models.list()
            return sorted(model.id for model in page.data)
        except openai.APIStatusError as error:
            words = provider_words(error.response.content, self._key)
            failure = error_of(error.status_code, error.response.headers, words, self.base_url, self._key_env)
            raise failure from None
        except openai.APIConnectionError as error:
            raise self._unreachable(str(error.__cause__ or error)) from None
        except (openai.OpenAIError, TypeError, AttributeError, ValueError) as error:
            # The SDK does not check what it reads, so a page of HTML fails wherever it is first used.
            raise ProviderError(
                f"{self.base_url} does not list its models: {scrubbed(str(error), self._key)}"
            ) from None

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None
        await self._sdk.close()

    async def _post(self, path: str, payload: bytes) -> tuple[int, Mapping[str, str], bytes]:
        import aiohttp

        session = self._session or self._open_session()
        try:
            async with session.post(self.base_url + path, data=payload) as response:
                body = await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise self._unreachable(str(error)) from None
        except (aiohttp.ClientError, OSError) as error:
            reason = scrubbed(str(error) or type(error).__name__, self._key)
            raise ProviderError(f"{self.base_url}: the connection broke off: {reason}", retryable=True) from None
        self._reached = True
        if self._key and (secret := self._key.encode()) in body:
            body = body.replace(secret, b"***")  # an endpoint that echoes the key must not get it into the store
        return response.status, response.headers, body

    def _open_session(self) -> aiohttp.ClientSession:
        import aiohttp

        configured = {**self._sdk.default_headers, **(self._sdk.auth_headers if self._key else {})}
        headers = {
            name: value
            for name, value in configured.items()
            if isinstance(value, str) and not name.startswith("X-Stainless")  # describes the user's machine, to no use
        }
        secure = self.base_url.startswith("https:")
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=_trusted_certificates() if secure else True),
            headers=headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_TIMEOUT_S),
            proxy=_proxy_for(self.base_url),
        )
        return self._session

    def _unreachable(self, reason: str) -> ProviderError:
        """An endpoint that was there before may come back; one that never was has a wrong address."""
        return ProviderError(
            f"{self.base_url} cannot be reached ({scrubbed(reason, self._key)}); check that the server runs, and "
            "base_url, proxy and network",
            retryable=self._reached,
        )

    def _do_without(self, parameter: str, words: str) -> None:
        if parameter == "max_tokens":
            self._renamed["max_tokens"] = "max_completion_tokens"  # the name that reasoning models know
        elif parameter not in self._left_out:
            self._left_out |= {parameter}
            self._notice(f"openai/{self.model} does not take {parameter}, so it is left out: {words}")

    async def _not_found(self, words: str) -> ProviderError:
        said = f"{self.base_url}: HTTP 404: {words}"
        try:
            names = await self.models()
        except ProviderError:
            return ProviderError(
                f"{said}; check base_url, which as a rule ends in /v1, and the model's name", status=404
            )
        if self.model in names:
            return ProviderError(said, status=404)
        listed = ", ".join(names[:_LISTED_MODELS]) + (", …" if len(names) > _LISTED_MODELS else "")
        return ProviderError(
            f"{self.base_url} has no model {self.model!r}; it has: {listed or 'none'}. It says: {words}", status=404
        )


def normalised_url(url: str) -> str:
    """Return `url` in one spelling, so that equal endpoints share stored replies: no user, query or final slash."""
    parts = urlsplit(url.strip())
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    if ":" in host:
        host = f"[{host}]"
    port = "" if parts.port in (None, _DEFAULT_PORTS.get(scheme)) else f":{parts.port}"
    return f"{scheme}://{host}{port}{parts.path.rstrip('/')}"


def _is_local(url: str) -> bool:
    """Whether `url` is on this machine or a private network, where servers ask for no key as a rule."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".localhost", ".internal"))


def _extra_body(extra: Mapping[str, Any]) -> dict[str, Any]:
    strange = sorted(set(extra) - {"extra_body"})
    if strange:
        raise RecipeError(f"provider openai: extra.{strange[0]} is not known; known: extra_body")
    body = extra.get("extra_body", {})
    if not isinstance(body, dict):
        raise RecipeError("provider openai: extra.extra_body must be a mapping of body fields")
    return body


def _fingerprint(extra_body: Mapping[str, Any]) -> str:
    """Tell replies apart that were asked with different further fields."""
    if not extra_body:
        return ""
    content = msgspec.json.encode(extra_body, order="deterministic")
    return f"#{hashlib.blake2b(content, digest_size=8).hexdigest()}"


def _sdk_client(base_url: str, key: str, timeout_s: float) -> AsyncOpenAI:
    try:
        from openai import AsyncOpenAI
    except ImportError as error:
        raise ProviderError("provider openai: the SDK is missing; pip install openai aiohttp") from error
    # The SDK insists on some key; a server without keys ignores it, and chat requests do not carry it.
    return AsyncOpenAI(api_key=key or "none", base_url=base_url, timeout=timeout_s, max_retries=0)


def _trusted_certificates() -> ssl.SSLContext:
    """Return the certificates that the SDK's own HTTP client trusts, so that both agree."""
    import httpx2

    return httpx2.create_ssl_context()


def _proxy_for(url: str) -> str | None:
    """Return the environment's proxy for `url`, resolved once; none for this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in {"localhost", "127.0.0.1", "::1"} or urllib.request.proxy_bypass(host):
        return None
    return urllib.request.getproxies().get(parts.scheme)
