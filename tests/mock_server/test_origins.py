"""Names of hosts and origins of pages are read as browsers write them, and nothing else is taken for one."""

import pytest

from mock_server.http.origins import is_local, is_own_host, read_name, read_origin

OWN = [
    "localhost",
    "LocalHost:4010",
    "localhost.",
    "a.b.localhost:1",
    "127.0.0.1",
    "127.8.8.8:80",
    "192.168.1.5",
    "[::1]:4010",
]
OWN += ["[::1]", "[2001:DB8::1]:4010", "myapp.test", "MYAPP.test:3000", "myapp.test."]
FOREIGN = [
    "",
    "evil.example",
    "evil.example:4010",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "127.1",
    "2130706433",
]
FOREIGN += [
    "0x7f.0.0.1",
    "localhost@evil.example",
    "evil.example#localhost",
    "localhost:80@evil",
    "::1",
    "[::1%25evil]",
]
FOREIGN += [
    "notmyapp.test",
    "myapp.test.evil.example",
    "a.myapp.test",
    "localhost:x",
    "localhost:123456",
    " localhost",
    "[::1",
]
FOREIGN += [
    "localhost,evil.example",
    "a" * 100_000,
    "évil",
    "localhost\x00",
    "localhostx",
    "xlocalhost",
]


@pytest.mark.parametrize("host", OWN)
def test_a_name_of_this_machine(host: str) -> None:
    assert is_own_host(host, frozenset({"myapp.test"}))


@pytest.mark.parametrize("host", FOREIGN, ids=lambda host: host[:30])
def test_what_a_web_page_could_be_called_is_no_name_of_this_machine(host: str) -> None:
    assert not is_own_host(host, frozenset({"myapp.test"}))


@pytest.mark.parametrize(
    ("given", "read"),
    {
        "http://localhost:3000": "http://localhost:3000",
        "HTTPS://MyApp.Test/": "https://myapp.test",
        "https://myapp.test:443": "https://myapp.test",
        "http://myapp.test:443": "http://myapp.test:443",
        "http://192.168.1.5:3000": "http://192.168.1.5:3000",
        "http://[2001:DB8::1]:80": "http://[2001:db8::1]",
        "http://bücher.test": "http://xn--bcher-kva.test",
        "capacitor://localhost": "capacitor://localhost",
        "ionic://localhost": "ionic://localhost",
        "chrome-extension://abcdefgh": "chrome-extension://abcdefgh",
    }.items(),
)
def test_an_origin_is_written_as_browsers_do(given: str, read: str) -> None:
    assert read_origin(given) == read


NO_ORIGINS = [
    "",
    "null",
    "*",
    "http://*",
    "http://*.myapp.test",
    "localhost:3000",
    "myapp.test",
    "//myapp.test",
    "http:myapp.test",
]
NO_ORIGINS += [
    "http://",
    "http://a/b",
    "http://a?b",
    "http://a#",
    "http://u:p@a",
    "http://a:99999",
    "http://a:x",
    "http://a:",
    "http://[::1",
]
NO_ORIGINS += [
    "file:///",
    "file://x",
    "data:text/html,x",
    "ws://a",
    "http://a b",
    "http://a,http://b",
    "http://-",
    "http://a\x00",
]


@pytest.mark.parametrize("given", NO_ORIGINS)
def test_what_no_page_has_as_its_origin_is_refused_with_a_reason(given: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_origin(given)


@pytest.mark.parametrize(
    "given",
    ["", "*", "*.myapp.test", "http://myapp.test", "myapp.test:3000", "a b", "-", "a/b", "x" * 300],
)
def test_what_is_no_name_is_refused_with_a_reason(given: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_name(given)


def test_only_pages_of_this_machine_are_local() -> None:
    assert all(
        map(
            is_local,
            [
                "http://localhost",
                "https://a.localhost:1",
                "http://127.0.0.1:3000",
                "http://[::1]:5173",
            ],
        )
    )
    foreign = [
        "http://localhost.evil.example",
        "http://localhost:3000/",
        "http://localhost\n",
        "null",
        "HTTP://localhost",
        "",
    ]
    assert not any(
        map(
            is_local,
            [
                *foreign,
                "capacitor://localhost",
                "http://evil-localhost",
                "http://127.0.0.1.evil.example",
            ],
        )
    )
