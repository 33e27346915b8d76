"""The way to the upstream and back: other proxies, certificates, targets, and what would lead clients past this proxy."""

import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from mock_server.cli.serve_command import main
from mock_server.proxy.messages.cookie_prefixes import renamed, returned
from mock_server.proxy.messages.link_rewriting import Rewriting
from mock_server.proxy.upstream.upstream_network import next_proxy
from tests.live import LiveMock, live_proxy
from tests.mock_server.raw_upstream import RawUpstream, entry, exchange, raw_upstream, whole

NOBODY = "http://api.example"
HOST = "127.0.0.1:4010"


@pytest.fixture(scope="module")
def raw() -> Iterator[RawUpstream]:
    with raw_upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def proxy(raw: RawUpstream) -> Iterator[LiveMock]:
    with live_proxy(raw.url) as running:
        yield running


def rewritten(upstream: str, name: bytes, value: str, host: str = HOST) -> str:
    return (
        Rewriting(upstream).answer([(name, value.encode("latin-1"))], host)[0][1].decode("latin-1")
    )


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://api.example.com/api/v9/v1/x?y#z", "http://127.0.0.1:4010/v1/x?y#z"),
        ("HTTPS://API.EXAMPLE.COM:443/api/v9", "http://127.0.0.1:4010/"),
        ("https://api.example.com./api/v9?x", "http://127.0.0.1:4010/?x"),
        ("//api.example.com/api/v9/x", "http://127.0.0.1:4010/x"),
        ("https://user:word@api.example.com/api/v9/x", "http://127.0.0.1:4010/x"),
        ("/api/v9/x", "/x"),
        ("/api/v9", "/"),
        ("x/y?z", "x/y?z"),
        ("/login", "https://api.example.com/login"),
        ("/api/v99", "https://api.example.com/api/v99"),
        ("https://api.example.com/login", "https://api.example.com/login"),
        ("http://api.example.com/api/v9/x", "http://api.example.com/api/v9/x"),
        ("https://api.example.com:8443/api/v9/x", "https://api.example.com:8443/api/v9/x"),
        (
            "https://api.example.com.evil.example/api/v9/x",
            "https://api.example.com.evil.example/api/v9/x",
        ),
        ("https://api.example.com:99999/api/v9", "https://api.example.com:99999/api/v9"),
        ("http://[::1", "http://[::1"),
        ("mailto:ada@api.example.com", "mailto:ada@api.example.com"),
        ("", ""),
    ],
)
def test_a_redirect_to_the_upstream_leads_to_the_proxy(link: str, expected: str) -> None:
    assert rewritten("https://api.example.com/api/v9", b"location", link) == expected
    assert rewritten("https://api.example.com/api/v9", b"content-location", link) == expected


def test_a_redirect_leads_on_where_the_client_told_no_host() -> None:
    assert rewritten("http://[::1]:3000", b"location", "http://[::1]:3000/x", "") == "/x"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (b"refresh", "5; url=http://h/a?b=c", "5; url=http://127.0.0.1:4010/a?b=c"),
        (b"refresh", "5;URL='http://h/a'", "5;URL=http://127.0.0.1:4010/a"),
        (b"refresh", "5", "5"),
        (
            b"link",
            '<http://h/a>; rel="next", </b>, <http://o/>',
            '<http://127.0.0.1:4010/a>; rel="next", </b>, <http://o/>',
        ),
        (b"x-location", "http://h/a", "http://h/a"),
    ],
)
def test_other_links_of_headers_lead_to_the_proxy(name: bytes, value: str, expected: str) -> None:
    assert rewritten("http://h", name, value) == expected


@pytest.mark.parametrize(
    ("cookie", "expected"),
    [
        (
            "a=1; Path=/; Domain=api.example.com; Secure; HttpOnly; SameSite=None",
            "a=1; Path=/; HttpOnly",
        ),
        ("a=1; domain=.Example.com; path=/api/v9/x; samesite=lax", "a=1; Path=/x; samesite=lax"),
        ("a=1; Path=/api/v9", "a=1; Path=/"),
        ("a=1; Domain=other.example; Path=/other", "a=1; Domain=other.example; Path=/other"),
        ("__Host-s=x=y; Secure; Path=/", "mock-server-__Host-s=x=y; Path=/"),
        ("__secure-s=1; Partitioned; secure", "mock-server-__secure-s=1"),
        (
            "a=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT",
            "a=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT",
        ),
        ("a", "a"),
        ("=;=;\xff;;", "=;=;\xff;;"),
    ],
)
def test_a_cookie_is_kept_for_the_proxy(cookie: str, expected: str) -> None:
    assert rewritten("https://api.example.com/api/v9", b"set-cookie", cookie) == expected


