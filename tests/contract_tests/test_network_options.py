"""Pace, patience, proxies, certificates, and the gate's own name."""

import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from contract_tests.config.network_options import NetworkOptions, read_network_options
from contract_tests.exceptions import NotJudgedError, UsageError
from contract_tests.http.http_client import Client
from contract_tests.http.messages import HttpRequest
from contract_tests.http.pace import Pace, wanted_pause
from tests.contract_tests.certificate import certificate
from tests.contract_tests.reference import Answer, Api, Request
from tests.contract_tests.running import gate
from tests.contract_tests.serving import serving

CALL = HttpRequest(
    "listReferrals", "GET", "/v1/user/referrals", (("Authorization", "Bearer ada-session"),)
)


class Recorder(Api):
    def __init__(self) -> None:
        super().__init__()
        self.headers: list[dict[str, str]] = []

    def __call__(self, request: Request) -> Answer:
        self.headers.append(request.headers)
        return super().__call__(request)


class Busy(Api):
    """Has no time for every twentieth request, and says for how long."""

    def __call__(self, request: Request) -> Answer:
        answer = super().__call__(request)
        return (
            Answer(429, {"code": "BUSY"}, {"Retry-After": "0"})
            if request.number % 20 == 7
            else answer
        )


def client(url: str, how: NetworkOptions) -> Client:
    return Client(url, lambda _: None, lambda _: None, how, "abc123")


def test_a_target_that_has_no_time_is_asked_again_and_not_accused(tmp_path: Path) -> None:
    with serving(Busy()) as url:
        code, report, output = gate(
            tmp_path,
            "--base-url",
            url,
            "--depth",
            "quick",
            "--strict",
            "--laws",
            "pages",
            "--laws",
            "session",
            "--laws",
            "http",
        )
    assert (code, report["findings"]) == (0, []), output
    assert not report["not_judged"], output


