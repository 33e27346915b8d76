"""The documents: what the API promises, and what steers the mock."""

from functools import lru_cache
from typing import Any

from mock_server.behaviours.handler import Answer, Call
from mock_server.contract.compiled import Contract
from mock_server.contract.control_document import client_document, control_document
from mock_server.contract.examples import REFRESH, Examples

from .control_context import Desk


def getContract(desk: Desk, _name: str, call: Call) -> Answer:
    """Return the contract, as it is or as client generators want it."""
    document = desk.examples.contract.document
    return Answer(
        200, _for_clients(desk.examples) if call.parameters["view"] == "client" else document
    )


def getControl(desk: Desk, _name: str, _call: Call) -> Answer:
    """Return the control API's document."""
    return Answer(200, _joined(desk.examples.contract))


@lru_cache(1)
def _joined(contract: Contract) -> dict[str, Any]:
    return control_document(contract.document)


@lru_cache(1)
def _for_clients(examples: Examples) -> dict[str, Any]:
    return client_document(
        examples.contract.document, REFRESH if REFRESH in examples.operations else None
    )
