"""A core of one's own for every test."""

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from mock_server.app import Core
from mock_server.contract import Contract
from mock_server.fixtures import find_scenario, load_world
from mock_server.serving import DEFAULT_CONTRACT, DEFAULT_FIXTURES, Settings, load_contract
from mock_server.store import MemoryStore


@pytest.fixture(scope="session")
def contract() -> Contract:
    return load_contract(DEFAULT_CONTRACT)


@pytest.fixture
def core(contract: Contract) -> Core:
    world = load_world(find_scenario(DEFAULT_FIXTURES, "default"), contract)
    return Core(contract, MemoryStore(replace(world)))


@pytest.fixture
def client(core: Core) -> FlaskClient:
    return core.test_client()


@pytest.fixture
def settings() -> Settings:
    return Settings()
