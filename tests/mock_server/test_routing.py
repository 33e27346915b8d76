"""What a request is for is decided by its route: whatever is not spelt as documented is nothing, and steers nothing."""

import asyncio
import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from mock_server.api.app import Core
from mock_server.api.routing import RouteKind
from mock_server.contract.compiled import Contract
from mock_server.contract.route_hints import nearest
from mock_server.ui import pages as window
from tests.steering import Build, memory

MISSPELLINGS: dict[str, Callable[[str], str]] = {
    "two slashes at its beginning": lambda path: f"/{path}",
    "three slashes": lambda path: f"//{path}",
    "a doubled slash": lambda path: re.sub("(.)/", r"\1//", path, count=1),
    "a slash at its end": lambda path: f"{path}/",
    "an encoded letter": lambda path: re.sub(
        "[a-z](?=/|$)", lambda found: f"%{ord(found[0]):02x}", path, count=1
    ),
    "an encoded first letter": lambda path: f"/%{ord(path[1]):02X}{path[2:]}",
    "an encoded slash": lambda path: re.sub("(.)/", r"\1%2F", path, count=1),
    "a backslash": lambda path: re.sub("(.)/", r"\1\\\\", path, count=1),
    "a dot segment": lambda path: f"/.{path}",
    "an encoded dot segment": lambda path: f"/%2e{path}",
    "dots that lead back": lambda path: f"/v1/..{path}",
    "parameters": lambda path: re.sub("(.)/", r"\1;x=1/", path, count=1),
    "capitals": lambda path: re.sub("[a-z]+", lambda found: found[0].upper(), path, count=1),
    "another address before it": lambda path: f"http://evil.example{path}",
    "an encoded sandbox": lambda path: f"/%5F_sandbox/mine{path}",
    "a sandbox and a slash too many": lambda path: f"/__sandbox/mine/{path}",
    "a sandbox of a sandbox": lambda path: f"/__sandbox/mine/__sandbox/mine{path}",
}


def documented(contract: Contract, control: Contract) -> list[tuple[str, str]]:
    operations = [*contract.operations.values(), *control.operations.values()]
    pages = [("GET", re.sub("<.+>", "home.js", path)) for path in window.PAGES if path != "/"]
    return [*((each.method, re.sub(r"\{.+?\}", "1", each.path)) for each in operations), *pages]


@pytest.mark.parametrize("misspelling", MISSPELLINGS.values(), ids=MISSPELLINGS)
def test_another_spelling_leads_nowhere(
    core: Core, contract: Contract, control: Contract, misspelling: Callable[[str], str]
) -> None:
    for method, path in documented(contract, control):
        wrong = misspelling(path)
        assert core.router.find(method, wrong).kind is RouteKind.NONE, wrong
        assert core.router.find(method, path).rule is not None, path


@pytest.mark.parametrize("method", ["post", "Post", "get", "delete", "pOST"])
def test_methods_have_one_case(
    core: Core, contract: Contract, control: Contract, method: str
) -> None:
    for _, path in documented(contract, control):
        route = core.router.find(method, path)
        assert route.rule is None, path
        assert getattr(route.error, "code", None) == 405, path


@pytest.mark.parametrize("misspelling", MISSPELLINGS.values(), ids=MISSPELLINGS)
def test_no_spelling_gets_past_the_guard(build: Build, misspelling: Callable[[str], str]) -> None:
    for options in ({}, {"control_token": "right"}):
        core = build(**options)
        before = memory(core).load("default")
        for method, path in (
            ("POST", "/__mock/reset"),
            ("GET", "/__mock/state"),
            ("DELETE", "/__mock/requests"),
        ):
            uri = misspelling(path)
            for host, statuses in (("evil.example", {404, 421}), ("localhost", {404})):
                headers = {"host": host, "origin": "https://evil.example"}
                asked = core.receive(method, uri, "", headers, [], 0)
                assert asyncio.run(core.answer(asked)).status in statuses, uri
        assert memory(core).load("default") is before


def test_a_parameter_may_be_encoded(client: FlaskClient) -> None:
    headers = {"Authorization": "Bearer ada-session"}
    answer = client.get("/v1/user/by-id/%67r%61ce/public?containerId=main", headers=headers)
    assert (answer.status_code, answer.get_json()["username"]) == (200, "grace")


def test_the_hint_names_every_method_and_what_is_spelt_otherwise(contract: Contract) -> None:
    operations = contract.operations.values()
    assert "the method is GET or POST, not PATCH" in nearest(
        operations, "PATCH", "/v1/user/profile"
    )
    assert "the method is GET or POST, not PATCH" in nearest(operations, "PATCH", "/v1/user/profil")
    assert "the base URL ends in one" in nearest(operations, "GET", "//v1/user/referrals")
    for misspelling in MISSPELLINGS.values():
        hint = nearest(operations, "GET", misspelling("/v1/user/referrals"))
        assert "not GET" not in hint, "the method was right"
