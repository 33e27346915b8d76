"""The flags `--store` and `--workers`, as a user meets them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from click.testing import CliRunner

from mock_server.cli.serve_command import main
from tests.live import ADA, live_mock
from tests.redis_server import RedisServer, free_port, redis_server

NOBODY = f"redis://:hush@127.0.0.1:{free_port()}/0"
URL = "redis://[[USER]:PASSWORD@]HOST:PORT/NUMBER"
REFUSED = {
    "workers without a store": (["--workers", "2"], "give them a store that they share"),
    "nobody there": (
        ["--store", NOBODY],
        f"the store {NOBODY.replace('hush', '***')} cannot be reached",
    ),
    "no such scheme": (["--store", "http://hush@host"], URL),
    "no number of a database": (["--store", "redis://:hush@127.0.0.1/main"], URL),
    "no number of a port": (["--store", "redis://:hush:6379/0"], URL),
    "no URL": (["--store", "hush"], URL),
    "nobody may reset everybody": (
        ["--store", NOBODY, "--watch"],
        "--watch would reset the state of everybody",
    ),
}


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(autouse=True)
def empty(redis: RedisServer) -> None:
    redis.client.flushall()


def run(*flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mock_server", "--port", "0", *flags]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=30, env=os.environ, check=False
    )


@pytest.mark.parametrize(("flags", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_work_is_refused_and_the_password_kept(flags: list[str], words: str) -> None:
    done = run(*flags)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "hush" not in done.stderr


def test_a_password_that_is_wrong_or_missing(redis: RedisServer) -> None:
    redis.client.config_set("requirepass", "open")
    try:
        for url in (redis.url, redis.url.replace("//", "//:hush@")):
            done = run("--store", url)
            assert (done.returncode, "hush" in done.stderr) == (2, False)
            assert "does not accept the user name and password" in done.stderr
        with live_mock("--store", redis.url.replace("//", "//:open@")) as mock:
            assert requests.get(f"{mock.url}/__mock/health", timeout=10).status_code == 200
    finally:
        redis.client.config_set("requirepass", "")


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
def test_a_server_that_forgets_what_was_acknowledged_is_refused(
    policy: str, redis: RedisServer
) -> None:
    redis.client.config_set("maxmemory-policy", policy)
    try:
        done = run("--store", redis.url)
    finally:
        redis.client.config_set("maxmemory-policy", "noeviction")
    assert (
        done.returncode,
        f"its maxmemory-policy is {policy}, and must be noeviction" in done.stderr,
    ) == (2, True)


def test_who_may_not_ask_for_the_policy_is_warned(redis: RedisServer) -> None:
    redis.client.acl_setuser(
        "few", enabled=True, nopass=True, keys=["*"], channels=["*"], commands=["+@all", "-info"]
    )
    with live_mock("--store", redis.url.replace("//", "//few:x@")) as mock:
        code, errors = mock.stop()
    assert (code, "does not say its maxmemory-policy, which must be noeviction" in errors) == (
        0,
        True,
    )


def test_a_state_in_another_format_is_named_at_the_start(redis: RedisServer) -> None:
    redis.client.hset(
        "user-profile-mock:1:box:default", mapping={"format": "0", "version": "1", "tag": "x"}
    )
    done = run("--store", redis.url)
    assert (
        done.returncode,
        "holds 'default' in format 0, and this mock reads 1" in done.stderr,
    ) == (2, True)


def test_a_damaged_state_is_named_at_the_start(redis: RedisServer) -> None:
    whole: Any = {
        "format": "1",
        "version": "0",
        "tag": "12345678",
        "base": "{}",
        "base_version": "0",
        "base_tag": "12345678",
    }
    redis.client.hset("user-profile-mock:1:box:default", mapping=whole)
    done = run("--store", redis.url)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "holds a default sandbox that cannot be used" in done.stderr


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mock_server.cli.serve_command.find_spec", lambda _: None)
    done = CliRunner().invoke(main, ["--store", "redis://127.0.0.1"])
    assert (done.exit_code, "pip install '.[redis]'" in done.output) == (2, True)


def test_the_state_outlives_the_mock_and_an_import_is_what_new_sandboxes_start_from(
    redis: RedisServer, tmp_path: Path
) -> None:
    exported, imported = tmp_path / "out.yaml", tmp_path / "in.yaml"
    with live_mock(
        "--store", redis.url, "--workers", "2", "--export-on-exit", str(exported)
    ) as mock:
        requests.post(
            f"{mock.url}/v1/user/profile", json={"displayName": "Kept"}, headers=ADA, timeout=10
        )
        code, out, errors = mock.burst(signal.SIGINT, signal.SIGHUP, signal.SIGTERM, pause=0.003)
        assert (code, out, errors) == (0, f"State written to {exported}\n", "")
    names = {
        user["username"]: user.get("displayName")
        for user in yaml.safe_load(exported.read_text())["users"]
    }
    assert names["ada"] == "Kept"
    imported.write_text(
        "users: [{username: ada, displayName: Other}]\nsessions: [{token: ada-session, username: ada}]\n"
    )
    with live_mock("--store", redis.url, "--import", str(imported)) as mock:
        for sandbox, name in (("default", "Kept"), ("new", "Other")):
            found = requests.get(
                f"{mock.url}/v1/user/profile?fields=displayName",
                headers={**ADA, "X-Mock-Sandbox": sandbox},
                timeout=10,
            )
            assert found.json() == {"displayName": name}
