"""Addresses, tokens and headers are refused while they are read, by name, where no request can or should carry them."""

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from click.testing import CliRunner

from contract_tests.cli.judge_command import main
from contract_tests.config import addresses, header_values
from contract_tests.config.network_options import read_network_options
from contract_tests.config.target import Target, load
from contract_tests.exceptions import UsageError
from contract_tests.http.http_client import Client
from contract_tests.http.messages import HttpRequest
from tests.contract_tests.serving import serving
from tests.contract_tests.test_network_options import Recorder

LOOPBACK = ("http://127.0.0.1:1", "http://127.9.9.9", "HTTP://LOCALHOST", "http://localhost.:1", "http://[::1]", "http://127.1",
            "http://[0:0::1]:80", "http://[::ffff:127.0.0.1]", "http://2130706433",
            "http://\uff11\uff12\uff17.0.0.1")  # fmt: skip
ELSEWHERE = ("http://10.0.0.1", "http://[::ffff:10.0.0.1]", "http://127.0.0.1.example", "http://localhost.example",
             "http://[::2]", "http://notlocalhost", "http://127001")  # fmt: skip
BROKEN = ("", " ", "http://", "http://[::1", "http://[zz]", "http://h:99999", "http://h:x", "http://h:0", "ftp://h", "//h",
          "http:/h", "ht\ntp://h", "http://h /", "http://h\x1b[2J", "http://h/?a=SECRET", "http://h#SECRET", "http://h?",
          "http://me:SECRET@h", "http://SECRET@h", "https://me:SECRET/x@h", "http://h\\@SECRET", "http://a b",
          "http://h/ü", "http://" + "ü" * 70)  # fmt: skip
VALUES = {
    "a line break": "SECRET\nX: 1",
    "a carriage return at the end": "SECRET\r",
    "a blank first": " SECRET",
    "a tab last": "SECRET\t",
    "a control character": "SEC\x07RET",
    "beyond ASCII": "SECRET\u2603",
    "latin": "SECRET\xe9",
    "delete": "SECRET\x7f",
}


@pytest.mark.parametrize("url", LOOPBACK)
def test_every_spelling_of_this_machine_is_known(url: str) -> None:
    assert addresses.is_loopback(addresses.base_url(url))


@pytest.mark.parametrize("url", ELSEWHERE)
def test_what_only_looks_like_this_machine_is_another(url: str) -> None:
    assert not addresses.is_loopback(addresses.base_url(url))


def test_a_target_that_is_reached_through_a_proxy_is_not_this_machine() -> None:
    assert Target("http://127.0.0.1:1").is_local
    assert not Target("http://127.0.0.1:1", far=True).is_local


