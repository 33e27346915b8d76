"""The compiled tier and openapi-core never disagree, whatever is asked.

`TWO_TIERS_EXAMPLES=20000` runs as many as a change of either tier deserves; the default is a sample.
"""

import json
import os
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mock_server.config import DEFAULT_CONTRACT
from mock_server.contract.compiled import Contract, RawRequest, accept, decode
from mock_server.contract.explain import Authority
from mock_server.server.lifecycle import load_contract

EXAMPLES = int(os.environ.get("TWO_TIERS_EXAMPLES", "1500"))

NAMES = [
    "fields",
    "page",
    "limit",
    "containerId",
    "username",
    "f%69elds",
    "fields[]",
    "unknown",
    "%zz",
    "",
]
FIELDS = ["username", "displayName", "handle", "biography", "dateOfBirth"]
NUMBERS = [
    "0",
    "1",
    "-1",
    "100",
    "101",
    "1.0",
    "1.5",
    "1e2",
    "1E+2",
    "1e-1",
    "01",
    "+1",
    "-0",
    "1.",
    ".5",
    "0x1",
    "1_0",
    "nan",
    "inf",
    "true",
    "null",
    "1e400",
    "1e99999",
    "1e-9999999",
    "%D9%A5",
    "%201",
]
ODD = [
    "9" * 400,
    "",
    "%",
    "%f",
    "%ff",
    "%00",
    "%20",
    "+",
    "a,b",
    "%ED%A0%80",
    "%F0%9F%98%80",
    "\xe9",
    "%C3%A9",
    "handle,biography",
    "%68andle",
    "a%26b",
]
TEXTS = st.sampled_from(FIELDS + NUMBERS + ODD) | st.text(
    st.characters(max_codepoint=255), max_size=8
)
QUERIES = st.lists(
    st.tuples(st.sampled_from(NAMES), TEXTS).map(lambda pair: f"{pair[0]}={pair[1]}") | TEXTS,
    max_size=5,
).map("&".join)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)
PARTS = st.sampled_from(
    [1899, 1900, 2100, 2101, 0, 1, 12, 13, 31, 32, 5.0, 5.5, True, None, "1", 1e30, -1]
)
DATES = st.dictionaries(st.sampled_from(["year", "month", "day", "hour"]), PARTS)
HANDLES = st.sampled_from(
    ["ab", "abc", "abc\n", "ABC", "a" * 20, "a" * 21, "a_1", "äbc", "٣٣٣", "abc ", "\nabc"]
)
STRINGS = (
    st.sampled_from(
        ["", "x", "x" * 50, "x" * 51, "😀" * 50, "😀" * 51, "x" * 500, "x" * 501, "\x00"]
    )
    | HANDLES
    | st.text(max_size=5)
)
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "displayName": STRINGS | JSON,
        "handle": STRINGS | JSON,
        "biography": STRINGS | JSON,
        "dateOfBirth": DATES | JSON,
    },
)
BROKEN = [
    b"",
    b"{",
    b"{}",
    b"nul",
    b"NaN",
    b'{"a":1,"a":2}',
    b'{"handle":"\\ud800"}',
    b"\xef\xbb\xbf{}",
    b"[" * 2000,
    b'{"x":1e400}',
    b'"\xff"',
]
RAW_BODIES = st.sampled_from(BROKEN) | st.binary(max_size=6)
OBJECTS = BODIES.map(
    lambda body: json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
)
PAYLOADS = OBJECTS | JSON.map(lambda body: json.dumps(body).encode()) | RAW_BODIES
MEDIA_TYPES = st.sampled_from(
    ["application/json"] * 8
    + ["", "text/plain", "application/json5", "*/*", "application/*", "json"]
)


@cache
def tiers() -> tuple[Contract, Authority]:
    contract = load_contract(DEFAULT_CONTRACT)
    return contract, Authority(contract)


def disagreement(operation_id: str, request: RawRequest) -> str | None:
    contract, authority = tiers()
    operation = contract.operations[operation_id]
    decoded = decode(operation, request)
    accepted = accept(operation, request, decoded)
    violations = authority.explain(operation, request, decoded)
    if (accepted is not None) == (not violations):
        return None
    return f"{operation_id} {request}: the compiled tier says {accepted}, openapi-core says {violations}"


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    operation=st.sampled_from(sorted(tiers()[0].operations)),
    query=QUERIES,
    name=TEXTS.filter(bool),
    body=PAYLOADS,
    media_type=MEDIA_TYPES,
)
def test_both_tiers_give_the_same_verdict(
    operation: str, query: str, name: str, body: bytes, media_type: str
) -> None:
    assert disagreement(operation, RawRequest({"username": name}, query, media_type, body)) is None


REGRESSIONS = {
    "Python's $ matches before a last line break": ("updateProfile", "", b'{"handle":"abc\n"}'),
    "Python's float takes what JSON does not": (
        "listNotifications",
        "containerId=main&page=1_0",
        b"",
    ),
    "and digits of every script": ("listNotifications", "containerId=main&page=%D9%A5", b""),
    "an empty string counts as missing": ("listNotifications", "containerId=", b""),
    "an integer is what JSON Schema says": (
        "updateProfile",
        "",
        b'{"dateOfBirth":{"year":1990.0,"month":1,"day":1}}',
    ),
}


@pytest.mark.parametrize(("operation", "query", "body"), REGRESSIONS.values(), ids=REGRESSIONS)
def test_what_they_once_saw_differently(operation: str, query: str, body: bytes) -> None:
    assert disagreement(operation, RawRequest({}, query, "application/json", body)) is None
