"""The command `mock-server proxy`, as a user runs it, and its control API."""

import json
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from mock_server.cli.proxy_command import proxy as command
from tests.live import ADA, LiveMock, live_mock, live_proxy

DOCS = (Path(__file__).parent.parent.parent / "docs" / "proxy.md").read_text(encoding="utf-8")
CONTROL = {"X-Mock-Control": "1"}
UPSTREAM = "http://127.0.0.1:9"


def run(*flags: str, **env: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "mock_server", *flags]
    return subprocess.run(
        line, capture_output=True, text=True, timeout=30, env={**os.environ, **env}, check=False
    )


@pytest.fixture(scope="module")
def proxy(mock: LiveMock) -> Iterator[LiveMock]:
    with live_proxy(mock.url) as running:
        yield running


FLAGS = [param for param in command.params if param.name != "help"]


@pytest.mark.parametrize("param", FLAGS, ids=lambda param: str(param.name))
def test_every_flag_has_an_environment_variable_and_is_documented(param: Any) -> None:
    variable = f"MOCK_SERVER_PROXY_{param.name.upper()}"
    assert variable in DOCS
    if param.opts[0].startswith("-"):
        assert f"`{param.opts[0]}" in DOCS
        assert variable in run("proxy", "--help", COLUMNS="200").stdout


def test_the_environment_is_heard(mock: LiveMock) -> None:
    with live_mock() as other, live_proxy(mock.url, env={"MOCK_SERVER_PROXY_ERRORS": "1"}) as proxy:
        assert "answered by an error" in proxy.greeting
        assert other.url not in proxy.greeting
    done = run("proxy", "--port", "0", MOCK_SERVER_PROXY_URL="ftp://x")
    assert (done.returncode, "must start with http://" in done.stderr) == (2, True)


MISTAKES = {
    "no URL": (["proxy"], ["URL"]),
    "no such scheme": (["proxy", "localhost:3000"], ["must start with http:// or https://"]),
    "no host": (["proxy", "http://"], ["name a host"]),
    "a port that is none": (["proxy", "http://a:99999"], ["is not a URL"]),
    "credentials": (
        ["proxy", "https://user:hunter2@staging.example"],
        ["must not hold credentials"],
    ),
    "a query": (["proxy", "https://a.example?token=hunter2"], ["must not have a query"]),
    "no certificates": (
        ["proxy", UPSTREAM, "--tls-verify", "nope.pem"],
        ["nope.pem", "neither true nor false"],
    ),
    "no contract": (["proxy", UPSTREAM, "--openapi", "nope.yaml"], ["nope.yaml", "cannot be read"]),
    "a folder to record to": (
        ["proxy", UPSTREAM, "--record", "/"],
        ["is a folder; name a file in it"],
    ),
    "a folder that is not there": (
        ["proxy", UPSTREAM, "--record", "/nope/x.yaml"],
        ["there is no folder /nope"],
    ),
    "everybody may steer": (["proxy", UPSTREAM, "--host", "0.0.0.0"], ["--control-token"]),
    "an address that is not here": (
        ["proxy", UPSTREAM, "--host", "192.0.2.1", "--control-token", "t"],
        ["cannot listen on"],
    ),
    "no time": (["proxy", UPSTREAM, "--timeout", "0"], ["--timeout"]),
    "a flag of the mock": (
        ["--scenario", "busy", "proxy", UPSTREAM],
        ["--scenario is a flag of the mock"],
    ),
    "another command": (["serve"], ["No such command"]),
}


@pytest.mark.parametrize(("flags", "words"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_are_named(flags: list[str], words: list[str]) -> None:
    done = run(*flags)
    assert done.returncode == 2, done
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr
    assert [word for word in words if word not in done.stderr] == [], done.stderr


def test_a_taken_port(mock: LiveMock) -> None:
    done = run("proxy", UPSTREAM, "--port", mock.url.rpartition(":")[2])
    assert (done.returncode, "is taken" in done.stderr) == (2, True)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "aiohttp.py").write_text("raise ModuleNotFoundError('aiohttp')")
    done = run("proxy", UPSTREAM, "--port", "0", PYTHONPATH=f"{tmp_path}{os.pathsep}{Path.cwd()}")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "pip install '.[proxy]'" in done.stderr


def test_the_mock_itself_needs_nothing_of_the_proxy() -> None:
    line = "import sys, mock_server.cli.serve_command; print(sorted({'aiohttp', 'yarl', 'ssl'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", line], capture_output=True, text=True, timeout=20, check=True
    )
    assert "aiohttp" not in done.stdout


def ask(proxy: LiveMock, method: str, path: str, **more: Any) -> requests.Response:
    return requests.request(method, f"{proxy.url}/__mock{path}", timeout=5, **more)


def test_health_says_what_is_behind(proxy: LiveMock, mock: LiveMock) -> None:
    told = ask(proxy, "GET", "/health").json()
    assert told == {
        "status": "ok",
        "version": "0.1.0",
        "upstream": mock.url,
        "errors": False,
        "record": None,
    }


def test_the_journal_is_read_counted_and_cleared(proxy: LiveMock) -> None:
    ask(proxy, "DELETE", "/requests", headers=CONTROL)
    requests.get(f"{proxy.url}/v1/user/referrals", headers=ADA, timeout=5)
    requests.get(f"{proxy.url}/v1/user/referrals", timeout=5)
    requests.get(f"{proxy.url}/nope", timeout=5)
    found = ask(proxy, "GET", "/requests?operation=listReferrals&status=401").json()["requests"]
    assert [(each["path"], each["violations"][0]["view"]) for each in found] == [
        ("/v1/user/referrals", "inferred")
    ]
    assert ask(
        proxy, "POST", "/requests/count", json={"operation": "listReferrals"}, headers=CONTROL
    ).json() == {"count": 2}
    assert ask(
        proxy, "POST", "/requests/count", json={"only": "unmatched"}, headers=CONTROL
    ).json() == {"count": 1}
    assert ask(proxy, "DELETE", "/requests", headers=CONTROL).status_code == 204
    assert ask(proxy, "GET", "/requests").json() == {"requests": []}


