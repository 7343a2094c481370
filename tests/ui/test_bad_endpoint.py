"""Endpoints that fail, as a user meets them: real HTTP on this machine."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from aiohttp import web

from tests.llm.endpoint import Call as Request
from tests.llm.endpoint import failure, reply
from tests.ui.conftest import Serve
from tests.ui.project import KEPT, PAIRS, pair, use_endpoint
from tests.ui.terminal import Call

KEY = "sk-" + "abcdefghijklmnop1234"


def good(request: Request) -> web.Response:
    return reply(next(pair(sentence) for sentence in PAIRS if sentence in request.question))


def test_nobody_listens(project: Path, curator: Call) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    use_endpoint(project, f"http://127.0.0.1:{port}/v1")
    ended = curator("run", "--yes")
    assert ended.code == 4
    assert f"http://127.0.0.1:{port}/v1 cannot be reached" in ended.error
    assert "check that the server runs" in ended.error


def test_the_key_is_refused(project: Path, curator: Call, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    with serve(lambda _request: failure(401, f"Incorrect API key provided: {KEY}")) as endpoint:
        use_endpoint(project, endpoint.url, "api_key_env: MY_KEY")
        ended = curator("run", "--yes")
    assert ended.code == 4
    assert "refuses the key in MY_KEY; check its value" in ended.error
    assert KEY not in ended.out + ended.err


def test_the_key_is_missing(project: Path, curator: Call) -> None:
    use_endpoint(project, "http://127.0.0.1:9/v1", "api_key_env: MY_KEY")
    ended = curator("run", "--yes")
    assert ended.code == 4
    assert "MY_KEY" in ended.error


def test_the_model_is_not_there(project: Path, curator: Call, serve: Serve) -> None:
    with serve(lambda _request: failure(404, "no such model"), models=("gamma", "delta")) as endpoint:
        use_endpoint(project, endpoint.url)
        ended = curator("run", "--yes")
    assert ended.code == 4
    assert "has no model 'alpha'; it has: delta, gamma" in ended.error


def test_too_many_requests_for_ever(project: Path, curator: Call, serve: Serve) -> None:
    with serve(lambda _request: failure(429, "slow down", Retry_After="0.05")) as endpoint:
        use_endpoint(project, endpoint.url, "max_wait_s: 2")
        ended = curator("run", "--yes")
        assert len(endpoint.calls) > len(PAIRS)
    assert ended.code == 4
    assert "HTTP 429: slow down; tried " in ended.error
    assert "replies so far are kept" in ended.error


def test_what_came_in_before_it_failed_is_kept(project: Path, curator: Call, serve: Serve) -> None:
    def fails_at_the_last(request: Request) -> web.Response:
        return failure(500, "out of memory") if "Corn Bridge" in request.question else good(request)

    with serve(fails_at_the_last) as endpoint:
        use_endpoint(project, endpoint.url, "max_retries: 0, max_concurrency: 1")
        ended = curator("run", "--yes")
        assert ended.code == 4
        assert "HTTP 500: out of memory" in ended.error
        assert "Run 1: failed" in curator("status").out
        endpoint.behave = good
        endpoint.calls.clear()
        again = curator("run", "--yes", "--json")
        assert len(endpoint.calls) == 1
    assert again.data["candidates"]["kept"] == KEPT


def test_a_request_that_is_refused_is_one_dropped_candidate(project: Path, curator: Call, serve: Serve) -> None:
    def refuses_the_bells(request: Request) -> web.Response:
        return failure(400, "bells are forbidden") if "Nine bells" in request.question else good(request)

    with serve(refuses_the_bells) as endpoint:
        use_endpoint(project, endpoint.url)
        assert curator("run", "--yes").code == 0
    [row] = curator("ls", "--json", "--reason", "refused-by-provider").data
    assert "bells are forbidden" in row["drop"]["detail"]


def test_a_page_of_html_is_no_reply(project: Path, curator: Call, serve: Serve) -> None:
    with serve(lambda _request: web.Response(text="<html>hello</html>", content_type="text/html")) as endpoint:
        use_endpoint(project, endpoint.url, "max_retries: 0")
        ended = curator("run", "--yes")
    assert ended.code == 4
    assert endpoint.url in ended.error