def test_the_upstream_gets_its_cookies_by_their_names() -> None:
    assert (
        returned(f"a=1; {renamed('__Host-s=x=y')};mock-server-b=2")
        == "a=1; __Host-s=x=y; mock-server-b=2"
    )
    assert returned("a=1;b") == "a=1;b"


def test_a_client_stays_with_the_proxy(raw: RawUpstream, proxy: LiveMock) -> None:
    raw.answers["/old"] = whole(b"", b"Location: %s/new" % raw.url.encode(), status=b"302 Found")
    raw.answers["/new"] = whole(b"{}", b"Set-Cookie: __Host-s=1; Secure; Path=/; SameSite=None")
    with requests.Session() as session:
        assert session.get(f"{proxy.url}/old", timeout=5).url == f"{proxy.url}/new"
        session.get(f"{proxy.url}/third", timeout=5)
    assert raw.requests[-1].values("cookie") == ["__Host-s=1"]


def test_nothing_is_rewritten_where_that_is_not_wanted(raw: RawUpstream) -> None:
    raw.answers["/old"] = whole(
        b"", b"Location: %s/new" % raw.url.encode(), b"Set-Cookie: a=1; Secure", status=b"302 Found"
    )
    with live_proxy(raw.url, "--no-rewrite") as proxy:
        headers = dict(exchange(proxy.url, "GET", "/old")[1])
    assert (headers["location"], headers["set-cookie"]) == (f"{raw.url}/new", "a=1; Secure")


def test_what_is_said_to_the_proxy_goes_no_further_and_what_it_says_cannot_be_forged(
    raw: RawUpstream, proxy: LiveMock
) -> None:
    raw.answers["/forged"] = whole(
        b"{}", b'x-CONTRACT-violations: {"documented": 9}', b"X-Mock-Control: 1"
    )
    sent = {
        "X-Mock-Control": "secret",
        "X-Contract-Violations": "1",
        "Prefer": "code=1",
        "X-Mock-Sandbox": "mine",
    }
    headers = exchange(proxy.url, "GET", "/forged?__code=500", sent)[1]
    assert not {"x-contract-violations", "x-mock-control"} & {name.lower() for name, _ in headers}
    asked = raw.requests[-1]
    assert asked.target == "/forged?__code=500"
    assert (asked.values("x-mock-control"), asked.values("x-contract-violations")) == ([], [])
    assert (asked.values("prefer"), asked.values("x-mock-sandbox")) == (
        ["code=1"],
        ["mine"],
    )  # of a mock behind the proxy


