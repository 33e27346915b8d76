"""Examples: the documented replies of each operation, for clients that want a certain one."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .compiled import Contract, Operation

Content = tuple[Any, Mapping[str, str]]
"""A body, and headers."""
Documented = Mapping[str, Content]
"""Contents by the example's name; a response without a body has one nameless example."""

REFRESH = "refreshSession"
"""The operation of `control.yaml` that front ends call: it may fail or be slow like any other."""


class Examples:
    """Documented replies: `answers[operationId][status][name]` is a body and its headers.

    With `control` the call that renews sessions is among the operations.
    """

    def __init__(self, contract: Contract, control: Contract | None = None) -> None:
        self.contract = contract
        documented = [(contract, operation) for operation in contract.operations.values()]
        if control is not None:
            documented.append((control, control.operations[REFRESH]))
        self.operations: dict[str, Operation] = {}
        self.answers: dict[str, dict[int, Documented]] = {}
        for document, operation in documented:
            self.operations[operation.id] = operation
            self.answers[operation.id] = dict(_documented(document, operation))

    def find(
        self,
        operation: str,
        status: int,
        name: str,
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Return status, body and headers of an example.

        Without a status it is the one that has the example; without a name it is the first example.
        Raises `LookupError` with a sentence that lists what is possible.
        """
        answers = self.answers[operation]
        if status and status not in answers:
            raise LookupError(f"must be one of {_listed(answers)} for {operation}")
        if status:
            answers = {status: answers[status]}
        found = _with_example(answers, name)
        if name and len(found) > 1:
            raise LookupError(f"is of {_listed(found)} for {operation}: give the code too")
        if not found:
            known = ", ".join(_names(answers)) or "none"
            raise LookupError(f"has no example {name!r}; there is {known}")
        code, (body, headers) = next(iter(found.items()))
        return code, body, headers


def _with_example(answers: Mapping[int, Documented], name: str) -> dict[int, Content]:
    """Return the example of this name for each status that has one; without a name, the first."""
    found = {}
    for status, examples in answers.items():
        example = name or next(iter(examples), "none")
        if example in examples:
            found[status] = examples[example]
    return found


def _names(answers: Mapping[int, Documented]) -> Iterator[str]:
    """List the names of examples, each with its status."""
    for status, examples in answers.items():
        for name in examples:
            if name:
                yield f"{name} ({status})"


def _listed(codes: Iterable[int]) -> str:
    return ", ".join(map(str, codes))


def _documented(document: Contract, operation: Operation) -> Iterator[tuple[int, Documented]]:
    """List the replies of an operation by status."""
    for key in operation.responses:
        node, place = document.resolve(
            "paths",
            operation.path,
            operation.method.lower(),
            "responses",
            key,
        )
        headers = {}
        for name in node.get("headers", {}):
            header, _ = document.resolve(*place, "headers", name)
            if "example" in header:
                headers[name] = str(header["example"])
        bodies = _bodies(node.get("content", {}).get("application/json"))
        status = 200 if key == "default" else int(key)
        yield status, {name: (body, headers) for name, body in bodies.items()}


def _bodies(media: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the bodies of a response by the names of its examples."""
    if media is None:
        return {"": None}
    return {name: example["value"] for name, example in media.get("examples", {}).items()}
