"""The servers that `make bench` measures do answer; those from npm are left to `make bench`, which installs them."""

import importlib
from pathlib import Path

import pytest


@pytest.mark.parametrize("name", ["ours", "bare Flask", "openapi-core per request"])
def test_a_server_that_is_measured_answers(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "bench"))
    with importlib.import_module("servers").run(name) as running:
        assert running.memory() > 10
