"""The control API is what `control.yaml` says, for Schemathesis too."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

from mock_server.app import check_operations
from mock_server.bundle import CONTROL, control_document
from mock_server.contract import Contract
from mock_server.control import CONTROL as HANDLERS
from tests.live import LiveMock, live_mock


@pytest.fixture(scope="module")
def own() -> object:
    with live_mock() as running:
        yield running


def test_every_operation_has_a_handler(control: Contract) -> None:
    assert check_operations(control, HANDLERS) == []


def test_the_document_is_valid_by_itself_and_joined(contract: Contract) -> None:
    joined = control_document(contract.document)
    assert [error.message for error in OpenAPIV31SpecValidator(joined).iter_errors()] == []
    assert "openapi.yaml#" not in json.dumps(joined)


def test_what_changes_something_says_that_it_needs_the_header() -> None:
    document = yaml.safe_load(CONTROL.read_text())
    control = {"$ref": "#/components/parameters/Control"}
    for path, item in document["paths"].items():
        for method in set(item) & {"get", "put", "post", "patch", "delete"}:
            needs = control in [*item.get("parameters", []), *item[method].get("parameters", [])]
            assert needs == (method != "get" and path.startswith("/__mock/")), f"{method} {path}"


def test_plain_schemathesis_finds_nothing(own: LiveMock, contract: Contract, tmp_path: Path) -> None:
    (tmp_path / "control.json").write_text(json.dumps(control_document(contract.document)))
    command = [str(Path(sys.executable).with_name("st")), "run", "control.json", "--url", own.url, "--checks", "all"]
    # The stream never ends.
    command += ["--max-examples", "20", "--seed", "1", "--no-color", "--exclude-operation-id", "streamRequests"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=280, check=False)
    assert done.returncode == 0, done.stdout[-6000:]
    assert re.search(r"(\d+) generated, \1 passed", done.stdout), done.stdout[-1500:]


def test_the_page_about_it_is_up_to_date() -> None:
    subprocess.run([sys.executable, "docs/control.py", "--check"], check=True, cwd=CONTROL.parent.parent)