def test_the_stream_tells_of_every_request(proxy: LiveMock) -> None:
    with ask(proxy, "GET", "/requests/stream", stream=True) as stream:
        lines = stream.iter_lines(1, decode_unicode=True)
        assert next(lines).startswith(":")
        requests.get(f"{proxy.url}/v1/user/referrals", headers=ADA, timeout=5)
        data = next(line for line in lines if line.startswith("data: "))
    assert json.loads(data.removeprefix("data: "))["operation"] == "listReferrals"


@pytest.mark.parametrize(
    ("method", "path", "more", "status"),
    [
        ("POST", "/reset", {"headers": CONTROL}, 404),
        ("GET", "/nope", {}, 404),
        ("PUT", "/requests", {"headers": CONTROL}, 405),
        ("GET", "/requests?limit=0", {}, 400),
        ("POST", "/requests/count", {"headers": CONTROL, "json": {"x": 1}}, 400),
        ("DELETE", "/requests", {}, 403),
        ("GET", "/requests", {"headers": {"Origin": "http://localhost:3000"}}, 403),
        ("GET", "/requests", {"headers": {"Host": "evil.example"}}, 421),
    ],
)
def test_refusals_of_the_control_api(
    proxy: LiveMock, method: str, path: str, more: dict[str, Any], status: int
) -> None:
    answer = ask(proxy, method, path, **more)
    assert (answer.status_code, "code" in answer.json()) == (status, True)
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_head_and_options_are_answered_as_by_the_mock(mock: LiveMock, proxy: LiveMock) -> None:
    for method, path in (("HEAD", "/requests"), ("OPTIONS", "/requests"), ("HEAD", "/ui")):
        by_proxy = ask(proxy, method, path)
        by_mock = ask(mock, method, path)
        assert (by_proxy.status_code, by_proxy.content) == (by_mock.status_code, b""), path
        assert by_proxy.headers.get("Allow") == by_mock.headers.get("Allow"), path


def test_an_origin_and_a_token(mock: LiveMock) -> None:
    flags = "--control-token", "right", "--control-origin", "http://localhost:3000"
    with live_proxy(mock.url, *flags) as proxy:
        asking = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "GET"}
        preflight = ask(proxy, "OPTIONS", "/requests", headers=asking)
        assert preflight.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
        assert (
            ask(proxy, "GET", "/requests", headers={"X-Mock-Control": "wrong"}).status_code == 403
        )
        right = {
            "X-Mock-Control": "right",
            "Host": "proxy.example",
            "Origin": "http://localhost:3000",
        }
        assert ask(proxy, "GET", "/requests", headers=right).status_code == 200
        named = {**ADA, "Host": "proxy.example"}
        asked = requests.get(f"{proxy.url}/v1/user/referrals", headers=named, timeout=5)
        assert asked.status_code == 421, (
            "the token opens /__mock/ only, not the upstream to a rebound page"
        )


class Secret(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that nobody but its holder trusts, and its key."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    line = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        *subject,
        "-keyout",
        "-",
        "-out",
        "-",
    ]
    path.write_bytes(subprocess.run(line, capture_output=True, check=True, timeout=30).stdout)
    return path


@contextmanager
def tls(certificate: Path) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ThreadingHTTPServer(("127.0.0.1", 0), Secret) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join(5)


@pytest.mark.parametrize(("verify", "status"), [("true", 502), ("false", 200), ("FILE", 200)])
def test_certificates_are_verified(certificate: Path, verify: str, status: int) -> None:
    with (
        tls(certificate) as url,
        live_proxy(url, "--tls-verify", verify.replace("FILE", str(certificate))) as proxy,
    ):
        answer = requests.get(f"{proxy.url}/x", timeout=5)
    assert answer.status_code == status
    if status == 502:
        assert f"The upstream {url} cannot be trusted: self" in answer.json()["message"]
        assert "--tls-verify" in answer.json()["message"]


def test_the_window_is_there_and_the_root_is_the_upstream_s(
    mock: LiveMock, proxy: LiveMock
) -> None:
    for path in ("/ui", "/docs", "/static/main.js", "/static/style.css", "/docs/swagger-ui.css"):
        given, expected = ask(proxy, "GET", path), ask(mock, "GET", path)
        assert (given.status_code, given.content) == (200, expected.content), path
        assert (
            given.headers["Content-Security-Policy"] == expected.headers["Content-Security-Policy"]
        )
        again = ask(proxy, "GET", path, headers={"If-None-Match": given.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert ask(proxy, "GET", path, headers={"Host": "evil.example"}).status_code == 421
    for path in (
        "/static/none.js",
        "/static/..%2Fmain.js",
        "/static/%2e%2e/main.js",
        "/ui/",
        "//ui",
    ):
        assert ask(proxy, "GET", path).status_code == 404, path
    assert ask(proxy, "GET", "/openapi.json").json() == ask(mock, "GET", "/openapi.json").json()
    view = "/openapi.json?view=client"
    assert "200" in ask(proxy, "GET", view).json()["paths"]["/v1/user/profile"]["get"]["responses"]
    assert requests.get(proxy.url, timeout=5).headers["Via"] == "1.1 mock-server"
