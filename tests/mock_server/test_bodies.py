"""Bodies are read after everything else was checked, and within limits of size and time."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from mock_server.config import ProxySettings, Settings
from mock_server.http.message_framing import BadRequestError, BodyTimeoutError
from mock_server.proxy.proxy_app import load_proxy
from mock_server.server import request_bodies
from mock_server.server.asgi_app import AsgiApp
from mock_server.server.lifecycle import load_app
from tests.steering import Build

STATE = 64 * 1024 * 1024
LOCAL = (b"host", b"127.0.0.1:4010")
STEERING = (b"x-mock-control", b"1")


def piece(body: bytes, *, more: bool = True) -> dict[str, object]:
    return {"type": "http.request", "body": body, "more_body": more}


class Client:
    """Sends messages, then nothing; knows how often it was asked for some."""

    def __init__(self, *messages: dict[str, object]) -> None:
        self.messages, self.asked = list(messages), 0

    async def receive(self) -> Any:
        self.asked += 1
        return self.messages.pop(0) if self.messages else await asyncio.Event().wait()


def read(client: Client, limit: int = 10, length: int = 0) -> bytes:
    return asyncio.run(request_bodies.read(client.receive, limit, length))


def test_a_body_is_put_together() -> None:
    assert read(Client(piece(b"ab"), piece(b"cd", more=False))) == b"abcd"


def test_what_is_announced_as_too_large_is_not_read() -> None:
    client = Client(piece(b"x"))
    with pytest.raises(request_bodies.TooLargeError):
        read(client, length=11)
    assert client.asked == 0


def test_what_turns_out_too_large_is_read_no_further() -> None:
    client = Client(piece(b"x" * 6), piece(b"x" * 6), piece(b"x" * 6))
    with pytest.raises(request_bodies.TooLargeError):
        read(client)
    assert client.asked == 2


def test_a_body_that_stops_coming_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_bodies, "IDLE", 0.02)
    with pytest.raises(BodyTimeoutError) as error:
        read(Client(piece(b"abc")))
    assert "3 bytes came" in error.value.details[0].reason


def test_a_body_that_comes_too_slowly_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_bodies, "IDLE", 0.05)
    monkeypatch.setattr(request_bodies, "WHOLE", 0.1)

    async def drop() -> Any:
        await asyncio.sleep(0.01)
        return piece(b"x")

    with pytest.raises(BodyTimeoutError):
        asyncio.run(request_bodies.read(drop, 10**6))


def test_a_body_that_ends_before_its_end_is_no_body() -> None:
    with pytest.raises(BadRequestError):
        read(Client(piece(b"abc"), {"type": "http.disconnect"}))


def test_a_body_that_nobody_wants_is_thrown_away_and_not_waited_for() -> None:
    whole = Client(piece(b"ab"), piece(b"cd", more=False))
    assert asyncio.run(request_bodies.discard(whole.receive, expects=False))
    assert not asyncio.run(request_bodies.discard(Client(piece(b"ab")).receive, expects=False))
    expecting = Client()
    assert not asyncio.run(request_bodies.discard(expecting.receive, expects=True))
    assert expecting.asked == 0, "asking would have the body sent"


Ask = Callable[..., tuple[int, Client]]


@pytest.fixture
def ask(build: Build) -> Ask:
    """Sends a request to a shell; answers the status, and the client, which knows whether its body was asked for."""

    def send(
        method: str, path: str, *headers: tuple[bytes, bytes], client: Client, **options: Any
    ) -> tuple[int, Client]:
        scope = {
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "http_version": "1.1",
        }
        sent: list[Any] = []

        async def run() -> None:
            async def keep(message: Any) -> None:
                sent.append(message)

            await AsgiApp(build(**options), 1000)(
                {**scope, "headers": [LOCAL, *headers]}, client.receive, keep
            )

        asyncio.run(run())
        return sent[0]["status"], client

    return send


EXPECT = ((b"expect", b"100-continue"), (b"content-length", b"%d" % STATE))


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("PUT", "/__mock/state", [], 403),
        ("PUT", "/__mock/state", [STEERING, (b"origin", b"https://evil.example")], 403),
        ("PUT", "/__mock/state", [STEERING, (b"content-length", b"%d" % (STATE + 1))], 400),
        ("POST", "/__mock/reset", [STEERING], 400),
        ("POST", "//__mock/state", [STEERING], 404),
        ("POST", "/v1/user/by-id/x/__mock/public", [], 404),
        ("PATCH", "/v1/user/profile", [], 405),
        ("put", "/__mock/state", [STEERING], 405),
        ("POST", "/v1/user/profile", [], 401),
        ("POST", "/v1/user/profile", [(b"authorization", b"Bearer ada-session")], 400),
    ],
)
def test_who_is_refused_hears_so_before_the_body_is_sent(
    ask: Ask, method: str, path: str, headers: list[tuple[bytes, bytes]], status: int
) -> None:
    lengths = [each for each in EXPECT if each[0] not in dict(headers)]
    found, client = ask(method, path, *lengths, *headers, client=Client())
    assert (found, client.asked) == (status, 0)


def test_a_token_is_asked_for_before_the_body(ask: Ask) -> None:
    assert (
        ask("PUT", "/__mock/state", *EXPECT, STEERING, client=Client(), control_token="right")[0]
        == 403
    )


def test_a_whole_state_is_read_where_its_sender_may(ask: Ask) -> None:
    client = Client(piece(b'{"users": []'), piece(b" " * 2_000_000), piece(b"}", more=False))
    headers = ((b"transfer-encoding", b"chunked"), (b"content-type", b"application/json"), STEERING)
    status, _ = ask("PUT", "/__mock/state", *headers, client=client)
    assert status == 204


@pytest.mark.parametrize("is_proxy", [False, True], ids=["mock", "proxy"])
def test_a_control_call_whose_body_stops_coming_is_refused(
    monkeypatch: pytest.MonkeyPatch, *, is_proxy: bool
) -> None:
    monkeypatch.setattr(request_bodies, "IDLE", 0.02)
    behind = ProxySettings("http://127.0.0.1:9") if is_proxy else None
    app = load_proxy(Settings(proxy=behind)) if is_proxy else load_app(Settings())
    headers = [LOCAL, STEERING, (b"content-length", b"9")]
    scope = {
        "method": "POST",
        "path": "/__mock/requests/count",
        "query_string": b"",
        "http_version": "1.1",
        "headers": headers,
    }
    sent: list[Any] = []

    async def keep(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, Client(piece(b"{")).receive, keep))
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
