"""A web page that the developer happens to visit steers nothing and learns nothing."""

import pytest
from flask.testing import FlaskClient

from mock_server.api.app import Core
from tests.live import ADA
from tests.steering import Build, memory

WRITES = [
    ("POST", "/reset"),
    ("DELETE", "/requests"),
    ("PUT", "/snapshots/s"),
    ("POST", "/undo"),
    ("DELETE", "/sandboxes/a"),
]
HERE = {"Host": "localhost:4010"}
STEERING = {**HERE, "X-Mock-Control": "1"}


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_change_needs_a_header_that_a_simple_cross_origin_request_cannot_send(
    client: FlaskClient, method: str, path: str
) -> None:
    for content_type in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ):
        answer = client.open(
            f"/__mock{path}", method=method, headers={**HERE, "Content-Type": content_type}
        )
        assert answer.status_code == 403
    for prefix in ("", "/__sandbox/a"):
        assert client.open(f"{prefix}/__mock{path}", method=method, headers=HERE).status_code == 403


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://localhost:3000", "null", "http://localhost"]
)
def test_another_origin_is_refused_even_with_the_header(client: FlaskClient, origin: str) -> None:
    for method, path in [*WRITES, ("GET", "/requests"), ("GET", "/state")]:
        answer = client.open(
            f"/__mock{path}", method=method, headers={**STEERING, "Origin": origin}
        )
        assert answer.status_code == 403
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_no_preflight_is_allowed(client: FlaskClient) -> None:
    asking = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST", **HERE}
    answer = client.options("/__mock/reset", headers=asking)
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_same_origin_may(client: FlaskClient) -> None:
    assert (
        client.post(
            "/__mock/reset", headers={**STEERING, "Origin": "http://localhost:4010"}
        ).status_code
        == 204
    )


def test_an_origin_may_be_let_in(build: Build) -> None:
    client = build(control_origins=("http://localhost:3000",)).test_client()
    origin = {"Origin": "http://localhost:3000", **HERE}
    preflight = client.options(
        "/__mock/reset", headers={**origin, "Access-Control-Request-Method": "POST"}
    )
    assert preflight.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    answer = client.post("/__mock/reset", headers={**origin, "X-Mock-Control": "1"})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (
        204,
        "http://localhost:3000",
    )
    assert (
        client.post(
            "/__mock/reset", headers={**STEERING, "Origin": "http://localhost:3001"}
        ).status_code
        == 403
    )


@pytest.mark.parametrize("given", ["", "1", "wrong", "right-but-longer", "räight"])
def test_with_a_token_everything_needs_it(build: Build, given: str) -> None:
    client = build(control_token="right").test_client()
    for method, path in [*WRITES, ("GET", "/requests"), ("GET", "/health")]:
        assert (
            client.open(
                f"/__mock{path}", method=method, headers={**HERE, "X-Mock-Control": given}
            ).status_code
            == 403
        )
    assert (
        client.post(
            "/__mock/reset", headers={"Host": "mock.example", "X-Mock-Control": "right"}
        ).status_code
        == 204
    )


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
def test_only_names_that_no_web_page_can_claim_are_answered(
    client: FlaskClient, host: str, status: int
) -> None:
    for path in ("/__mock/health", "/__sandbox/a/__mock/requests"):
        assert client.get(path, headers={"Host": host}).status_code == status
    for path in ("/v1/user/referrals", "/__sandbox/a/v1/user/referrals"):
        assert client.get(path, headers={"Host": host, **ADA}).status_code == status


def test_a_name_of_ones_own_is_answered(build: Build) -> None:
    client = build(allowed_hosts=frozenset({"myapp.test"})).test_client()
    for path in ("/v1/user/referrals", "/__mock/health", "/"):
        assert client.get(path, headers={"Host": "MyApp.test:3000", **ADA}).status_code == 200
        assert client.get(path, headers={"Host": "other.test", **ADA}).status_code == 421


def test_beyond_loopback_every_name_is_right(build: Build) -> None:
    client = build(any_host=True, control_token="right").test_client()
    assert (
        client.get("/v1/user/referrals", headers={"Host": "mock.internal", **ADA}).status_code
        == 200
    )
    assert (
        client.get(
            "/__mock/health", headers={"Host": "mock.internal", "X-Mock-Control": "right"}
        ).status_code
        == 200
    )


def test_an_empty_token_lets_nobody_in(build: Build) -> None:
    client = build(control_token="").test_client()
    for given in ("", "1"):
        assert (
            client.get("/__mock/state", headers={**HERE, "X-Mock-Control": given}).status_code
            == 403
        )


