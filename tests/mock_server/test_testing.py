"""The pytest plugin, from projects of its users: a process of their own, with nothing but the installed plugin."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mock_server.config import Settings
from mock_server.server.lifecycle import running
from tests.live import live_mock

RECIPE = Path(__file__).parent.parent / "recipes" / "pytest" / "test_profile.py"
HALF_A_REQUEST = b"POST /v1/user/profile HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{"
ANSWERS_UNREAD = b"GET /__mock/state HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200
DEAD_PROXY = {
    "http_proxy": "http://127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "no_proxy": "",
    "NO_PROXY": "",
}


def run(folder: Path, *flags: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run pytest with the plugin, found by its entry point, and no other: those of this project take seconds to load."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-p",
        "user_profile_mock",
        *flags,
    ]
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **env}
    return subprocess.run(
        command, capture_output=True, text=True, cwd=folder, env=env, timeout=120, check=False
    )


def connect(url: str) -> socket.socket:
    host, _, port = url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=10)


@pytest.mark.parametrize(
    "flags",
    [("-W", "error"), ("-p", "xdist", "-n", "4", "-p", "randomly")],
    ids=["one process", "four processes, shuffled"],
)
def test_the_recipe_works(tmp_path: Path, flags: tuple[str, ...]) -> None:
    (tmp_path / "test_profile.py").write_text(RECIPE.read_text())
    done = run(tmp_path, *flags)
    assert done.returncode == 0, done.stdout
    assert "8 passed" in done.stdout
    assert done.stderr == ""


def test_it_is_there_without_being_asked_for_and_costs_nothing_where_it_is_not_used(
    tmp_path: Path,
) -> None:
    (tmp_path / "test_other.py").write_text(
        "import sys\n\n"
        "def test(pytestconfig):\n"
        "    assert pytestconfig.pluginmanager.hasplugin('user_profile_mock')\n"
        "    assert not {'flask', 'granian', 'mock_server.server.lifecycle'} & set(sys.modules)\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout


def test_a_sandbox_tells_its_test_and_is_gone_after_it(tmp_path: Path) -> None:
    (tmp_path / "test_order.py").write_text(
        "import pytest\n\n"
        "@pytest.mark.parametrize('name', ['Zoë / 1', 'x' * 99, '../..'])\n"
        "def test_used(user_profile_mock, name):\n"
        "    listed = user_profile_mock.control('GET', '/sandboxes')['sandboxes']\n"
        "    assert [box['name'] for box in listed] == ['default', user_profile_mock.sandbox]\n"
        "    assert user_profile_mock.sandbox.startswith('test-')\n"
        "    assert '-test_used-' in user_profile_mock.sandbox\n\n"
        "def test_dropped_by_the_test(user_profile_mock):\n"
        "    user_profile_mock.control('DELETE', f'/sandboxes/{user_profile_mock.sandbox}')\n"
    )
    done = run(tmp_path)
    assert "4 passed" in done.stdout, done.stdout


def test_a_wrong_call_says_what_is_wrong_and_leaves_no_noise(tmp_path: Path) -> None:
    (tmp_path / "test_wrong.py").write_text(
        "def test(user_profile_mock):\n    user_profile_mock.rule(cod=500)\n"
    )
    done = run(tmp_path)
    assert done.returncode == 1
    assert "'cod' was unexpected" in done.stdout
    assert done.stderr == ""


def test_nothing_big_is_imported_beside_the_tests(tmp_path: Path) -> None:
    # Filters of warnings are the whole process's: what an import in another thread says would fail whichever test runs then.
    (tmp_path / "test_loaded.py").write_text(
        "import sys\n\ndef test(user_profile_mock):\n    assert {'mock_server.contract.explain'} <= set(sys.modules)\n"
    )
    done = run(tmp_path, "-W", "error")
    assert done.returncode == 0, done.stdout


def test_ctrl_c_leaves_no_noise(tmp_path: Path) -> None:
    (tmp_path / "test_stopped.py").write_text(
        "import os, signal, time\n\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started us may have ignored it\n\n"
        "def test(user_profile_mock):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    time.sleep(60)\n"
    )
    done = run(tmp_path)
    assert done.returncode == 2
    assert "KeyboardInterrupt" in done.stdout
    assert done.stderr == ""


def test_another_scenario_can_be_started_from_and_no_proxy_is_asked(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "users: [{username: zoe, displayName: Zoë}]\n", encoding="utf-8"
    )
    (tmp_path / "test_mine.py").write_text(
        "def test(user_profile_mock):\n"
        "    assert user_profile_mock.control('GET', '/state')['users'] == [{'username': 'zoe', 'displayName': 'Zoë'}]\n"
        "    token = user_profile_mock.session('zoe')\n"
        "    user_profile_mock.expire(token)\n"
        "    assert user_profile_mock.count() == 0\n",
        encoding="utf-8",
    )
    done = run(tmp_path, "--user-profile-mock-fixtures", "mine.yaml", **DEAD_PROXY)
    assert done.returncode == 0, done.stdout


def test_a_scenario_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "test_none.py").write_text("def test(user_profile_mock):\n    pass\n")
    done = run(tmp_path, "--user-profile-mock-scenario", "nope")
    assert done.returncode == 1
    assert "has no scenario 'nope'; it has: busy, default, edge, empty" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_server_that_cannot_start_is_told_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(_: object) -> None:
        raise OSError("the address is gone")

    monkeypatch.setattr("mock_server.server.asgi_server.Server.serve", fail)
    with (
        pytest.raises(RuntimeError, match="did not start: the address is gone"),
        running(Settings(port=0)),
    ):
        raise AssertionError("it started")


def test_a_request_that_was_half_sent_does_not_hold_up_the_end() -> None:
    with running(Settings(port=0)) as url:
        client = connect(url)
        client.sendall(HALF_A_REQUEST)
        time.sleep(0.2)
        begun = time.monotonic()
    with client, pytest.raises(ConnectionRefusedError):
        connect(url)
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    "sent", [HALF_A_REQUEST, ANSWERS_UNREAD], ids=["half a request", "answers that nobody reads"]
)
def test_ctrl_c_ends_the_command_whatever_its_clients_do(sent: bytes) -> None:
    with live_mock("--scenario", "busy") as mock, connect(mock.url) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(sent)
        time.sleep(0.5)
        assert mock.stop(signal.SIGINT) == (0, "")