@pytest.mark.parametrize("url", BROKEN, ids=ascii)
def test_an_address_that_is_none_is_refused_and_shows_no_secret(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        addresses.base_url(url)
    assert "SECRET" not in str(caught.value)
    assert str(caught.value).isprintable()
    with pytest.raises(UsageError) as caught:
        addresses.proxy_url(url.removesuffix("?") + "/x")
    assert "SECRET" not in str(caught.value)


def first_bytes(url: str, port: int, proxy: str = "") -> bytes:
    """What a client sends first to a port of this machine."""
    with socket.create_server(("127.0.0.1", port)) as server, ThreadPoolExecutor(1) as pool:
        there = server.getsockname()[1]
        how = read_network_options(timeout=0.5, proxy=proxy.format(there))
        client = Client(load(None, url.format(there)).base_url, lambda _: None, lambda _: None, how)
        asked = pool.submit(
            client.send_alone,
            HttpRequest("listReferrals", "GET", "/x", (("Authorization", "Bearer SECRET"),)),
        )
        connection, _ = server.accept()
        said = connection.recv(4096)
        if said.startswith(b"CONNECT"):
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            said = connection.recv(4096)
        connection.close()
        asked.result()
    return said


@pytest.mark.parametrize("scheme", ["https", "HTTPS", "Https", "  hTTps"])
@pytest.mark.parametrize("proxy", ["", "HTTP://127.0.0.1:{}"], ids=["directly", "through a proxy"])
def test_a_token_is_encrypted_however_the_scheme_is_spelt(scheme: str, proxy: str) -> None:
    said = first_bytes(scheme + "://127.0.0.1:{}/", 0, proxy)
    assert said[:1] == b"\x16", "the beginning of a TLS handshake"


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_what_no_header_can_carry_is_refused_by_its_name(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_KEY", value)
    for line in ("X-Key: ${GATEWAY_KEY}", "X-Key: key ${GATEWAY_KEY} more", f"X-Key: a{value}a"):
        if line.endswith("}") or value.strip() == value:
            with pytest.raises(UsageError) as caught:
                read_network_options(headers=(line,))
            assert "X-Key" in str(caught.value)
            assert "SEC" not in str(caught.value)
    with pytest.raises(UsageError) as refused:
        header_values.token("sessions.primary", value)
    assert str(refused.value).startswith("sessions.primary cannot be sent")
    assert "SEC" not in str(refused.value)


@pytest.mark.parametrize("name", ["", "X Y", "X\n", "X:", "Ü", "(X)", "X\x00"], ids=ascii)
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="'Name: value' is expected") as caught:
        header_values.headers((f"{name}: SECRET",) if name != "X:" else ("X",))
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["Authorization", "HOST", "content-length", "Transfer-Encoding", "Connection", "Content-Type", "Accept-Encoding", "Expect",
     "If-None-Match", "Range", "X-HTTP-Method-Override", "Upgrade", "TE"],
)  # fmt: skip
def test_what_the_gate_or_http_sets_is_refused_with_what_works(name: str) -> None:
    with pytest.raises(
        UsageError, match=rf"--header {name}: .*(leave it out|under `sessions`|--base-url)"
    ):
        read_network_options(headers=(f"{name} : SECRET",))


def test_a_header_given_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="--header X-A: it is given twice"):
        read_network_options(headers=("X-A: 1", "x-a: 2"))


def test_what_a_law_sends_stays_its_own_and_cookies_go_together() -> None:
    own = (("Accept", "text/html"), ("Cookie", "a=1"))
    headers = header_values.beside(own, (("accept", "x"), ("X-Gateway", "k"), ("cookie", "b=2")))
    assert headers == (("Accept", "text/html"), ("Cookie", "a=1; b=2"), ("X-Gateway", "k"))


@pytest.mark.parametrize(
    ("value", "says"), [(None, "no variable GATEWAY_KEY"), ("", "GATEWAY_KEY is empty")]
)
def test_a_variable_that_is_not_there_or_empty_is_named(
    value: str | None, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if value is not None:
        monkeypatch.setenv("GATEWAY_KEY", value)
    with pytest.raises(UsageError, match=f"--header X: .*{says}"):
        read_network_options(headers=("X: ${GATEWAY_KEY}",))


def test_the_client_sends_each_header_once() -> None:
    api = Recorder()
    how = read_network_options(headers=("Accept: application/json", "X-Team: blue"))
    with serving(api) as url:
        Client(url, lambda _: None, lambda _: None, how).send_alone(
            HttpRequest("listReferrals", "GET", "/x", (("accept", "text/html"),))
        )
    (headers,) = api.headers
    assert (headers["accept"], headers["x-team"]) == ("text/html", "blue")


def test_a_token_in_clear_text_is_warned_of() -> None:
    assert "in clear text" in Target("http://staging.example").warning
    assert not Target("https://staging.example").warning
    assert not Target("http://127.0.0.1:1").warning


def test_a_variable_holds_a_header_on_each_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTRACT_TESTS_HEADER", "X-Gateway: a b\n\nAuthorization: SECRET\n")
    done = CliRunner().invoke(main, ["--base-url", "http://127.0.0.1:9"])
    assert done.exit_code == 2
    assert "--header Authorization: the sessions are sent in it" in done.output
    assert "SECRET" not in done.output