FOREIGN: list[dict[str, str]] = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
]


@pytest.mark.parametrize("page", FOREIGN, ids=str)
def test_a_page_from_elsewhere_makes_no_sandbox(core: Core, page: dict[str, str]) -> None:
    client = core.test_client()
    for path in ("/v1/user/referrals", "/v1/nothing", "/__mock/health", "/__mock/state", "/"):
        client.get(f"/__sandbox/new{path}", headers={**HERE, **ADA, **page})
        client.get(path, headers={**HERE, **ADA, **page, "X-Mock-Sandbox": "new"})
        client.options(
            f"/__sandbox/new{path}",
            headers={**HERE, **page, "Access-Control-Request-Method": "GET"},
        )
    assert memory(core).peek("new") is None
    assert list(memory(core).journal.newest_first("new")) == []
    client.get("/__sandbox/new/v1/user/referrals", headers={**HERE, **ADA})
    answer = client.get("/__sandbox/new/v1/user/referrals", headers={**HERE, **ADA, **page})
    assert answer.status_code == 200, "one that is there is answered as ever"


@pytest.mark.parametrize("page", FOREIGN[:-1], ids=str)
def test_a_page_from_elsewhere_reads_nothing_of_the_control_api(
    client: FlaskClient, page: dict[str, str]
) -> None:
    assert client.get("/__mock/state", headers={**HERE, **page}).status_code == 403


def test_a_link_from_elsewhere_may_be_followed(client: FlaskClient) -> None:
    assert client.get("/__mock/health", headers={**HERE, **FOREIGN[-1]}).status_code == 200


OURS: list[dict[str, str]] = [
    {},
    {"Origin": "http://localhost:3000", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://localhost:4010"},
    {"Origin": "http://192.168.1.5:3000"},
    {"Origin": "http://tests.test"},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
]


@pytest.mark.parametrize("page", OURS, ids=str)
def test_whoever_else_calls_the_api_makes_a_sandbox(build: Build, page: dict[str, str]) -> None:
    core = build(cors_origins=("http://192.168.1.5:3000",), control_origins=("http://tests.test",))
    core.test_client().get("/__sandbox/new/v1/user/referrals", headers={**HERE, **page})
    assert memory(core).peek("new") is not None


def test_what_matches_nothing_makes_no_sandbox_and_stands_in_the_journal(core: Core) -> None:
    client = core.test_client()
    for method, path in (
        ("GET", "//v1/user/referrals"),
        ("PUT", "/v1/user/referrals"),
        ("GET", "/nothing"),
    ):
        client.open(f"/__sandbox/new{path}", method=method, headers=HERE)
    assert memory(core).peek("new") is None
    assert [entry.status for entry in memory(core).journal.newest_first("new")] == [404, 405, 404]


GRANTED = [
    "http://192.168.1.5:3000",
    "https://myapp.test",
    "capacitor://localhost",
    "ionic://localhost",
    "http://localhost:3000",
]


@pytest.mark.parametrize("origin", GRANTED)
def test_a_page_that_may_call_the_api_may_send_cookies_too(build: Build, origin: str) -> None:
    client = build(cors_origins=tuple(GRANTED[:-1])).test_client()
    asking = {
        **HERE,
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Private-Network": "true",
    }
    headers = {"Access-Control-Request-Headers": "authorization,content-type"}
    preflight = client.options("/v1/user/profile", headers={**asking, **headers}).headers
    assert preflight["Access-Control-Allow-Headers"] == "authorization,content-type"
    assert preflight["Access-Control-Allow-Private-Network"] == "true"
    for answer in (
        preflight,
        client.get("/v1/user/referrals", headers={**HERE, **ADA, "Origin": origin}).headers,
    ):
        assert (
            answer["Access-Control-Allow-Origin"],
            answer["Access-Control-Allow-Credentials"],
        ) == (origin, "true")
        assert not [
            name
            for name, value in answer.items()
            if name.startswith("Access-Control") and "*" in value
        ]
    assert (
        "Access-Control-Allow-Origin"
        not in client.get("/__mock/health", headers={**HERE, "Origin": origin}).headers
    )


@pytest.mark.parametrize(
    "origin",
    ["http://192.168.1.5:3001", "https://192.168.1.5:3000", "http://192.168.1.5:3000/", "null"],
)
def test_only_the_very_origin_is_granted(build: Build, origin: str) -> None:
    client = build(cors_origins=("http://192.168.1.5:3000",)).test_client()
    answer = client.get("/v1/user/referrals", headers={**HERE, **ADA, "Origin": origin})
    assert not [name for name in answer.headers if name[0].startswith("Access-Control")]
