"""The control API's document with the parts of the contract that it refers to, as one document."""

from pathlib import Path
from typing import Any

from .documents import read_document

CONTROL = Path(__file__).with_name("control.yaml")
PLACE = "x-openapi"
"""Where the contract stands in the whole."""


def control_document(contract: dict[str, Any]) -> dict[str, Any]:
    """Read `control.yaml` and join it with the contract that it refers to."""
    control = _moved(read_document(CONTROL), "openapi.yaml#", f"#/{PLACE}")
    asked = [node["operationId"] for item in contract["paths"].values() for node in item.values() if "operationId" in node]
    control["components"]["schemas"]["OperationId"]["enum"] = [*asked, "refreshSession"]
    return {**control, PLACE: _moved(contract, "#", f"#/{PLACE}")}


def without_headers(document: dict[str, Any]) -> dict[str, Any]:
    """Answer the document without header parameters, which others judge (`guard`, `addressing`)."""
    headers = {name for name, each in document["components"]["parameters"].items() if each["in"] == "header"}

    def kept(node: Any) -> Any:
        if not isinstance(node, dict) or "parameters" not in node:
            return node
        return {
            **node,
            "parameters": [each for each in node["parameters"] if each.get("$ref", "").split("/")[-1] not in headers],
        }

    paths = {path: kept({method: kept(node) for method, node in item.items()}) for path, item in document["paths"].items()}
    return {**document, "paths": paths}


def _moved(node: Any, start: str, place: str) -> Any:
    """Answer a copy in which references that start so start otherwise."""
    if isinstance(node, list):
        return [_moved(each, start, place) for each in node]
    if not isinstance(node, dict):
        return node
    moved = {key: _moved(value, start, place) for key, value in node.items()}
    if isinstance(reference := moved.get("$ref"), str) and reference.startswith(start):
        moved["$ref"] = place + reference.removeprefix(start)
    return moved
