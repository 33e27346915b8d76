"""No number, however it is written, and no depth makes the mock fail: whatever is asked is answered or refused."""

import json
from decimal import Decimal
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mock_server.api.app import Core
from mock_server.api.prefer import LONGEST_DELAY, parse_prefer
from mock_server.cli.serve_command import main
from mock_server.config import Settings
from mock_server.contract.compiled import Contract
from mock_server.contract.decoding import MOST_LEVELS, read_json, read_json_once, repeated_key
from mock_server.contract.examples import Examples
from mock_server.scenarios.catalogue import Scenarios
from mock_server.stores.memory import MemoryStore
from mock_server.world.sandbox import Sandbox

STEER = {"X-Mock-Control": "1", "Content-Type": "application/json"}
ADA = {"Authorization": "Bearer ada-session", "Content-Type": "application/json"}

DIGITS = st.sampled_from(
    [
        "0",
        "1",
        "7",
        "9",
        "00000000007",
        "599",
        "60000",
        "60001",
        "9" * 25,
        "9" * 4300,
        "0" * 5000 + "1",
    ]
)
SIGNS = st.sampled_from(["", "", "-", "+"])
FRACTIONS = ("", "", ".0", ".5", "." + "0" * 400 + "1")
EXPONENTS = ("", "e400", "e-400", "E+4000", "e9999999999999999999", "_0", " ", "٣")
ENDS = st.sampled_from([fraction + exponent for fraction in FRACTIONS for exponent in EXPONENTS])
NUMBERS = st.builds(
    lambda sign, digits, end: sign + digits + end, SIGNS, DIGITS, ENDS
) | st.sampled_from(
    ["NaN", "Infinity", "-Infinity", "0x10", "1e-9999999999999999999", "", "-", "."]
)
IN_PATHS = (
    "/v1/user/notifications?containerId=main&page={}",
    "/v1/user/notifications?containerId=main&limit={}",
    "/v1/user/notifications?containerId=main&page={}&limit={}",
    "/v1/user/profile?__code={}",
    "/v1/user/profile?__delay={}",
    "/__mock/requests?limit={}",
    "/__mock/requests?status={}",
    "/__mock/requests/by-id/{}",
    "/__mock/users/ada?limit={}",
)
IN_BODIES = (
    ("POST", "/v1/user/profile", '{{"dateOfBirth": {{"year": {0}, "month": {0}, "day": {0}}}}}'),
    (
        "POST",
        "/__mock/sessions",
        '{{"username": "ada", "expiresIn": {0}, "refreshExpiresIn": {0}, "calls": {0}}}',
    ),
    (
        "PATCH",
        "/__mock/sessions/grace-session",
        '{{"expiresIn": {0}, "refreshExpiresIn": {0}, "calls": {0}}}',
    ),
    ("POST", "/__mock/undo", '{{"changes": {0}}}'),
    ("PUT", "/__mock/clock", '{{"action": "advance", "seconds": {0}}}'),
    ("PUT", "/__mock/clock", '{{"action": "set", "time": {0}}}'),
    ("POST", "/__mock/requests/count", '{{"status": {0}}}'),
    ("POST", "/__mock/rules", '{{"operation": "listReferrals", "times": {0}}}'),
    ("POST", "/__mock/rules", '{{"operation": "listReferrals", "code": {0}}}'),
    ("POST", "/__mock/rules", '{{"operation": "listReferrals", "probability": {0}}}'),
    ("POST", "/__mock/rules", '{{"operation": "listReferrals", "slowBody": {0}}}'),
    ("POST", "/__mock/rules", '{{"operation": "listReferrals", "delay": {0}}}'),
    (
        "POST",
        "/__mock/rules",
        '{{"operation": "listReferrals", "delay": {{"min": {0}, "max": {0}}}}}',
    ),
    (
        "PUT",
        "/__mock/state",
        '{{"users": [{{"username": "ada", "dateOfBirth": {{"year": {0}, "month": 1, "day": 1}}}}]}}',
    ),
)


def ask(
    client: FlaskClient, method: str, path: str, body: str | None = None, prefer: str = ""
) -> int:
    headers = (
        STEER if path.startswith("/__mock") else {**ADA, **({"Prefer": prefer} if prefer else {})}
    )
    return client.open(
        path, method=method, data=None if body is None else body.encode(), headers=headers
    ).status_code


@pytest.fixture(scope="module")
def shared(contract: Contract, control: Contract, scenarios: Scenarios) -> FlaskClient:
    """One core for all examples: what they leave behind is part of the test."""
    store = MemoryStore(Sandbox.of(scenarios.world("default")))
    return Core(contract, control, store, scenarios, Settings()).test_client()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(number=NUMBERS, path=st.sampled_from(IN_PATHS), name=st.sampled_from(["code", "delay"]))
