"""Write `docs/contract.md`: what the API's documentation says and what was decided, from the marks in `openapi.yaml`.

`python docs/contract.py` writes the file, `--check` compares instead and exits 1 with the first line that differs.
"""
# ruff: noqa: INP001 - a script beside the page that it writes, not a package

import argparse
import sys
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "contract.md"
METHODS = ("get", "post")
# Prose, and what the table shows in a column of its own.
NOT_A_DECISION = ("description", "summary", "x-inferred", "x-why")

INTRODUCTION = """\
# The contract: what is documented, and what was decided

<!-- Written by `python docs/contract.py` from the marks in openapi.yaml. Edit those. -->

The API's documentation names operations, parameters and status codes, and leaves much open. A mock has to decide, so
`openapi.yaml` decides, and marks every decision with `x-inferred`. This page shows both sides: first what the documentation
says, then each decision with its reason. **Whoever owns the API can confirm or correct the second part**; a decision that is
confirmed loses its mark and so becomes part of the first.
"""


def documented(node: Any) -> Any:
    """Return a copy without what is marked as inferred, and without the marks."""
    if isinstance(node, list):
        return [documented(item) for item in node if not wholly_inferred(item)]
    if not isinstance(node, dict):
        return node
    keys = node.get("x-inferred", [])
    return {
        key: documented(value)
        for key, value in node.items()
        if key not in (*keys, "x-inferred", "x-why") and not wholly_inferred(value)
    }


def wholly_inferred(node: object) -> bool:
    """Tell whether the mark on an object claims all of it."""
    return isinstance(node, dict) and node.get("x-inferred") is True


def resolve(document: Mapping[str, Any], node: Any) -> Any:
    """Follow a reference inside the document."""
    while "$ref" in node:
        target: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def table(*rows: tuple[str, ...]) -> str:
    """Return a Markdown table; the first row is its head."""
    head, *body = (
        tuple(" ".join(cell.replace("|", "\\|").split()) for cell in row) for row in rows
    )
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ("---",) * len(head), *body]) + "\n"


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield method, path and operation, in the document's order."""
    for path, item in document["paths"].items():
        yield from ((method, path, item[method]) for method in METHODS if method in item)


def kind(schema: Mapping[str, Any]) -> str:
    """Return a schema's type as the documentation writes it."""
    return f"{kind(schema['items'])}[]" if schema["type"] == "array" else str(schema["type"])


def request(document: Mapping[str, Any], operation: Mapping[str, Any]) -> str:
    """Return what an operation takes."""
    parts = []
    for parameter in (resolve(document, item) for item in operation.get("parameters", [])):
        need = "required" if parameter.get("required") else "optional"
        parts.append(
            f"{parameter['in']} `{parameter['name']}`: {kind(parameter['schema'])}, {need}"
        )
    for media_type, media in operation.get("requestBody", {}).get("content", {}).items():
        for name, schema in resolve(document, media["schema"])["properties"].items():
            parts.append(
                f"body `{name}`: {kind(resolve(document, schema))}, optional ({media_type})"
            )
    return "<br>".join(parts) or "nothing"


def answers(document: Mapping[str, Any], operation: Mapping[str, Any]) -> str:
    """Return which responses are documented, with their media types."""
    responses = {status: resolve(document, item) for status, item in operation["responses"].items()}
    contents = {
        status: ", ".join(item.get("content", [])) or "no content"
        for status, item in responses.items()
    }
    return "<br>".join(f"`{status}` {content}" for status, content in contents.items())


def documentation(document: Mapping[str, Any]) -> str:
    """Return the first half of the page."""
    view = documented(document)
    listed = [
        (
            f"`{operation['operationId']}`",
            f"{method.upper()} `{path}`",
            request(view, operation),
            answers(view, operation),
        )
        for method, path, operation in operations(view)
    ]
    tags = [
        (
            tag["name"],
            ", ".join(
                f"`{o['operationId']}`" for _, _, o in operations(view) if tag["name"] in o["tags"]
            ),
        )
        for tag in view["tags"]
    ]
    first = next(operation for _, _, operation in operations(view))
    errors = [
        (f"`{status}`", resolve(view, item)["description"].replace("\n- ", "<br>"))
        for status, item in first["responses"].items()
        if status != "default"
    ]
    return "\n".join(
        [
            "## What the documentation says\n",
            table(("operation", "method and path", "request", "answers"), *listed),
            "The errors are the same everywhere:\n",
            table(("status", "meaning"), *errors),
            "The operations stand under two headings:\n",
            table(("tag", "operations"), *tags),
        ]
    )