def spoken(proxy: LiveMock, line: str) -> bytes:
    with socket.create_connection(("127.0.0.1", int(proxy.url.rpartition(":")[2])), 5) as client:
        client.sendall(f"{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: client.recv(65536), b""))


def test_the_server_as_a_whole_may_be_asked_for(proxy: LiveMock) -> None:
    given = spoken(proxy, "OPTIONS *")
    assert given.startswith(b"HTTP/1.1 204 ")
    assert b"allow: GET, HEAD, POST" in given


@pytest.mark.parametrize("line", ["CONNECT other.example:80", "GET *"])
def test_what_is_no_path_is_refused(raw: RawUpstream, proxy: LiveMock, line: str) -> None:
    seen = len(raw.requests)
    given = spoken(proxy, line)
    assert given.startswith(b"HTTP/1.1 400 ")
    assert b'"code":"GENERIC_CLIENT_ERROR"' in given
    assert len(raw.requests) == seen


def test_methods_keep_their_case(raw: RawUpstream, proxy: LiveMock) -> None:
    spoken(proxy, "get /case")
    assert raw.requests[-1].head.startswith(b"get /case ")
    assert entry(proxy, "/case")["method"] == "get"


@pytest.mark.parametrize(
    ("url", "environment", "expected"),
    [
        ("http://api.example", {"http_proxy": "http://p:1"}, "http://p:1"),
        ("http://api.example", {"HTTP_PROXY": "p:1"}, "http://p:1"),
        (
            "https://api.example",
            {"HTTPS_PROXY": "http://u:w@p:1", "HTTP_PROXY": "http://q:1"},
            "http://u:w@p:1",
        ),
        ("https://api.example", {"ALL_PROXY": "http://p:1"}, "http://p:1"),
        ("https://api.example", {"HTTP_PROXY": "http://p:1"}, None),
        ("https://api.example", {"HTTPS_PROXY": ""}, None),
        ("https://api.example", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, None),
        (
            "https://api.example:8443",
            {"HTTPS_PROXY": "http://p:1", "no_proxy": "x, .example"},
            None,
        ),
        (
            "https://api.example",
            {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "api.example.com"},
            "http://p:1",
        ),
    ],
)
def test_the_environment_says_which_proxy(
    monkeypatch: pytest.MonkeyPatch, url: str, environment: dict[str, str], expected: str | None
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert next_proxy(url, None) == expected
    assert next_proxy(url, "http://given:1") == "http://given:1"


@pytest.mark.parametrize(
    "given", ["", "socks5://p:1", "http://", "http://p:x", "http://p:0", "ftp://word@p"]
)
def test_what_is_no_http_proxy_is_refused_without_its_secrets(given: str) -> None:
    with pytest.raises(ValueError, match="--proxy must be the URL of an HTTP proxy") as raised:
        next_proxy(NOBODY, given)
    assert "word" not in str(raised.value)


@pytest.mark.parametrize("how", ["flag", "environment"])
def test_the_upstream_is_reached_through_a_proxy(raw: RawUpstream, how: str) -> None:
    through = raw.url.replace("http://", "http://ada:secret-word@")
    flags = ("--proxy", through) if how == "flag" else ()
    environment = {} if how == "flag" else {"http_proxy": through, "no_proxy": "", "NO_PROXY": ""}
    with live_proxy(NOBODY, *flags, env=environment) as proxy:
        assert exchange(proxy.url, "GET", "/v1/x?y")[0] == 200
        assert raw.requests[-1].target == f"{NOBODY}/v1/x?y"
        assert raw.requests[-1].values("proxy-authorization") == ["Basic YWRhOnNlY3JldC13b3Jk"]
        raw.answers[f"{NOBODY}/closed"] = whole(b"no", status=b"407 Wanted")
        status, _, body = exchange(proxy.url, "GET", "/closed")
        assert (status, entry(proxy, "/closed")["fault"]) == (502, "UPSTREAM_UNREACHABLE")
        said = (
            proxy.greeting
            + body.decode()
            + requests.get(f"{proxy.url}/__mock/requests", timeout=5).text
        )
        said += requests.get(f"{proxy.url}/__mock/health", timeout=5).text
    assert (
        f"credentials are wanted (http://USER:PASSWORD@HOST) or wrong (through the proxy {raw.url})"
        in body.decode()
    )
    assert f"through the proxy {raw.url}." in proxy.greeting
    assert "secret-word" not in said


def test_a_tunnel_that_is_refused_is_said(raw: RawUpstream) -> None:
    raw.answers["api.example:443"] = whole(b"no", status=b"403 No")
    with live_proxy("https://api.example", "--proxy", raw.url) as proxy:
        status, _, body = exchange(proxy.url, "GET", "/x")
    assert (status, b"refused with the status 403 (through the proxy" in body) == (502, True)
    assert raw.requests[-1].head.startswith(b"CONNECT api.example:443 ")


def certificate(folder: Path, *more: str) -> tuple[str, str]:
    cert, key = str(folder / "own.crt"), str(folder / "own.key")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-subj",
        "/CN=own",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ]
    subprocess.run(
        [*command, "-days", "1", "-keyout", key, "-out", cert, *more],
        check=True,
        capture_output=True,
    )
    return cert, key


def test_a_certificate_of_ones_own_is_shown_to_the_upstream(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, "-nodes")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    context.load_verify_locations(cert)
    context.verify_mode = ssl.CERT_REQUIRED
    with raw_upstream(tls=context) as upstream:
        given = "--client-cert", cert, "--client-key", key
        with live_proxy(upstream.url, *given, "--tls-verify", cert) as proxy:
            assert exchange(proxy.url, "GET", "/x")[0] == 200
        with live_proxy(upstream.url, "--no-tls-verify") as proxy:
            assert exchange(proxy.url, "GET", "/x")[0] == 502


@pytest.mark.parametrize("kind", ["missing", "no certificate", "encrypted", "key alone"])
def test_a_certificate_that_cannot_be_used_is_said(tmp_path: Path, kind: str) -> None:
    cert, key = str(tmp_path / "none"), None
    if kind == "no certificate":
        Path(cert).write_text("hello")
    if kind == "encrypted":
        cert, key = certificate(tmp_path, "-passout", "pass:secret")
    flags = (
        ["--client-key", cert]
        if kind == "key alone"
        else ["--client-cert", cert, *(["--client-key", key] if key else [])]
    )
    done = CliRunner().invoke(main, ["proxy", NOBODY, "--port", "0", *flags])
    assert done.exit_code == 2
    assert "--client-cert" in done.output
