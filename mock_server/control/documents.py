"""The documents: what the API promises, and what steers the mock."""

from functools import lru_cache
from typing import Any

from mock_server.bundle import control_document
from mock_server.contract import Contract
from mock_server.operations.handler import Answer, Call

from .desk import Desk


def getContract(desk: Desk, _name: str, _call: Call) -> Answer:
    """Answer the contract."""
    return Answer(200, desk.examples.contract.document)


def getControl(desk: Desk, _name: str, _call: Call) -> Answer:
    """Answer the control API's document."""
    return Answer(200, _joined(desk.examples.contract))


@lru_cache(1)
def _joined(contract: Contract) -> dict[str, Any]:
    return control_document(contract.document)
