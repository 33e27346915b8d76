"""The documented answers of each operation, for those who ask for one."""

from collections.abc import Iterator, Mapping
from typing import Any

from .contract import Contract

Documented = Mapping[str, tuple[Any, Mapping[str, str]]]
"""Body and headers by the example's name; a response without a body has one nameless example."""


class Examples:
    """What may be asked for: `answers[operationId][status][name]` is a body and its headers."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.answers: dict[str, dict[int, Documented]] = {
            operation.id: dict(self._of(operation.path, operation.method.lower(), operation.responses))
            for operation in contract.operations.values()
        }

    def find(self, operation: str, status: int, name: str) -> tuple[int, Any, Mapping[str, str]]:
        """Answer status, body and headers; status 0 takes the first that has the example, no name the first example.

        Raises `LookupError` with a sentence that lists what is possible.
        """
        answers = self.answers[operation]
        if status and status not in answers:
            raise LookupError(f"must be one of {', '.join(map(str, answers))} for {operation}")
        for code, documented in answers.items():
            chosen = name or next(iter(documented), "none")
            if status in {0, code} and chosen in documented:
                return code, *documented[chosen]
        known = [f"{each} ({code})" for code, named in answers.items() for each in named if each and status in {0, code}]
        raise LookupError(f"has no example {name!r}; there is {', '.join(known) or 'none'}")

    def _of(self, path: str, method: str, responses: Mapping[str, Any]) -> Iterator[tuple[int, Documented]]:
        for key in responses:
            node, pointer = self.contract.resolve("paths", path, method, "responses", key)
            headers = {name: self.contract.resolve(*pointer, "headers", name)[0] for name in node.get("headers", {})}
            values = {name: str(header["example"]) for name, header in headers.items() if "example" in header}
            media = node.get("content", {}).get("application/json")
            named = {"": None} if media is None else {name: each["value"] for name, each in media.get("examples", {}).items()}
            yield 200 if key == "default" else int(key), {name: (body, values) for name, body in named.items()}