@example(number="1e9999999999999999999", path=IN_PATHS[0], name="code")
@example(number="0000000000", path=IN_PATHS[4], name="delay")
def test_no_number_in_a_query_or_a_header_is_a_failure(
    shared: FlaskClient, number: str, path: str, name: str
) -> None:
    assert ask(shared, "GET", path.replace("{}", number)) in {200, 400, 401, 404}
    if number.isascii() and number.strip() == number:
        assert ask(shared, "GET", "/v1/user/profile", prefer=f"{name}={number}") in {200, 400, 401}


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(number=NUMBERS, asked=st.sampled_from(IN_BODIES))
def test_no_number_in_a_body_is_a_failure(
    shared: FlaskClient, number: str, asked: tuple[str, str, str]
) -> None:
    method, path, body = asked
    assert ask(shared, method, path, body.format(number)) in {200, 201, 204, 400, 404, 409}
    assert (
        ask(shared, "GET", "/v1/user/profile") == 200 or ask(shared, "POST", "/__mock/reset") == 204
    )


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(number=NUMBERS.filter(lambda text: text.strip() == text))
@example(number="00000000099999999")
@example(number="00000000007")
def test_no_spelling_of_a_delay_gets_past_its_bound(examples: Examples, number: str) -> None:
    for prefer, query in (
        (f"delay={number}", ""),
        (f'delay="{number}"', ""),
        (None, f"__delay={quote(number)}"),
    ):
        plan, refused = parse_prefer(examples, "getProfile", prefer, query)
        is_right = number.isascii() and number.isdigit() and Decimal(number) <= LONGEST_DELAY
        assert bool(refused) != is_right, number
        assert plan.delay == (float(Decimal(number)) / 1000 if is_right else 0)


@pytest.fixture(scope="module")
def examples(contract: Contract) -> Examples:
    return Examples(contract)


DEEP = {
    "a sign-in": ("POST", "/__mock/sessions", '{"username": %s}'),
    "a state": ("PUT", "/__mock/state", "%s"),
    "a user": ("PUT", "/__mock/state", '{"users": [{"username": "ada", "biography": %s}]}'),
    "a notification": (
        "PUT",
        "/__mock/state",
        '{"users": [{"username": "ada", "notifications": [{"x": %s}]}]}',
    ),
    "a clock": ("PUT", "/__mock/clock", "%s"),
    "a rule": ("POST", "/__mock/rules", '{"delay": %s}'),
    "a count": ("POST", "/__mock/requests/count", '{"operation": %s}'),
    "a reset": ("POST", "/__mock/reset", '{"scenario": %s}'),
    "an update": ("POST", "/v1/user/profile", '{"displayName": %s}'),
    "an update of something else": ("POST", "/v1/user/profile", '{"x": %s}'),
}


@pytest.mark.parametrize(("method", "path", "body"), DEEP.values(), ids=DEEP)
def test_no_depth_is_a_failure(client: FlaskClient, method: str, path: str, body: str) -> None:
    for depth in (50, 97, 98, 100, 101, 250, 900, 950, 1000, 1024, 1025, 1100, 100_000):
        for start, end in (("[", "]"), ('{"a":', "}")):
            content = body % (start * depth + "1" + end * depth)
            answer = client.open(path, method=method, data=content, headers=STEER | ADA)
            assert answer.status_code in {200, 400}, depth
            if depth > MOST_LEVELS:
                assert "must not be nested deeper than 100 levels" in answer.text, depth


def test_a_hundred_levels_are_not_too_deep() -> None:
    assert read_json(b"[" * 100 + b"]" * 100)
    assert read_json(b'{"a":' * 100 + b"1" + b"}" * 100)
    for raw in (
        b"[" * 101 + b"]" * 101,
        b'{"a":' * 101 + b"1" + b"}" * 101,
        b"[" * 5000 + b"]" * 5000,
    ):
        with pytest.raises(ValueError, match="deeper"):
            read_json(raw)
    assert read_json(b"[%s[]]" % (b"[]," * 1000))


@pytest.mark.parametrize(
    ("method", "path", "body", "key"),
    [
        ("PUT", "/__mock/state", '{"users": [{"username": "ada"}], "users": []}', "users"),
        (
            "PUT",
            "/__mock/state",
            '{"users": [{"username": "ada", "\\u0075sername": "grace"}]}',
            "username",
        ),
        (
            "POST",
            "/__mock/rules",
            '{"operation": "getProfile", "delay": {"min": 1, "max": 2, "min": 3}}',
            "min",
        ),
    ],
)
def test_a_key_twice_in_a_body_of_the_control_api_is_refused(
    client: FlaskClient, method: str, path: str, body: str, key: str
) -> None:
    answer = client.open(path, method=method, data=body, headers=STEER)
    assert answer.status_code == 400
    assert answer.get_json()["details"] == [
        {"in": "body", "name": "", "reason": f"must not have the key '{key}' twice"}
    ]


@settings(max_examples=40, deadline=None)
@given(
    value=st.recursive(
        st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_a_key_is_twice_only_where_it_is(value: object) -> None:
    raw = json.dumps(value)
    assert repeated_key(raw.encode()) is None
    twice = f'{{"a": {raw}, "b": {raw}, "\\u0061": {raw}}}'.encode()
    assert repeated_key(twice) == "a"
    with pytest.raises(ValueError, match="'a' twice"):
        read_json_once(twice)


FLAGS = (
    "--max-body",
    "--max-requests",
    "--max-journal",
    "--max-sandboxes",
    "--sandbox-idle",
    "--port",
    "--workers",
)


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("number", ["9" * 30, "9" * 5000, "1e999", "nan", "inf", "-1", "٣e"])
def test_a_number_that_no_flag_can_mean_is_a_usage_error(flag: str, number: str) -> None:
    done = CliRunner().invoke(main, [flag, number])
    assert done.exit_code == 2
    assert flag in done.output


def test_a_patience_without_end_is_a_usage_error() -> None:
    for number in ("nan", "inf", "1e999", "0", "-1"):
        assert (
            CliRunner().invoke(main, ["proxy", "http://127.0.0.1:9", "--timeout", number]).exit_code
            == 2
        )