def short(value: object) -> str:
    """Return a value in one line, without prose, references as names and examples by their names."""
    match value:
        case {"$ref": str(reference)}:
            return reference.rpartition("/")[2]
        case dict():
            items = (
                (k, list(v) if k == "examples" else v)
                for k, v in value.items()
                if k not in NOT_A_DECISION
            )
            return "{" + ", ".join(f"{k}: {short(v)}" for k, v in items) + "}"
        case list():
            return "[" + ", ".join(map(short, value)) + "]"
        case bool() | None:
            return {True: "true", False: "false", None: "null"}[value]
    return str(value)


def decided(node: Mapping[str, Any]) -> str:
    """Return what the mark on an object decides."""
    if "decision" in node:
        return str(node["decision"])
    if node["x-inferred"] is True:
        return "<br>".join([*filter(None, [node.get("description")]), f"`{short(node)}`"])
    keys = (key for key in node["x-inferred"] if key != "x-decisions")  # each has a row of its own
    return "<br>".join(
        f"`{key}: {short(list(node[key]) if key == 'examples' else node[key])}`" for key in keys
    )


def marks(
    node: object, place: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Yield every marked object and where it stands; entries of a list go by their names."""
    if isinstance(node, dict):
        if "x-inferred" in node:
            yield place, node
        for key, value in node.items():
            yield from marks(value, (*place, key))
    elif isinstance(node, list):
        for index, item in enumerate(node):
            name = (
                item.get("name") or item.get("question") or str(index)
                if isinstance(item, dict)
                else str(index)
            )
            yield from marks(item, (*place, name))


def section(document: Mapping[str, Any], place: tuple[str, ...]) -> str:
    """Return the heading under which a mark is shown."""
    match place:
        case ("x-decisions", *_):
            return "Behaviour"
        case ("paths", path, method, *_):
            return f"`{document['paths'][path][method]['operationId']}`: {method.upper()} `{path}`"
        case ("components", kind, *_):
            return {
                "securitySchemes": "Authentication",
                "parameters": "Shared parameters",
                "headers": "Headers",
            }.get(kind, {"responses": "Errors", "schemas": "Schemas"}.get(kind, kind))
    return "The whole document"


def location(place: tuple[str, ...]) -> str:
    """Return where a mark stands below its heading."""
    match place:
        case ("x-decisions", question):
            return question
        case ("paths", _, _, *rest) | ("components", _, *rest):
            return f"`{' › '.join(rest)}`"
    return "`/`"


def decisions(document: Mapping[str, Any]) -> str:
    """Return the second half of the page."""
    sections: dict[str, list[tuple[str, str, str]]] = {"Behaviour": []}
    for place, node in marks(document):
        row = (location(place), decided(node), node["x-why"])
        sections.setdefault(section(document, place), []).append(row)
    parts = [
        f"### {title}\n\n{table(('where', 'decision', 'why'), *rows)}"
        for title, rows in sections.items()
    ]
    count = sum(map(len, sections.values()))
    title = f"## What was decided here\n\n{count} marks, by the place in `openapi.yaml` that carries them.\n"
    return "\n".join([title, *parts])


def page() -> str:
    """Return the whole page."""
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
    return "\n".join([INTRODUCTION, documentation(document), decisions(document)])


def main() -> int:
    """Write or check the page; return the exit code."""
    parser = argparse.ArgumentParser(
        description="Write docs/contract.md from the marks in openapi.yaml."
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="compare instead of writing; exit 1 with the first difference",
    )
    wanted = page()
    if not parser.parse_args().check:
        PAGE.write_text(wanted, encoding="utf-8")
        return 0
    found = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    for number, (old, new) in enumerate(
        zip_longest(found.splitlines(), wanted.splitlines()), start=1
    ):
        if old != new:
            sys.stderr.write(
                f"docs/contract.md is not what openapi.yaml says; write it again with `python docs/contract.py`.\n"
                f"line {number} is:        {old}\nline {number} should be: {new}\n"
            )
            return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
