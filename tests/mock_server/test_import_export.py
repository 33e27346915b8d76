"""State that outlives the server, sameness of runs, and who may reach the control API from elsewhere."""

import hashlib
import signal
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.live import ADA, LiveMock, live_mock
from tests.mock_server.test_cli import run

CONTROL = {"X-Mock-Control": "1"}


def rename(mock: LiveMock, name: str) -> None:
    answer = requests.post(
        f"{mock.url}/v1/user/profile", json={"displayName": name}, headers=ADA, timeout=10
    )
    assert answer.json()["displayName"] == name


@pytest.mark.parametrize("suffix", ["json", "yaml"])
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_state_outlives_the_server(tmp_path: Path, suffix: str, signum: int) -> None:
    path = tmp_path / f"state.{suffix}"
    with live_mock("--import", str(path), "--export-on-exit", str(path)) as mock:
        rename(mock, "Zoë 漢 😀")
        assert mock.stop(signum) == (0, "")
    first = path.read_bytes()
    with live_mock("--import", str(path), "--export-on-exit", str(path)) as mock:
        answer = requests.get(
            f"{mock.url}/v1/user/profile?fields=displayName", headers=ADA, timeout=10
        )
        assert answer.json() == {"displayName": "Zoë 漢 😀"}
        assert mock.stop() == (0, "")
    assert path.read_bytes() == first
    assert [each.name for each in tmp_path.iterdir()] == [path.name], "nothing unfinished is left"


def test_an_exported_state_is_a_scenario(tmp_path: Path) -> None:
    with live_mock("--export-on-exit", str(tmp_path / "mine.yaml")) as mock:
        rename(mock, "saved")
        mock.stop()
    with live_mock("--fixtures", str(tmp_path), "--scenario", "mine") as mock:
        answer = requests.get(
            f"{mock.url}/v1/user/profile?fields=displayName", headers=ADA, timeout=10
        )
        assert answer.json() == {"displayName": "saved"}


def test_a_state_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = run("--port", "0", "--import", str(tmp_path / "nope.json"))
    assert done.returncode == 2
    assert "nope.json: cannot be read: No such file" in done.stderr


def test_a_state_that_can_be_written_no_more_is_kept_elsewhere_and_fails_the_exit(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with live_mock(
        "--export-on-exit", str(folder / "state.json"), env={"TMPDIR": str(tmp_path)}
    ) as mock:
        rename(mock, "rescued")
        folder.rmdir()
        code, errors = mock.stop()
    assert code == 1
    assert (
        f"{folder}/state.json: cannot be written: No such file or directory; it is kept in "
        in errors
    )
    kept = Path(errors.rpartition(" kept in ")[2].strip())
    assert (kept.parent, kept.stat().st_mode & 0o777) == (tmp_path, 0o600)
    assert "rescued" in kept.read_text()


def test_an_export_that_cannot_be_written_is_refused_at_the_start(tmp_path: Path) -> None:
    done = run("--port", "0", "--export-on-exit", str(tmp_path / "no" / "state.json"))
    assert (done.returncode, done.stderr) == (
        2,
        f"Error: {tmp_path}/no/state.json: cannot be written: there is no folder {tmp_path}/no\n",
    )


def test_a_kill_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "state.yaml"
    path.write_text("users: [{username: ada}]\nsessions: [{token: ada-session, username: ada}]\n")
    before = path.read_bytes()
    with live_mock("--import", str(path), "--export-on-exit", str(path)) as mock:
        rename(mock, "never saved")
        mock.process.kill()
        mock.process.wait(10)
    assert path.read_bytes() == before
    assert yaml.safe_load(path.read_text())["users"]


def test_the_same_seed_and_requests_give_the_same_bytes() -> None:
    def bytes_of(seed: int) -> list[tuple[int, str]]:
        found: list[tuple[int, str]] = []
        with live_mock("--seed", str(seed)) as mock:
            for method, path, body in SCRIPT:
                try:
                    answer = requests.request(
                        method, mock.url + path, json=body, headers={**ADA, **CONTROL}, timeout=10
                    )
                    found.append((answer.status_code, hashlib.sha256(answer.content).hexdigest()))
                except requests.RequestException as error:
                    found.append((0, type(error).__name__))
        return found

    first = bytes_of(7)
    assert first == bytes_of(7)
    assert first != bytes_of(8)


SCRIPT: list[tuple[str, str, Any]] = [
    ("PUT", "/__mock/clock", {"action": "freeze", "time": "2026-03-10T12:00:00Z"}),
    ("POST", "/__mock/sessions", {"username": "ada"}),
    ("POST", "/__mock/rules", {"operation": "getProfile", "code": 500, "probability": 0.5}),
    *[("GET", "/v1/user/profile?fields=handle", None)] * 12,
    ("POST", "/v1/user/profile", {"displayName": "x"}),
    ("POST", "/v1/user/auth/refresh-session", {"refreshToken": "ada-session-expired-refresh"}),
    (
        "POST",
        "/__mock/rules",
        {"fault": "EMPTY_RESPONSE", "operation": "listReferrals", "probability": 0.4},
    ),
    *[("GET", "/v1/user/referrals", None)] * 8,
    ("GET", "/__mock/sessions", None),
    ("GET", "/__mock/state", None),
    ("GET", "/__mock/rules", None),
]


def test_beyond_loopback_a_token_is_needed() -> None:
    done = run("--host", "0.0.0.0", "--port", "0")
    assert done.returncode == 2
    assert "--control-token" in done.stderr


def test_the_token_opens_the_control_api() -> None:
    with live_mock("--host", "0.0.0.0", env={"MOCK_SERVER_CONTROL_TOKEN": "open-sesame"}) as mock:
        url = mock.url.replace("0.0.0.0", "127.0.0.1")
        assert requests.post(f"{url}/__mock/reset", headers=CONTROL, timeout=10).status_code == 403
        assert requests.get(f"{url}/__mock/requests", timeout=10).status_code == 403
        opened = {"X-Mock-Control": "open-sesame", "Host": "mock.example"}
        assert requests.post(f"{url}/__mock/reset", headers=opened, timeout=10).status_code == 204
        assert requests.get(f"{url}/v1/user/referrals", headers=ADA, timeout=10).status_code == 200
        assert "open-sesame" not in mock.greeting
