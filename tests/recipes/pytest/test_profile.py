import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from mock_server.testing import Mock


def call(
    mock: Mock, method: str, path: str, body: object = None, token: str = "ada-session"
) -> Any:
    """Stands for the client under test: give it `mock.url` as its base URL."""
    raw = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with urlopen(Request(mock.url + path, raw, headers, method=method), timeout=10) as answer:
        return json.loads(answer.read() or "null")


@pytest.mark.parametrize("number", range(5))
def test_every_test_has_its_own_world(user_profile_mock: Mock, number: int) -> None:
    assert call(user_profile_mock, "GET", "/v1/user/profile?fields=displayName") == {
        "displayName": "Ada Lovelace"
    }
    call(user_profile_mock, "POST", "/v1/user/profile", {"displayName": f"Name {number}"})
    assert call(user_profile_mock, "GET", "/v1/user/profile?fields=displayName") == {
        "displayName": f"Name {number}"
    }
    assert user_profile_mock.count(operation="updateProfile", status=200) == 1


def test_an_expired_session(user_profile_mock: Mock) -> None:
    token = user_profile_mock.session("ada", expiresIn=60)
    user_profile_mock.freeze()
    call(user_profile_mock, "GET", "/v1/user/referrals", token=token)
    user_profile_mock.advance(61)
    with pytest.raises(HTTPError, match="401"):
        call(user_profile_mock, "GET", "/v1/user/referrals", token=token)


def test_a_server_that_fails_once(user_profile_mock: Mock) -> None:
    user_profile_mock.rule(operation="listReferrals", code=500, times=1)
    with pytest.raises(HTTPError, match="500"):
        call(user_profile_mock, "GET", "/v1/user/referrals")
    assert call(user_profile_mock, "GET", "/v1/user/referrals")["total"] == 3


def test_a_connection_that_breaks(user_profile_mock: Mock) -> None:
    user_profile_mock.rule(fault="CONNECTION_RESET_BY_PEER", times=1)
    with pytest.raises(OSError, match="reset"):
        call(user_profile_mock, "GET", "/v1/user/referrals")
    assert [entry["fault"] for entry in user_profile_mock.requests()] == [
        "CONNECTION_RESET_BY_PEER"
    ]
