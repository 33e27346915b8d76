"""A process that plays staging: TLS of a private authority, behind a prefix, slow, with a limit of calls, and mortal.

`STAGING_SEEDS=10` reads it with ten seeds; one is enough for the suite.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.contract_tests.certificate import certificate
from tests.contract_tests.running import ROOT, gate, target_file

SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}
SEEDS = [str(seed) for seed in range(1, int(os.environ.get("STAGING_SEEDS", "1")) + 1)]
KNOWN: dict[str, object] = {
    "sessions": {
        "primary": "ada-session",
        "secondary": "grace-session",
        "session_expired": "ada-session-expired",
    },
    "containers": ["main", "side"],
    "usernames": ["ada", "grace"],
}


@contextmanager
def staging(folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: float) -> Iterator[str]:
    """Start the process; answers its target file. Its authority is made known by SSL_CERT_FILE."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate(folder, "IP:0.0.0.0")))
    command = [
        sys.executable,
        "-m",
        "tests.contract_tests.staging",
        str(folder),
        json.dumps(settings),
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        with process.stdout as said:
            yield target_file(folder, said.readline().strip(), **KNOWN)
    finally:
        process.kill()
        process.wait()


def calls(folder: Path) -> list[tuple[str, str]]:
    return [
        (line.split(" ")[0], line.split(" ")[1])
        for line in (folder / "calls").read_text().splitlines()
    ]


def whys(report: dict[str, Any]) -> set[str]:
    return {entry["why"] for entry in report["not_judged"]}


@pytest.mark.parametrize("seed", SEEDS)
def test_it_is_only_read(seed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with staging(tmp_path, monkeypatch) as target:
        code, report, output = gate(
            tmp_path, "--target", target, "--depth", "quick", "--seed", seed, measured=True
        )
    assert code == 0, output
    assert report["findings"] == []
    assert {method for method, _ in calls(tmp_path)} <= SAFE
    assert len(calls(tmp_path)) > 500
    assert all(path.startswith("/team/api/") for _, path in calls(tmp_path)), (
        "nothing leaves the prefix"
    )


def test_its_limit_of_calls_is_respected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with staging(tmp_path, monkeypatch, burst=30, rate=40, latency=0.02) as target:
        flags = (
            "--rate-limit",
            "40/s",
            "--laws",
            "projection",
            "--laws",
            "referrals",
            "--depth",
            "quick",
        )
        code, report, output = gate(tmp_path, "--target", target, *flags)
    assert code == 0, output
    assert len(calls(tmp_path)) >= report["requests"]
    assert "TIRED" not in {method for method, _ in calls(tmp_path)}, (
        "not one call was refused for coming too early"
    )


def test_what_was_written_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with staging(tmp_path, monkeypatch) as target:
        code, _, output = gate(
            tmp_path, "--target", target, "--allow-writes", "--laws", "update", "--depth", "quick"
        )
        again, report, _ = gate(
            tmp_path, "--target", target, "--laws", "projection", "--depth", "quick"
        )
    assert (code, again) == (0, 0), output
    assert ("POST", "/team/api/v1/user/profile") in calls(tmp_path)
    assert not any("an earlier run" in why for why in whys(report)), report["not_judged"]


@pytest.mark.parametrize("mortal", [600])
def test_its_death_is_no_breach(
    mortal: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with staging(tmp_path, monkeypatch, mortal=mortal) as target:
        code, report, output = gate(
            tmp_path, "--target", target, "--allow-writes", "--depth", "quick"
        )
    assert code == 3, output
    assert report["findings"] == []
    assert "could then not be reached any more" in output
    assert "GONE after" in output
    assert "Traceback" not in output


def test_a_stranger_in_its_place_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with staging(tmp_path, monkeypatch) as target:
        monkeypatch.delenv("SSL_CERT_FILE")
        code, _, output = gate(tmp_path, "--target", target, "--depth", "quick")
    assert code == 3, output
    assert "CERTIFICATE_VERIFY_FAILED" in output
    assert not (tmp_path / "calls").exists()
