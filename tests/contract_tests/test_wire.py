"""An answer is read for as long and as far as the gate's patience goes, and only a whole one counts."""

import asyncio
import gzip
import socket
import time
import zlib
from dataclasses import replace

import pytest

from contract_tests.config.network_options import NetworkOptions
from contract_tests.http import response_reader
from contract_tests.http.http_client import Client
from contract_tests.http.messages import Exchange, HttpRequest
from tests.mock_server.raw_upstream import OK, Answer, raw_upstream, whole

CALL = HttpRequest("listReferrals", "GET", "/answer")
LONG = b'{"items": "' + b"a" * 2000 + b'"}'


def drips(start: bytes, piece: bytes, end: bytes) -> Answer:
    """An answer that is whole after ten seconds, of which a piece comes every twentieth of a second."""

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        for _ in range(200):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.05)
        writer.write(end)

    return answer


def ends(start: bytes) -> Answer:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        await writer.drain()
        writer.close()

    return answer


def asked(answer: bytes | Answer, seconds: float = 10, *, raw: bool = False) -> Exchange:
    with raw_upstream(answer=answer) as upstream:
        client = Client(
            upstream.url, lambda _: None, lambda _: None, NetworkOptions(timeout=seconds), "abc123"
        )
        exchange = client.send_raw(replace(CALL, method="HEAD")) if raw else client.send(CALL)
        client.close()
    return exchange


@pytest.mark.parametrize(
    "answer",
    [
        drips(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", b"2\r\n{}\r\n0\r\n\r\n"),
        drips(OK + b"Content-Length: 202\r\n\r\n", b" ", b"{}"),
        drips(OK + b"X-Long: ", b"a", b"\r\nContent-Length: 2\r\n\r\n{}"),
    ],
    ids=["in chunks", "of a known length", "in its head"],
)
def test_an_answer_that_drips_is_not_waited_for(answer: Answer) -> None:
    exchange = asked(answer, 0.3)
    assert (exchange.status, exchange.trouble) == (
        0,
        "no complete HTTP answer (TimeoutError: not whole after 0.3 s)",
    )


def test_what_is_there_is_not_read_when_the_time_is_over() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, response_reader.Timed(ours, 0) as reader:
        theirs.sendall(b"more")
        with pytest.raises(TimeoutError, match="not whole after 0 s"):
            reader.read(1)


TOO_LARGE = {
    "of a known length": whole(LONG),
    "in chunks": OK
    + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(LONG), LONG),
    "until it closes": ends(OK + b"\r\n" + LONG),
    "in gzip": whole(gzip.compress(LONG), b"Content-Encoding: gzip"),
    "in deflate": whole(zlib.compress(LONG), b"Content-Encoding: deflate"),
}


@pytest.mark.parametrize("answer", TOO_LARGE.values(), ids=TOO_LARGE)
def test_a_body_without_end_is_not_read_to_its_end(
    answer: bytes | Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asked(answer).body == LONG
    monkeypatch.setattr("contract_tests.http.response_reader.LARGEST", 1000)
    assert "a body of more than" in asked(answer).trouble


@pytest.mark.parametrize(
    "answer",
    [
        ends(OK + b"Content-Length: 10\r\n\r\n{}"),
        ends(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}"),
        whole(gzip.compress(LONG)[:-9], b"Content-Encoding: gzip"),
        whole(zlib.compress(LONG)[:-9], b"Content-Encoding: deflate"),
        whole(b"no gzip", b"Content-Encoding: gzip"),
    ],
    ids=["too short", "a chunk too short", "too short in gzip", "too short in deflate", "no gzip"],
)
def test_a_body_that_breaks_off_is_no_answer(answer: bytes | Answer) -> None:
    exchange = asked(answer)
    assert exchange.status == 0
    assert exchange.trouble.startswith("no complete HTTP answer (")


def test_what_comes_after_the_answer_to_head_is_seen() -> None:
    exchange = asked(ends(whole(b"{}", b"X-Odd: a : b")), raw=True)
    assert (exchange.status, exchange.body, exchange.header("X-Odd")) == (200, b"{}", "a : b")


@pytest.mark.parametrize(
    "answer",
    [ends(b"\r\n"), ends(b""), ends(b"SSH-2.0\r\n\r\n")],
    ids=["a blank line", "nothing", "no HTTP"],
)
def test_what_is_no_answer_to_head_is_none(answer: Answer) -> None:
    exchange = asked(answer, raw=True)
    assert (exchange.status, exchange.body) == (0, b"")
    assert exchange.trouble == "no complete HTTP answer (nothing came)"


def test_head_of_nobody_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contract_tests.http.http_client.BETWEEN_TRIES", 0)
    client = Client(
        "http://127.0.0.1:1", lambda _: None, lambda _: None, NetworkOptions(), "abc123"
    )
    assert "ConnectionRefusedError" in client.send_raw(CALL).trouble


@pytest.mark.parametrize("coding", ["", "identity", "br"])
def test_a_coding_that_is_not_known_is_left(coding: str) -> None:
    assert response_reader.decoded(b"{}", coding) == b"{}"


IN_CHUNKS = OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    "answer", [whole(b"{}"), IN_CHUNKS], ids=["of a known length", "in chunks"]
)
def test_what_follows_an_answer_is_seen(answer: bytes) -> None:
    assert (
        asked(answer + b"}}").trouble
        == "no complete HTTP answer (SurplusError: 2 bytes after its end)"
    )
    for harmless in (b"", b"\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n"):
        assert asked(answer + harmless).body == b"{}"


async def tires(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers, and says 408 when nothing more is asked for a moment, as HAProxy and Apache do."""
    writer.write(whole(b"{}"))
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.write(whole(b"<h1>408</h1>", b"Connection: close", status=b"408 Request Time-out"))
    writer.close()


def test_what_is_said_of_an_idle_connection_is_no_answer() -> None:
    with raw_upstream(answer=tires) as upstream:
        client = Client(upstream.url, lambda _: None, lambda _: None)
        first = client.send(CALL)
        time.sleep(0.2)
        second = client.send(CALL)
        client.close()
    assert (first.status, second.status) == (200, 200)


def test_a_connection_on_which_more_came_is_not_used_again() -> None:
    more = whole(b"a" * 20_000, status=b"408 Request Time-out")
    with raw_upstream(answer=whole(b"{}") + more) as upstream:
        client = Client(upstream.url, lambda _: None, lambda _: None)
        answers = [client.send(CALL) for _ in range(3)]
        client.close()
    assert [(each.status, each.trouble) for each in answers] == [(200, "")] * 3
