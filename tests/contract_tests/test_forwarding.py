"""What answers on this machine and leads to another one is only read, unless more is allowed; a backend here is written to."""

from pathlib import Path

import pytest

from contract_tests.api.context import Context
from contract_tests.checks.coverage import Coverage
from contract_tests.config.depth import DEPTHS
from contract_tests.config.network_options import NetworkOptions
from contract_tests.config.target import Target
from contract_tests.findings.collector import Collector
from contract_tests.runner import tunnel_detection
from contract_tests.spec import contract
from tests.contract_tests.reference import Answer, Request
from tests.contract_tests.running import forked_gate
from tests.contract_tests.serving import serving
from tests.contract_tests.test_safety import SAFE, Recorder
from tests.live import LiveMock, live_proxy

KNOWN = contract.load()


class Gateway(Recorder):
    """Puts a header on every answer, and may say what the health of our own proxy says."""

    def __init__(self, headers: dict[str, str], upstream: object = None) -> None:
        super().__init__()
        self.headers, self.upstream = headers, upstream

    def __call__(self, request: Request) -> Answer:
        answer = super().__call__(request)
        if self.upstream and request.path == "/__mock/health":
            answer = Answer(200, {"status": "ok", "upstream": self.upstream})
        answer.headers |= self.headers
        return answer


def sign(url: str) -> str:
    return tunnel_detection.sign(
        Context(
            Target(url),
            KNOWN,
            Collector(url),
            DEPTHS["quick"],
            1,
            Coverage(KNOWN),
            network=NetworkOptions(),
        )
    )


@pytest.mark.parametrize(
    ("headers", "upstream", "says"),
    [
        ({}, None, ""),
        ({"Via": "1.1 gateway"}, None, "`Via: 1.1 gateway`"),
        ({"VIA": "1.0 a, 1.1 b"}, None, "`Via: 1.0 a, 1.1 b`"),
        ({"cf-ray": "8a-FRA"}, None, "CF-Ray"),
        ({"Via": "1.1 mock-server"}, "http://127.0.0.1:{free}", ""),
        ({"Via": "1.1 mock-server"}, "HTTP://LocalHost:{free}", ""),
        (
            {"Via": "1.1 other, 1.1 mock-server"},
            "http://[::1]:{free}",
            "`Via: 1.1 other, 1.1 mock-server`",
        ),
        (
            {"Via": "1.1 mock-server"},
            "https://staging.example.com",
            "upstream https://staging.example.com",
        ),
        ({}, "http://10.0.0.1:80", "upstream http://10.0.0.1:80"),
        ({}, "not an address", "upstream not an address"),
        ({}, ["https://staging.example.com"], ""),
    ],
)
def test_what_shows_that_it_leads_elsewhere(
    headers: dict[str, str], upstream: object, says: str
) -> None:
    if isinstance(upstream, str):
        upstream = upstream.format(free=9)
    with serving(Gateway(headers, upstream)) as url:
        said = sign(url)
    assert says in said
    assert bool(said) == bool(says)


def test_our_own_proxies_are_followed_to_where_they_lead(mock: LiveMock) -> None:
    with live_proxy(mock.url) as here, live_proxy(mock.url.replace("127.0.0.1", "0.0.0.0")) as away:
        assert sign(here.url) == ""
        assert "names the upstream http://0.0.0.0:" in sign(away.url)
        with serving(Gateway({"Via": "1.1 mock-server, 1.1 mock-server"}, here.url)) as url:
            assert sign(url) == ""
        with serving(Gateway({"Via": "1.1 mock-server, 1.1 mock-server"}, away.url)) as url:
            assert "names the upstream http://0.0.0.0:" in sign(url)


WRITING = [word for law in ("update", "http", "fuzz") for word in ("--laws", law)]


def test_nothing_is_written_through_it_by_any_law(tmp_path: Path) -> None:
    api = Gateway({"Via": "1.1 gateway"})
    with serving(api) as url:
        code, report, output = forked_gate(
            tmp_path, "--base-url", url, "--depth", "quick", *WRITING
        )
    assert {method for method, _ in api.calls} <= SAFE, sorted(set(api.calls))
    assert code == 0, output
    why = "the target forwards to another machine (its answers say `Via: 1.1 gateway`), and writing there needs --allow-writes"
    assert {"what": "what writing does", "why": why} in report["not_judged"]
    assert not report["findings"]


def test_what_is_allowed_is_written(tmp_path: Path) -> None:
    api = Gateway({"Via": "1.1 gateway"})
    with serving(api) as url:
        forked_gate(
            tmp_path, "--base-url", url, "--depth", "quick", "--laws", "handles", "--allow-writes"
        )
    unsafe = {call for call in api.calls if call[0] not in SAFE}
    assert unsafe == {("POST", "/v1/user/profile")}


def test_a_proxy_on_the_way_leads_elsewhere(tmp_path: Path) -> None:
    api = Recorder()
    with serving(api) as url:
        where = ("--base-url", "http://127.0.0.1:9", "--proxy", url)
        _, _, output = forked_gate(tmp_path, *where, "--depth", "quick", "--laws", "handles")
    assert api.calls, "the proxy was asked"
    assert {method for method, _ in api.calls} <= SAFE, output
