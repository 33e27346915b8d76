"""The control API is what `control.yaml` says, for Schemathesis too."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from mock_server.api.app import check_operations
from mock_server.config import DEFAULT_CONTRACT, Settings
from mock_server.contract.compiled import Contract
from mock_server.contract.control_document import CONTROL, control_document
from mock_server.contract.files import FileError
from mock_server.control.handlers import CONTROL as HANDLERS
from mock_server.server.lifecycle import load_app
from tests.live import LiveMock, live_mock
from tests.steering import Build


@pytest.fixture(scope="module")
def own() -> object:
    with live_mock() as running:
        yield running


def test_every_operation_has_a_handler(control: Contract) -> None:
    assert check_operations(control, HANDLERS) == []


def test_the_document_is_valid_by_itself_and_joined(contract: Contract) -> None:
    joined = control_document(contract.document)
    assert [error.message for error in OpenAPIV31SpecValidator(joined).iter_errors()] == []
    assert set(re.findall(r'"\$ref": "(.*?)"', json.dumps(joined))) <= components(joined)


def components(document: dict[str, Any]) -> set[str]:
    return {
        f"#/components/{kind}/{name}"
        for kind, named in document["components"].items()
        for name in named
    }


def test_the_view_for_clients_has_successes_instead_of_defaults_and_the_renewal(
    client: FlaskClient, contract: Contract
) -> None:
    full, view = (
        client.get(f"/__mock/openapi.json?view={name}").get_json() for name in ("full", "client")
    )
    assert (
        full
        == client.get("/__mock/openapi.json").get_json()
        == json.loads(json.dumps(contract.document))
    )
    assert [error.message for error in OpenAPIV31SpecValidator(view).iter_errors()] == []
    assert set(re.findall(r'"\$ref": "(.*?)"', json.dumps(view))) <= components(view)
    operations = {
        node["operationId"]: node for item in view["paths"].values() for node in item.values()
    }
    assert list(operations) == [*contract.operations, "refreshSession"]
    statuses = {name: list(node["responses"]) for name, node in operations.items()}
    assert statuses.pop("markNotificationsRead") == ["201", "400", "401", "404", "500"]
    assert set(map(tuple, statuses.values())) == {("200", "400", "401", "404", "500")}
    assert (
        operations["getProfile"]["responses"]["200"]
        == full["paths"]["/v1/user/profile"]["get"]["responses"]["default"]
    )
    assert operations["refreshSession"]["security"] == []


def test_the_view_for_clients_has_no_renewal_where_that_is_switched_off(build: Build) -> None:
    view = (
        build(refresh_session=False)
        .test_client()
        .get("/__mock/openapi.json?view=client")
        .get_json()
    )
    assert [path for path in view["paths"] if "auth" in path] == []


def test_an_unknown_view_is_refused(client: FlaskClient) -> None:
    for wrong in ("documented", "Client", "", "client&view=client"):
        answer = client.get(f"/__mock/openapi.json?view={wrong}")
        assert (answer.status_code, answer.get_json()["details"][0]["name"]) == (400, "view"), wrong


def test_a_contract_that_lacks_what_the_control_api_refers_to_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "openapi.yaml"
    path.write_text(DEFAULT_CONTRACT.read_text().replace("ReferralList", "Referrals"))
    with pytest.raises(
        FileError,
        match="#/components/schemas/ReferralList is missing, which the control API refers to",
    ):
        load_app(Settings(openapi=path))


def test_what_changes_something_says_that_it_needs_the_header() -> None:
    document = yaml.safe_load(CONTROL.read_text())
    control = {"$ref": "#/components/parameters/Control"}
    for path, item in document["paths"].items():
        for method in set(item) & {"get", "put", "post", "patch", "delete"}:
            needs = control in [*item.get("parameters", []), *item[method].get("parameters", [])]
            assert needs == (method != "get" and path.startswith("/__mock/")), f"{method} {path}"


def test_plain_schemathesis_finds_nothing(
    own: LiveMock, contract: Contract, tmp_path: Path
) -> None:
    (tmp_path / "control.json").write_text(json.dumps(control_document(contract.document)))
    command = [
        str(Path(sys.executable).with_name("st")),
        "run",
        "control.json",
        "--url",
        own.url,
        "--checks",
        "all",
    ]
    # The stream never ends.
    command += [
        "--max-examples",
        "20",
        "--seed",
        "1",
        "--no-color",
        "--exclude-operation-id",
        "streamRequests",
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, timeout=280, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:]
    assert re.search(r"(\d+) generated, \1 passed", done.stdout), done.stdout[-1500:]


def test_the_page_about_it_is_up_to_date() -> None:
    subprocess.run(
        [sys.executable, "docs/control.py", "--check"], check=True, cwd=CONTROL.parent.parent
    )
