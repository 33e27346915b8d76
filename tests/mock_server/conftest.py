"""A core of one's own for every test."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from mock_server.api.app import Core
from mock_server.config import DEFAULT_CONTRACT, DEFAULT_FIXTURES, Settings
from mock_server.contract.compiled import Contract
from mock_server.contract.control_document import control_document, without_headers
from mock_server.journal.entries import Journal
from mock_server.scenarios.catalogue import Scenarios
from mock_server.server.lifecycle import load_contract
from mock_server.stores.memory import MemoryStore
from mock_server.stores.store import Store
from mock_server.world.sandbox import Sandbox
from tests.steering import Build, Steer


@pytest.fixture(scope="session")
def contract() -> Contract:
    return load_contract(DEFAULT_CONTRACT)


@pytest.fixture(scope="session")
def control(contract: Contract) -> Contract:
    return Contract(without_headers(control_document(contract.document)), unique_keys=True)


@pytest.fixture(scope="session")
def scenarios(control: Contract) -> Scenarios:
    return Scenarios(DEFAULT_FIXTURES, control)


@pytest.fixture
def build(contract: Contract, control: Contract, scenarios: Scenarios) -> Build:
    """A core of the default scenario, or of another store, with other options."""

    def make(store: Store | None = None, **options: Any) -> Core:
        chosen = Settings(**options)
        if store is None:
            start = Sandbox.of(scenarios.world("default"))
            journal = Journal(chosen.max_requests, chosen.max_journal)
            store = MemoryStore(start, journal=journal)
        return Core(contract, control, store, scenarios, chosen)

    return make


@pytest.fixture
def core(build: Build) -> Core:
    return build()


@pytest.fixture
def client(core: Core) -> FlaskClient:
    return core.test_client()


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
def steer(client: FlaskClient) -> Steer:
    """Calls the control API: status and parsed body."""

    def call(
        method: str, path: str, body: object = None, sandbox: str = "default"
    ) -> tuple[int, Any]:
        headers = {"X-Mock-Control": "1", "X-Mock-Sandbox": sandbox}
        answer = client.open(f"/__mock{path}", method=method, json=body, headers=headers)
        return answer.status_code, answer.get_json(silent=True)

    return call
