"""The pages for people, as a browser gets them: strict, cached, and without data."""

import gzip
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from mock_server.ui import pages
from tests.live import ADA
from tests.steering import Build, Steer

PAGES = ["/", "/__mock/ui", "/__mock/docs", "/__sandbox/mine/", "/__sandbox/mine/__mock/ui"]
STATIC = Path(pages.__file__).parent / "static"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_nothing_from_elsewhere_and_runs_nothing_inline(
    client: FlaskClient, path: str
) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.content_type) == (200, "text/html; charset=utf-8")
    policy = dict(
        rule.split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split("; ")
    )
    assert (policy["default-src"], policy["script-src"], policy["frame-ancestors"]) == (
        "'none'",
        "'self'",
        "'none'",
    )
    assert policy["style-src"] == "'self'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert not re.search(r"https?://|<script>|<style|\son\w+=|\sstyle=", answer.text), (
        "something inline or from elsewhere"
    )


@pytest.mark.parametrize(
    "path", ["/", "/__mock/static/main.js", "/__mock/docs/swagger-ui-bundle.js"]
)
def test_what_a_browser_has_is_not_sent_again(client: FlaskClient, path: str) -> None:
    etag = client.get(path).headers["ETag"]
    again = client.get(path, headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_browser_that_can_unpack_gets_less(client: FlaskClient) -> None:
    plain = client.get("/__mock/static/style.css")
    packed = client.get("/__mock/static/style.css", headers={"Accept-Encoding": "br, gzip"})
    assert (packed.headers["Content-Encoding"], packed.headers["Vary"]) == (
        "gzip",
        "Accept-Encoding",
    )
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 2
    assert packed.headers["ETag"] != plain.headers["ETag"]


def test_every_file_is_served_as_what_it_is(client: FlaskClient) -> None:
    kinds = {
        ".js": "text/javascript",
        ".css": "text/css",
        ".svg": "image/svg+xml",
        ".html": "text/html",
    }
    for file in STATIC.iterdir():
        answer = client.get(f"/__mock/static/{file.name}")
        assert answer.content_type.startswith(kinds[file.suffix]), file.name


@pytest.mark.parametrize(
    "name", ["..%2f__init__.py", "nothing.js", "../__init__.py", "%2e%2e/__init__.py", ""]
)
def test_nothing_but_the_files_of_the_window_is_served(client: FlaskClient, name: str) -> None:
    for folder in ("static", "docs"):
        assert client.get(f"/__mock/{folder}/{name}").status_code == 404


def test_a_page_is_not_a_request_to_the_api(client: FlaskClient, steer: Steer) -> None:
    for path in PAGES:
        client.get(path)
    assert steer("GET", "/requests")[1] == {"requests": []}


def test_a_name_that_was_made_to_point_here_gets_no_page(client: FlaskClient, build: Build) -> None:
    for path in PAGES:
        assert client.get(path, headers={"Host": "evil.example"}).status_code == 421
    assert (
        build(control_token="t")
        .test_client()
        .get("/", headers={"Host": "mock.internal"})
        .status_code
        == 200
    )


def test_a_protected_mock_shows_pages_and_no_data(build: Build) -> None:
    client = build(control_token="right").test_client()
    for path in PAGES:
        text = client.get(path).text
        assert "<html" in text
        assert "ada" not in text
    for path in ("/openapi.json", "/users", "/requests/by-id/1", "/requests/stream"):
        assert client.get(f"/__mock{path}").status_code == 403


def test_the_documents_are_those_that_are_enforced(client: FlaskClient) -> None:
    assert client.get("/__mock/openapi.json").get_json()["info"]["title"] == "User Profile API"
    control = client.get("/__mock/control.json").get_json()
    assert "X-Mock-Control" in str(control["components"]["parameters"])
    assert "/__mock/reset" in control["paths"]


def test_users_are_shown_as_they_are_now(client: FlaskClient, steer: Steer) -> None:
    users = {user["username"]: user for user in steer("GET", "/users")[1]["users"]}
    assert users["ada"] == {
        "username": "ada",
        "displayName": "Ada Lovelace",
        "referrals": 3,
        "notifications": 42,
    }
    ada = steer("GET", "/users/ada?limit=2")[1]
    assert [(each["id"], each["total"], len(each["items"])) for each in ada["containers"]] == [
        ("main", 36, 2),
        ("side", 6, 2),
    ]
    assert ada["containers"][0]["unread"] > 0
    assert (ada["referrals"]["total"], len(ada["referrals"]["items"])) == (3, 2)
    client.post("/v1/user/notifications/read", headers=ADA)
    client.post("/v1/user/profile", json={"displayName": "Countess"}, headers=ADA)
    ada = steer("GET", "/users/ada")[1]
    assert [each["unread"] for each in ada["containers"]] == [0, 0]
    assert ada["profile"]["displayName"] == "Countess"
    assert steer("GET", "/users/nobody")[0] == 404
