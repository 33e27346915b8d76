"""Write docs/control.md from mock_server/control.yaml; `--check` only tells whether it is up to date."""
# ruff: noqa: INP001 - a script beside the page that it writes, not a package

import sys
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
SOURCE, PAGE = HERE.parent / "mock_server" / "control.yaml", HERE / "control.md"
METHODS = ("get", "post", "put", "patch", "delete")


def main() -> None:
    """Write the page, or compare."""
    text = page(yaml.safe_load(SOURCE.read_text(encoding="utf-8")))
    if sys.argv[1:] == ["--check"]:
        sys.exit(
            None
            if PAGE.read_text(encoding="utf-8") == text
            else f"{PAGE} is out of date: python docs/control.py"
        )
    PAGE.write_text(text, encoding="utf-8")


def page(document: dict[str, Any]) -> str:
    """Return the page: one table for each tag."""
    parts = [
        "# The control API",
        "Made by `python docs/control.py` from `mock_server/control.yaml`.",
        document["info"]["description"],
    ]
    for tag in document["tags"]:
        parts += [f"## {tag['name']}", tag["description"], table(document, tag["name"])]
    return "\n\n".join(parts) + "\n"


def table(document: dict[str, Any], tag: str) -> str:
    """Return the operations of a tag."""
    rows = ["| call | takes | answers | what for |", "|---|---|---|---|"]
    for path, item in document["paths"].items():
        for method in METHODS:
            if tag in item.get(method, {}).get("tags", ()):
                node = item[method]
                said = f"{node['summary']}. {node.get('description', '')}".strip().replace(
                    "|", "\\|"
                )
                codes = ", ".join(f"{code}" for code in node["responses"])
                rows.append(
                    f"| `{method.upper()} {path}` | {takes(document, node)} | {codes} | {said} |"
                )
    return "\n".join(rows)


def takes(document: dict[str, Any], node: dict[str, Any]) -> str:
    """Return the names of the query's parameters and of the body's properties."""
    names = [
        f"`?{each['name']}`" for each in node.get("parameters", []) if each.get("in") == "query"
    ]
    schema = (
        node.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    )
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    found = [schema, *schema.get("oneOf", ())]
    properties = dict.fromkeys(name for each in found for name in each.get("properties", {}))
    return ", ".join([*names, *(f"`{name}`" for name in properties)]) or "none"


if __name__ == "__main__":
    main()
