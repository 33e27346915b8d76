"""The documents: what the API promises, and what steers the mock."""

from functools import lru_cache
from typing import Any

from mock_server.behaviours.handler import Answer, Call
from mock_server.contract.compiled import Contract
from mock_server.contract.control_document import client_document, control_document
from mock_server.contract.examples import REFRESH, Examples
from mock_server.world.sandbox import Sandbox

from .control_context import ControlContext


def getContract(context: ControlContext, sandbox: Sandbox, call: Call) -> tuple[Sandbox, Answer]:
    """Return the contract, as it is or as client generators want it."""
    examples = context.examples
    is_for_clients = call.parameters["view"] == "client"
    document = _for_clients(examples) if is_for_clients else examples.contract.document
    return sandbox, Answer(200, document)


def getControl(context: ControlContext, sandbox: Sandbox, _call: Call) -> tuple[Sandbox, Answer]:
    """Return the control API's document."""
    return sandbox, Answer(200, _joined(context.examples.contract))


@lru_cache(1)
def _joined(contract: Contract) -> dict[str, Any]:
    return control_document(contract.document)


@lru_cache(1)
def _for_clients(examples: Examples) -> dict[str, Any]:
    return client_document(
        examples.contract.document, REFRESH if REFRESH in examples.operations else None
    )
