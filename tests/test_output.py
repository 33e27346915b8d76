"""Output that goes nowhere, or in another encoding: the programs go on, and their exit codes stay true."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from tests.live import ADA, live_mock
from tests.npm import free_port

NOWHERE = {
    "closed": ">&-",
    "both closed": "<&- >&- 2>&-",
    "full": ">/dev/full",
    "both full": ">/dev/full 2>/dev/full",
    "not read": "| head -c 1 >/dev/null",
}


def served(url: str) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            assert (
                requests.get(f"{url}/v1/user/referrals", headers=ADA, timeout=10).status_code == 200
            )
        except requests.ConnectionError:
            assert time.monotonic() < until, "it does not serve"
            time.sleep(0.05)
        else:
            return


@pytest.mark.parametrize("output", NOWHERE.values(), ids=NOWHERE)
def test_a_mock_that_nobody_hears_serves_and_keeps_its_state(output: str, tmp_path: Path) -> None:
    state, code, port = tmp_path / "state.json", tmp_path / "code", free_port()
    flags = f"--port {port} --scenario edge --log-format json --export-on-exit '{state}'"
    script = f"({sys.executable} -m mock_server {flags} & echo $! >'{tmp_path}/pid'; wait $!; echo $? >'{code}') {output}"
    shell = subprocess.Popen(["bash", "-c", script], stderr=subprocess.PIPE, text=True)
    for _ in range(3):
        served(f"http://127.0.0.1:{port}")
    subprocess.run(["kill", (tmp_path / "pid").read_text().strip()], check=True)
    _, errors = shell.communicate(timeout=20)
    assert (code.read_text(), errors) == ("0\n", "")
    assert json.loads(state.read_text())["users"]


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-16"])
def test_the_mock_speaks_in_any_encoding(encoding: str) -> None:
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "mock_server",
        "--port",
        str(port),
        "--scenario",
        "edge",
        "--log-format",
        "json",
    ]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PYTHONIOENCODING": encoding},
        cwd=Path(__file__).parent.parent,
    )
    served(f"http://127.0.0.1:{port}")
    requests.get(
        f"http://127.0.0.1:{port}/v1/user/profile",
        headers={"Authorization": "Bearer odd-session-10"},
        timeout=10,
    )
    served(f"http://127.0.0.1:{port}")
    process.send_signal(signal.SIGTERM)
    out, errors = process.communicate(timeout=20)
    lines = [json.loads(line) for line in out.decode(encoding).splitlines()]
    assert [line["user"] for line in lines if line["event"] == "request"] == ["ada", "أمل", "ada"]
    assert errors == b""


def test_a_greeting_in_another_encoding_is_whole() -> None:
    with live_mock("--scenario", "edge", env={"PYTHONIOENCODING": "ascii"}) as mock:
        assert (mock.greeting.isascii(), "\\u2026 and 9 more" in mock.greeting) == (True, True)
        assert mock.stop() == (0, "")


@pytest.mark.parametrize("output", [">&-", ">/dev/full 2>/dev/full", "| head -c 1 >/dev/null"])
@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("contract_tests --depth quick --laws referrals --report-dir", 0),
        (
            "contract_tests drift --left http://127.0.0.1:1 --right http://127.0.0.1:1 --report-dir",
            3,
        ),
        ("mock_server --port 0 --scenario nope --export-on-exit", 2),
        ("mock_server proxy ftp://nope --record", 2),
    ],
    ids=["gate", "drift", "mock", "proxy"],
)
def test_an_exit_code_is_true_although_nobody_hears_why(
    words: str, code: int, output: str, tmp_path: Path
) -> None:
    script = f"set -o pipefail; {sys.executable} -m {words} '{tmp_path}/written' {output}"
    done = subprocess.run(
        ["bash", "-c", script],
        check=False,
        cwd=Path(__file__).parent.parent,
        stderr=subprocess.DEVNULL,
    )
    assert done.returncode == code
    assert (tmp_path / "written").exists() == (code == 0)