def test_a_target_that_never_has_time_is_not_judged(tmp_path: Path) -> None:
    class Never(Api):
        def operate(self, request: Request) -> Answer:  # noqa: ARG002 - overridden
            return Answer(429, {"code": "BUSY"}, {"Retry-After": "0"})

    with serving(Never()) as url:
        code, report, output = gate(
            tmp_path, "--base-url", url, "--depth", "quick", "--laws", "pages"
        )
    assert code == 3, output
    assert not report["findings"]
    assert "429" in output
    assert "Traceback" not in output
    assert "site-packages" not in output


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("7", 7),
        ("9999", 9999),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 20),
        ("Wed, 21 Oct 2026 07:27:00 GMT", 0),
        (None, 1),
        ("soon", 1),
        ("\u0667", 1),
        ("Wed, 21 Oct 10000000000000000000000 07:28:00 GMT", 1),
        (f"Wed, 21 Oct 2026 07:28:00 +{'9' * 40}", 1),
    ],
)
def test_retry_after_is_understood(
    text: str | None, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("contract_tests.http.pace.time.time", lambda: 1792567660.0)
    assert wanted_pause(text) == seconds


class Tired(Api):
    """Has had enough after four hundred calls, and wants an hour of peace."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def __call__(self, request: Request) -> Answer:
        self.calls += 1
        return (
            super().__call__(request)
            if self.calls <= 400
            else Answer(429, None, {"Retry-After": "3600"})
        )


def test_a_target_that_wants_to_be_left_alone_is_left_alone_and_not_accused(tmp_path: Path) -> None:
    api = Tired()
    with serving(api) as url:
        code, report, output = gate(
            tmp_path,
            "--base-url",
            url,
            "--depth",
            "quick",
            "--laws",
            "referrals",
            "--laws",
            "update",
        )
    assert (code, report["findings"]) == (3, []), output
    assert api.calls == 400 + 1 + 1, (
        "once, and once more at the end, since profiles are to be put back"
    )
    assert "TOO LITTLE JUDGED" in output
    assert "Not judged, because the target answers 429" in output
    for who in ("$PRIMARY", "$SECONDARY"):
        assert f"putting back handle of {who}" in str(report["not_judged"])


@pytest.mark.parametrize(
    ("asked", "left", "tries"), [("1", 100, 3), ("30", 100, 3), ("30", 20, 1), ("61", 100, 1)]
)
def test_a_pause_is_kept_within_the_time_of_the_run(
    asked: str, left: float, tries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Never(Api):
        def __call__(self, request: Request) -> Answer:  # noqa: ARG002 - overridden
            return Answer(429, None, {"Retry-After": asked})

    slept: list[float] = []
    monkeypatch.setattr("contract_tests.http.http_client.time.sleep", slept.append)
    with serving(Never()) as url:
        sender = client(url, NetworkOptions())
        sender.until = time.monotonic() + left
        for _ in range(2):
            with pytest.raises(NotJudgedError, match="429"):
                sender.send(CALL)
        sender.close()
        sent = sum(sender.sent.values())
    if tries == 1:
        assert (sent, slept) == (1, []), "no second call is made before the pause is over"
    else:
        assert (sent, slept) == (2 * tries, [float(asked)] * 2 * tries)


def test_requests_keep_their_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("contract_tests.http.pace.time.monotonic", lambda: 100.0)
    monkeypatch.setattr("contract_tests.http.pace.time.sleep", slept.append)
    pace = Pace(read_network_options("5/s").interval)
    for _ in range(4):
        pace.wait()
    assert slept == pytest.approx([0.0, 0.2, 0.4, 0.6])
    assert read_network_options("120/m").interval == 0.5
    assert read_network_options("").interval == 0


def test_the_rate_is_kept_over_a_socket(tmp_path: Path) -> None:
    with serving(Api()) as url:
        _, report, output = gate(
            tmp_path,
            "--base-url",
            url,
            "--depth",
            "quick",
            "--laws",
            "referrals",
            "--rate-limit",
            "20/s",
        )
    assert report["duration_seconds"] >= report["requests"] / 20 - 0.5, output


def test_it_says_who_asks_and_sends_what_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = Recorder()
    monkeypatch.setenv("GATEWAY_KEY", "hush-hush")
    with serving(api) as url:
        flags = ["--header", "X-Gateway: key ${GATEWAY_KEY}", "--header", "X-Plain: 1"]
        laws = [
            "--laws",
            "referrals",
            "--laws",
            "http",
            "--laws",
            "headers",
            "--laws",
            "concurrency",
        ]
        _, _, output = gate(tmp_path, "--base-url", url, "--depth", "quick", *flags, *laws)
    agents = [
        re.search(r"contract-tests/\S+ \(run [0-9a-f]{8}\)$", headers.get("user-agent", ""))
        for headers in api.headers
    ]
    assert len({found and found[0] for found in agents}) == 1
    assert all(agents), "also where a law sends a browser's name, or a request byte by byte"
    assert {headers.get("x-gateway") for headers in api.headers} == {"key hush-hush"}
    assert {headers.get("x-plain") for headers in api.headers} == {"1"}
    for artefact in [output, *(path.read_text() for path in tmp_path.iterdir())]:
        assert "hush-hush" not in artefact


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--rate-limit", "fast"], "such as 5/s"),
        (["--rate-limit", "0/s"], "such as 5/s"),
        (["--proxy", "socks5://user:secret@x"], "such as http://proxy.example:3128"),
        (["--proxy", "http://user:secret@x"], "a user name and a password would not be sent"),
        (["--header", "no colon"], "'Name: value' is expected"),
        (["--header", "X: ${NOT_THERE}"], "no variable NOT_THERE"),
        (["--client-cert", "nope.pem"], "No such file"),
    ],
)
def test_a_wrong_option_is_named(tmp_path: Path, flags: list[str], words: str) -> None:
    code, _, output = gate(tmp_path, "--base-url", "http://127.0.0.1:9", *flags)
    assert code == 2, output
    assert words in output
    assert "secret" not in output
    assert "Traceback" not in output


def test_a_connection_that_fails_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contract_tests.http.http_client.BETWEEN_TRIES", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = HTTPServer(("127.0.0.1", port), Proxy, bind_and_activate=False)

    def begin() -> None:
        server.server_bind()
        server.server_activate()
        server.handle_request()

    timer = threading.Timer(0.15, begin)
    timer.start()
    assert client(f"http://127.0.0.1:{port}", NetworkOptions()).send(CALL).status == 200
    timer.join()
    server.server_close()


class Proxy(BaseHTTPRequestHandler):
    seen: list[str] = []  # noqa: RUF012 - of this test process

    def do_GET(self) -> None:
        Proxy.seen.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


def test_a_proxy_is_asked_for_the_whole_address() -> None:
    server = HTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.handle_request, daemon=True).start()
    how = read_network_options(proxy=f"http://127.0.0.1:{server.server_address[1]}")
    sender = client("http://api.example", how)
    assert sender.send(CALL).status == 200
    assert Proxy.seen[-1] == "http://api.example/v1/user/referrals"
    sender.close()
    server.server_close()


@pytest.mark.parametrize(
    ("name", "words"), [("cert.pem", "in one PEM file"), ("locked.pem", "its key has a password")]
)
def test_a_certificate_that_cannot_be_used_is_named(name: str, words: str, tmp_path: Path) -> None:
    certificate(tmp_path, "DNS:localhost")
    command = [
        "openssl",
        "rsa",
        "-aes256",
        "-passout",
        "pass:secret",
        "-in",
        "key.pem",
        "-out",
        "locked.key",
    ]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "locked.pem").write_text(
        (tmp_path / "cert.pem").read_text() + (tmp_path / "locked.key").read_text()
    )
    with pytest.raises(UsageError, match=words):
        read_network_options(certificate=str(tmp_path / name))


@contextmanager
def tls(folder: Path, *, demand: bool = False) -> Iterator[str]:
    """A server with a certificate of its own making, which may demand one of its client."""
    certificate(folder, "DNS:localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    if demand:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(folder / "cert.pem")
    server = HTTPServer(("127.0.0.1", 0), Proxy)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    ).start()
    try:
        yield f"https://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def test_certificates_are_checked_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tls(tmp_path) as url:
        refused = client(url, NetworkOptions()).send(CALL)
        assert "CERTIFICATE_VERIFY_FAILED" in refused.trouble
        assert client(url, read_network_options(verify=False)).send(CALL).status == 200
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        assert client(url, NetworkOptions()).send(CALL).status == 200


def test_a_client_certificate_is_shown(tmp_path: Path) -> None:
    with tls(tmp_path, demand=True) as url:
        assert client(url, read_network_options(verify=False)).send(CALL).status == 0
        how = read_network_options(verify=False, certificate=str(tmp_path / "both.pem"))
        assert client(url, how).send(CALL).status == 200
