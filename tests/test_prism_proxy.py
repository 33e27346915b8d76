"""Prism as a validating proxy in front of our mock agrees with it about every golden transcript of a documented operation."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from mock_server.behaviours.operations import OPERATIONS
from tests import npm
from tests.live import live_mock

CONTRACT = Path(__file__).parent.parent / "openapi.yaml"
TRANSCRIPTS = Path(__file__).parent / "mock_server" / "transcripts"


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    npm.install()
    port = str(npm.free_port())
    with live_mock() as mock:
        command = ["prism", "proxy", str(CONTRACT), mock.url, "--host", "127.0.0.1", "--port", port]
        with npm.server(command, "Prism is listening", tmp_path_factory.mktemp("prism")):
            yield f"http://127.0.0.1:{port}"


def violations(answer: requests.Response, side: str) -> list[dict[str, Any]]:
    listed = json.loads(answer.headers.get("sl-violations", "[]"))
    return [
        violation
        for violation in listed
        if violation["location"][0] == side and violation["severity"] == "Error"
    ]


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_prism_reports_no_violation_that_the_mock_does_not(proxy: str, name: str) -> None:
    for step in yaml.safe_load((TRANSCRIPTS / f"{name}.yaml").read_text()):
        method, path = step["request"].split(" ", 1)
        body = step.get("body")
        answer = requests.request(
            method,
            proxy + path,
            headers=step.get("headers"),
            data=body.encode() if body is not None else None,
            timeout=20,
        )
        where = f"{name}: {step['name']}: {step['request']}"
        assert violations(answer, "response") == [], where
        if step["answer"]["status"] not in {400, 401}:
            assert violations(answer, "request") == [], where
