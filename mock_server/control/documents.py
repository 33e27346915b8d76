"""The documents of the API and of the control API."""

from functools import lru_cache
from typing import Any

from mock_server.behaviours.handler import Answer, Call
from mock_server.contract.compiled import Contract
from mock_server.contract.control_document import client_document, control_document
from mock_server.contract.examples import REFRESH, Examples
from mock_server.world.sandbox import Sandbox

from .control_context import ControlContext, Result


def getContract(context: ControlContext, sandbox: Sandbox, call: Call) -> Result:
    """Return the contract, as it is or as client generators want it."""
    examples = context.examples
    document = examples.contract.document
    if call.parameters["view"] == "client":
        document = _for_clients(examples)
    return sandbox, Answer(200, document)


def getControl(context: ControlContext, sandbox: Sandbox, _call: Call) -> Result:
    """Return the control API's document."""
    return sandbox, Answer(200, _joined(context.examples.contract))


# One is enough: there is another contract only after it was read again (`--watch`).
@lru_cache(1)
def _joined(contract: Contract) -> dict[str, Any]:
    return control_document(contract.document)


@lru_cache(1)
def _for_clients(examples: Examples) -> dict[str, Any]:
    added = REFRESH if REFRESH in examples.operations else None
    return client_document(examples.contract.document, added)
