"""A web page that the developer happens to visit steers nothing and learns nothing."""

import pytest
from flask.testing import FlaskClient

from tests.steering import Build

WRITES = [("POST", "/reset"), ("DELETE", "/requests"), ("PUT", "/snapshots/s"), ("POST", "/undo"), ("DELETE", "/sandboxes/a")]
HERE = {"Host": "localhost:4010"}
STEERING = {**HERE, "X-Mock-Control": "1"}


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_change_needs_a_header_that_a_simple_cross_origin_request_cannot_send(
    client: FlaskClient, method: str, path: str
) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = client.open(f"/__mock{path}", method=method, headers={**HERE, "Content-Type": content_type})
        assert answer.status_code == 403
    for prefix in ("", "/__sandbox/a"):
        assert client.open(f"{prefix}/__mock{path}", method=method, headers=HERE).status_code == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:3000", "null", "http://localhost"])
def test_another_origin_is_refused_even_with_the_header(client: FlaskClient, origin: str) -> None:
    for method, path in [*WRITES, ("GET", "/requests"), ("GET", "/state")]:
        answer = client.open(f"/__mock{path}", method=method, headers={**STEERING, "Origin": origin})
        assert answer.status_code == 403
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_no_preflight_is_allowed(client: FlaskClient) -> None:
    asking = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST", **HERE}
    answer = client.options("/__mock/reset", headers=asking)
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_same_origin_may(client: FlaskClient) -> None:
    assert client.post("/__mock/reset", headers={**STEERING, "Origin": "http://localhost:4010"}).status_code == 204


def test_an_origin_may_be_let_in(build: Build) -> None:
    client = build(control_origins=("http://localhost:3000",)).test_client()
    origin = {"Origin": "http://localhost:3000", **HERE}
    preflight = client.options("/__mock/reset", headers={**origin, "Access-Control-Request-Method": "POST"})
    assert preflight.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    answer = client.post("/__mock/reset", headers={**origin, "X-Mock-Control": "1"})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (204, "http://localhost:3000")
    assert client.post("/__mock/reset", headers={**STEERING, "Origin": "http://localhost:3001"}).status_code == 403


@pytest.mark.parametrize("given", ["", "1", "wrong", "right-but-longer", "räight"])
def test_with_a_token_everything_needs_it(build: Build, given: str) -> None:
    client = build(control_token="right").test_client()
    for method, path in [*WRITES, ("GET", "/requests"), ("GET", "/health")]:
        assert client.open(f"/__mock{path}", method=method, headers={**HERE, "X-Mock-Control": given}).status_code == 403
    assert client.post("/__mock/reset", headers={"Host": "mock.example", "X-Mock-Control": "right"}).status_code == 204


@pytest.mark.parametrize(
    ("host", "status"),
    {
        "localhost:4010": 200,
        "a.localhost": 200,
        "127.0.0.1:1": 200,
        "[::1]:4010": 200,
        "evil.example:4010": 421,
        "localhost.evil.example": 421,
        "": 421,
    }.items(),
)
def test_only_names_that_no_web_page_can_claim_are_answered(client: FlaskClient, host: str, status: int) -> None:
    for path in ("/__mock/health", "/__sandbox/a/__mock/requests"):
        assert client.get(path, headers={"Host": host}).status_code == status
