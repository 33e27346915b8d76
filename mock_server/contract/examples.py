"""The documented answers of each operation, for those who ask for one."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .compiled import Contract, Operation

Documented = Mapping[str, tuple[Any, Mapping[str, str]]]
"""Body and headers by the example's name; a response without a body has one nameless example."""

REFRESH = "refreshSession"
"""The operation of `control.yaml` that front ends call, and that may fail or be slow for them like any other."""


class Examples:
    """What may be asked for: `answers[operationId][status][name]` is a body and its headers.

    With `control` the call that renews sessions is among the operations.
    """

    def __init__(self, contract: Contract, control: Contract | None = None) -> None:
        self.contract = contract
        documented = [(contract, operation) for operation in contract.operations.values()]
        if control is not None:
            documented.append((control, control.operations[REFRESH]))
        self.operations: dict[str, Operation] = {
            operation.id: operation for _, operation in documented
        }
        self.answers: dict[str, dict[int, Documented]] = {
            operation.id: dict(_documented(document, operation))
            for document, operation in documented
        }

    def find(self, operation: str, status: int, name: str) -> tuple[int, Any, Mapping[str, str]]:
        """Return status, body and headers; status 0 takes the one that has the example, no name the first example.

        Raises `LookupError` with a sentence that lists what is possible.
        """
        answers = self.answers[operation]
        if status and status not in answers:
            raise LookupError(f"must be one of {_listed(answers)} for {operation}")
        found = [
            (code, documented[chosen])
            for code, documented in answers.items()
            if status in {0, code}
            and (chosen := name or next(iter(documented), "none")) in documented
        ]
        if name and len(found) > 1:
            raise LookupError(
                f"is of {_listed(code for code, _ in found)} for {operation}: give the code too"
            )
        if found:
            code, (body, headers) = found[0]
            return code, body, headers
        known = [
            f"{each} ({code})"
            for code, named in answers.items()
            for each in named
            if each and status in {0, code}
        ]
        raise LookupError(f"has no example {name!r}; there is {', '.join(known) or 'none'}")


def _listed(codes: Iterable[int]) -> str:
    return ", ".join(map(str, codes))


def _documented(document: Contract, operation: Operation) -> Iterator[tuple[int, Documented]]:
    for key in operation.responses:
        place = "paths", operation.path, operation.method.lower(), "responses", key
        node, pointer = document.resolve(*place)
        headers = {
            name: document.resolve(*pointer, "headers", name)[0] for name in node.get("headers", {})
        }
        values = {
            name: str(header["example"]) for name, header in headers.items() if "example" in header
        }
        media = node.get("content", {}).get("application/json")
        named = (
            {"": None}
            if media is None
            else {name: each["value"] for name, each in media.get("examples", {}).items()}
        )
        yield (
            200 if key == "default" else int(key),
            {name: (body, values) for name, body in named.items()},
        )
