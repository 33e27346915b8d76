"""`openapi.yaml` says what the API's documentation says, and marks everything else."""

import copy
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

ROOT = Path(__file__).parent.parent
Node = Any  # a YAML value
Mutation = Callable[[Node], object]
MISSING = "nothing"


@pytest.fixture
def contract() -> Node:
    return yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))


# ---------------------------------------------------------------------------------------------------------------------------
# What the documentation says, as data. Nothing here is a decision of this project.

JSON: Node = {"application/json": {}}
NAMES_OF_401 = {
    "GENERIC_UNAUTHORIZED": "Generic unauthorized access error.",
    "SESSION_TOKEN_EXPIRED": "User session has expired.",
    "REFRESH_TOKEN_EXPIRED": "Refresh token has expired.",
}
ERRORS: Node = {
    "400": {"description": "Generic Client Error", "content": JSON},
    "401": {
        "description": {"text": "Authentication related errors:", "names": NAMES_OF_401},
        "content": JSON,
    },
    "404": {"description": "Generic not found", "content": JSON},
    "500": {"description": "Internal server error", "content": JSON},
}
DEFAULT: Node = {"default": {"content": JSON}}
SUCCESS: Node = {"description": "Success"}  # "No content": no body is described
CONTAINER_ID: Node = {"in": "query", "required": True, "schema": {"type": "string"}}

DOCUMENTED: Node = {
    "openapi": "3.1.0",
    "tags": ["Profile", "Notifications"],
    "paths": {
        "/v1/user/profile": {
            "get": {
                "operationId": "getProfile",
                "tags": ["Profile"],
                "parameters": {
                    "fields": {
                        "in": "query",
                        "required": True,
                        "schema": {"type": "array", "items": {"type": "string"}},
                    },
                },
                "responses": DEFAULT | ERRORS,
            },
            "post": {
                "operationId": "updateProfile",
                "tags": ["Profile"],
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {
                                "properties": {
                                    "displayName": {"type": "string"},
                                    "handle": {"type": "string"},
                                    "biography": {"type": "string"},
                                    "dateOfBirth": {"type": "object"},
                                },
                            },
                        },
                    },
                },
                "responses": DEFAULT | ERRORS,
            },
        },
        "/v1/user/by-id/{username}/public": {
            "get": {
                "operationId": "getPublicProfile",
                "tags": ["Profile"],
                "parameters": {
                    "username": {"in": "path", "required": True, "schema": {"type": "string"}},
                    "containerId": CONTAINER_ID,
                },
                "responses": DEFAULT | ERRORS,
            },
        },
        "/v1/user/referrals": {
            "get": {
                "operationId": "listReferrals",
                "tags": ["Profile"],
                "responses": DEFAULT | ERRORS,
            },
        },
        "/v1/user/notifications": {
            "get": {
                "operationId": "listNotifications",
                "tags": ["Notifications"],
                "parameters": {
                    "page": {"in": "query", "required": False, "schema": {"type": "number"}},
                    "limit": {"in": "query", "required": False, "schema": {"type": "number"}},
                    "containerId": CONTAINER_ID,
                },
                "responses": {"200": SUCCESS} | ERRORS,
            },
        },
        "/v1/user/notifications/read": {
            "post": {
                "operationId": "markNotificationsRead",
                "tags": ["Notifications"],
                "responses": {"201": SUCCESS} | ERRORS,
            },
        },
    },
    # What no operation refers to.
    "components": {
        "schemas": {"AuthenticationErrorName": {"type": "string", "enum": list(NAMES_OF_401)}}
    },
}


# ---------------------------------------------------------------------------------------------------------------------------
# Reading the contract


def documented(node: Node) -> Node:
    """Answer a copy without what is marked as inferred, and without the marks."""
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


def wholly_inferred(node: Node) -> bool:
    return isinstance(node, dict) and node.get("x-inferred") is True


def resolved(document: Node, node: Node, used: set[str]) -> Node:
    """Answer a copy in which every reference is replaced by what it names; `used` collects the references."""
    if isinstance(node, list):
        return [resolved(document, item, used) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" not in node:
        return {key: resolved(document, value, used) for key, value in node.items()}
    reference = node["$ref"]
    assert list(node) == ["$ref"], (
        f"{reference}: keys beside a reference are read differently by every tool"
    )
    used.add(reference)
    target = document
    for part in reference.removeprefix("#/").split("/"):
        assert isinstance(target, dict), f"{reference} leads nowhere"
        assert part in target, (
            f"{reference} leads nowhere: there is no {part!r}, or all of it is inferred and the reference is not"
        )
        target = target[part]
    return resolved(document, target, used)


def without_prose(node: Node) -> Node:
    if not isinstance(node, dict):
        return node
    # Entries of `properties` are names, `description` might be one of them.
    return {
        key: {k: without_prose(v) for k, v in value.items()}
        if key == "properties"
        else without_prose(value)
        for key, value in node.items()
        if key not in ("description", "summary")
    }


def description_of_response(text: str) -> Node:
    """Answer the text, or, where it is a list of names and meanings, the text above it and the names."""
    names = dict(re.findall(r"^- `(\w+)`: (.+)$", text, flags=re.MULTILINE))
    return {"text": text.partition("\n")[0], "names": names} if names else text


def view(document: Node) -> Node:
    """Answer the documented view in the shape of `DOCUMENTED`: references resolved, prose left out, lists keyed by name."""
    rest = documented(document)
    used: set[str] = set()
    paths = resolved(rest, rest.pop("paths"), used)
    del rest["info"]  # a title and a version are OpenAPI's demand, not the API's
    rest["tags"] = [tag["name"] for tag in rest["tags"]]
    leftover = {
        kind: {
            name: without_prose(item)
            for name, item in items.items()
            if f"#/components/{kind}/{name}" not in used
        }
        for kind, items in rest.pop("components").items()
    }
    for operation in (operation for item in paths.values() for operation in item.values()):
        responses = operation.pop("responses")
        texts = {
            status: description_of_response(r["description"])
            for status, r in responses.items()
            if status != "default"
        }
        parameters = operation.pop("parameters", [])
        operation["responses"] = {
            status: without_prose(response)
            | ({"description": texts[status]} if status in texts else {})
            for status, response in responses.items()
        }
        if parameters:
            operation["parameters"] = {
                p["name"]: {"required": False}
                | {k: v for k, v in without_prose(p).items() if k != "name"}
                for p in parameters
            }
    paths = {
        path: {
            method: without_prose({k: v for k, v in o.items() if k != "responses"})
            | {"responses": o["responses"]}
            for method, o in item.items()
        }
        for path, item in paths.items()
    }
    return rest | {
        "paths": paths,
        "components": {kind: items for kind, items in leftover.items() if items},
    }


def differences(expected: Node, found: Node, place: str = "") -> Iterator[str]:
    """Answer a sentence for each place in which two values differ."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in {**expected, **found}:
            yield from differences(
                expected.get(key, MISSING),
                found.get(key, MISSING),
                f"{place} > {key}" if place else key,
            )
    elif expected != found:
        yield f"{place}: documented is {json.dumps(expected)}, the contract without its marks says {json.dumps(found)}"


def schemas_with_examples(document: Node) -> Iterator[tuple[str, Node, Node]]:
    """Answer where, schema and value of every example of the operations."""
    paths = resolved(document, document["paths"], set())
    for operation in (operation for item in paths.values() for operation in item.values()):
        name = operation["operationId"]
        holders = [(f"{name}, parameter {p['name']}", p) for p in operation.get("parameters", [])]
        holders += [
            (f"{name}, body", media)
            for media in operation.get("requestBody", {}).get("content", {}).values()
        ]
        for status, response in operation["responses"].items():
            holders += [
                (f"{name}, {status}", media) for media in response.get("content", {}).values()
            ]
            holders += [
                (f"{name}, {status}, header {key}", header)
                for key, header in response.get("headers", {}).items()
            ]
        for place, holder in holders:
            if "example" in holder:
                yield place, holder["schema"], holder["example"]
            for key, example in holder.get("examples", {}).items():
                yield f"{place}, example {key}", holder["schema"], example["value"]


# ---------------------------------------------------------------------------------------------------------------------------
# Each judgement answers sentences, so that the tests below can also show that it notices a change.


def view_problems(document: Node) -> list[str]:
    try:
        return list(differences(DOCUMENTED, view(document)))
    except AssertionError as error:
        return [f"the documented view is broken: {error}"]


def example_problems(document: Node) -> list[str]:
    problems = []
    for place, schema, value in schemas_with_examples(document):
        validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        problems += [f"{place}: {error.message}" for error in validator.iter_errors(value)]
    paths = resolved(document, document["paths"], set())
    for operation in (operation for item in paths.values() for operation in item.values()):
        for status, response in operation["responses"].items():
            place = f"{operation['operationId']}, {status}"
            for media in response.get("content", {}).values():
                examples = media.get("examples", {})
                if not examples:
                    problems.append(f"{place}: there is no named example")
                codes = {
                    name: example["value"].get("code")
                    for name, example in examples.items()
                    if status == "401"
                }
                if status == "401" and codes != {name: name for name in NAMES_OF_401}:
                    problems.append(
                        f"{place}: the examples must be the three documented names, each in `code`, not {codes}"
                    )
            problems += [
                f"{place}, header {name}: there is no example"
                for name, header in response.get("headers", {}).items()
                if "example" not in header and "examples" not in header
            ]
    return problems


def mark_problems(node: Node, place: str = "") -> list[str]:
    if isinstance(node, list):
        return [
            problem
            for index, item in enumerate(node)
            for problem in mark_problems(item, f"{place} > {index}")
        ]
    if not isinstance(node, dict):
        return []
    problems = [
        problem
        for key, value in node.items()
        for problem in mark_problems(value, f"{place} > {key}")
    ]
    if "x-inferred" not in node:
        return problems + (
            [f"{place}: x-why explains a mark that is not there"] if "x-why" in node else []
        )
    mark = node["x-inferred"]
    if not str(node.get("x-why") or "").strip():
        problems.append(f"{place}: the mark has no x-why")
    if mark is not True and not (isinstance(mark, list) and mark):
        problems.append(f"{place}: x-inferred is {mark!r}; it must be true or a list of keys")
    if isinstance(mark, list):
        problems += [
            f"{place}: x-inferred names {key!r}, which is not there"
            for key in mark
            if key not in node
        ]
    return problems


# ---------------------------------------------------------------------------------------------------------------------------
# Every decision, and where the contract must carry it: what is decided there, or `True` where all of it is.

PROFILE, PUBLIC = (
    ("paths", "/v1/user/profile"),
    ("paths", "/v1/user/by-id/{username}/public", "get"),
)
REFERRALS, NOTIFICATIONS = (
    ("paths", "/v1/user/referrals", "get"),
    ("paths", "/v1/user/notifications", "get"),
)
READ, SCHEMAS = ("paths", "/v1/user/notifications/read", "post"), ("components", "schemas")
SHARED, HEADERS = ("components", "responses"), ("components", "headers")
BODY_OF_DEFAULT = ("responses", "default", "content", "application/json")
BODY = ("content", "application/json")
NO_STORE: Node = {"Cache-Control": {"$ref": "#/components/headers/NoStore"}}
CHALLENGE: Node = {"WWW-Authenticate": {"$ref": "#/components/headers/WWWAuthenticate"}}
FIVE = ["username", "displayName", "handle", "biography", "dateOfBirth"]


def ref(name: str) -> Node:
    return {"$ref": f"#/components/schemas/{name}"}


Place = tuple[str, ...]
DECISIONS: dict[str, dict[Place, Node]] = {
    "authentication": {
        (): {"security": [{"session": []}]},
        ("components", "securitySchemes", "session"): True,
    },
    "order of checks": {("x-decisions", "Order of checks"): True},
    "error body": {
        (*SCHEMAS, "Error"): True,
        (*SCHEMAS, "ErrorDetail"): True,
        (*SCHEMAS, "ClientError"): True,
        (*SCHEMAS, "AuthenticationError"): True,
        (*SCHEMAS, "NotFoundError"): True,
        (*SCHEMAS, "InternalError"): True,
        (*SHARED, "ClientError", *BODY): {"schema": ref("ClientError")},
        (*SHARED, "AuthenticationError", *BODY): {"schema": ref("AuthenticationError")},
        (*SHARED, "NotFound", *BODY): {"schema": ref("NotFoundError")},
        (*SHARED, "InternalError", *BODY): {"schema": ref("InternalError")},
    },
    "which 401": {("x-decisions", "Which 401"): True},
    "success status of default": {("x-decisions", "Success status of `default`"): True},
    "Profile": {
        (*SCHEMAS, "Profile"): True,
        (*SCHEMAS, "ProfileFields"): True,
        (*PROFILE, "post", *BODY_OF_DEFAULT): {"schema": ref("Profile")},
    },
    "getProfile": {
        (*PROFILE, "get", "parameters", "fields"): {"style": "form", "explode": True},
        (*PROFILE, "get", "parameters", "fields", "schema"): {"minItems": 1},
        (*PROFILE, "get", "parameters", "fields", "schema", "items"): {"enum": FIVE},
        (*PROFILE, "get", *BODY_OF_DEFAULT): {"schema": ref("ProfileFields")},
        ("x-decisions", "Which profile fields `getProfile` answers"): True,
    },
    "updateProfile": {
        (*PROFILE, "post", "requestBody"): {"required": True},
        (*SCHEMAS, "ProfileUpdate"): {"type": "object"},
        ("x-decisions", "How `updateProfile` changes a profile"): True,
    },
    "displayName": {(*SCHEMAS, "DisplayName"): {"minLength": 1, "maxLength": 50}},
    "handle": {
        (*SCHEMAS, "Handle"): {"pattern": "^[a-z0-9_]{3,20}$"},
        ("x-decisions", "Whose handle"): True,
    },
    "biography": {(*SCHEMAS, "Biography"): {"maxLength": 500}},
    "dateOfBirth": {
        (*SCHEMAS, "DateOfBirth"): {
            "required": ["year", "month", "day"],
            "properties": {
                "year": {"type": "integer", "minimum": 1900, "maximum": 2100},
                "month": {"type": "integer", "minimum": 1, "maximum": 12},
                "day": {"type": "integer", "minimum": 1, "maximum": 31},
            },
        },
    },
    "PublicProfile": {
        (*SCHEMAS, "PublicProfile"): True,
        (*PUBLIC, *BODY_OF_DEFAULT): {"schema": ref("PublicProfile")},
    },
    "getPublicProfile": {("x-decisions", "Who has a public profile"): True},
    "list of Referral": {
        (*SCHEMAS, "Referral"): True,
        (*SCHEMAS, "ReferralList"): True,
        (*REFERRALS, *BODY_OF_DEFAULT): {"schema": ref("ReferralList")},
        ("x-decisions", "Order of lists"): True,
    },
    "NotificationPage": {
        (*SCHEMAS, "Notification"): True,
        (*SCHEMAS, "NotificationPage"): True,
        (*NOTIFICATIONS, "responses", "200"): {
            "content": {"application/json": {"schema": ref("NotificationPage")}}
        },
        ("x-decisions", "Order of lists"): True,
    },
    "page, limit": {
        (*NOTIFICATIONS, "parameters", "page", "schema"): {
            "multipleOf": 1,
            "minimum": 1,
            "default": 1,
        },
        (*NOTIFICATIONS, "parameters", "limit", "schema"): {
            "multipleOf": 1,
            "minimum": 1,
            "maximum": 100,
            "default": 20,
        },
        ("x-decisions", "Past the last page"): True,
    },
    "listNotifications": {("x-decisions", "Which notifications"): True},
    "markNotificationsRead": {("x-decisions", "What `markNotificationsRead` marks"): True},
    "containerId, username": {
        ("components", "parameters", "ContainerId", "schema"): {"minLength": 1},
        (*PUBLIC, "parameters", "username", "schema"): {"minLength": 1},
        (*SCHEMAS, "Username"): True,
    },
    "odd requests": {("x-decisions", "Odd requests"): True},
    "undocumented methods and paths": {("x-decisions", "Undocumented methods and paths"): True},
    "401 header": {
        (*HEADERS, "WWWAuthenticate"): True,
        (*SHARED, "AuthenticationError"): {"headers": NO_STORE | CHALLENGE},
    },
    "caching": {
        (*HEADERS, "NoStore"): True,
        (*PROFILE, "get", "responses", "default"): {"headers": NO_STORE},
        (*PROFILE, "post", "responses", "default"): {"headers": NO_STORE},
        (*PUBLIC, "responses", "default"): {"headers": NO_STORE},
        (*REFERRALS, "responses", "default"): {"headers": NO_STORE},
        (*NOTIFICATIONS, "responses", "200"): {"headers": NO_STORE},
        (*READ, "responses", "201"): {"headers": NO_STORE},
        (*SHARED, "ClientError"): {"headers": NO_STORE},
        (*SHARED, "NotFound"): {"headers": NO_STORE},
        (*SHARED, "InternalError"): {"headers": NO_STORE},
    },
    "text": {("x-decisions", "Text"): True},
    "session lifetimes": {("x-decisions", "Session lifetimes"): True},
}


def at(document: Node, place: Place) -> Node:
    """Answer what stands at a place; entries of lists go by `name` or `question`, `None` where there is nothing."""
    node = document
    for part in place:
        if isinstance(node, list):
            node = next(
                (item for item in node if part in (item.get("name"), item.get("question"))), None
            )
        else:
            node = node.get(part) if isinstance(node, dict) else None
    return node


def decision_problems(document: Node, places: dict[Place, Node]) -> list[str]:
    problems = []
    for place, decided in places.items():
        node, where = at(document, place), " > ".join(place) or "the document"
        if node is None:
            problems.append(f"{where} is not there")
        elif decided is True:
            problems += (
                [] if wholly_inferred(node) else [f"{where} is ours and has no `x-inferred: true`"]
            )
        else:
            marked = node.get("x-inferred", [])
            problems += [
                f"{where}: {key} is ours and x-inferred does not name it"
                for key in decided
                if marked is True or key not in marked
            ]
            problems += [
                f"{where}: {key} should be {json.dumps(value)} and is {json.dumps(node.get(key))}"
                for key, value in decided.items()
                if not agrees(value, node.get(key))
            ]
    return problems


def agrees(decided: Node, found: Node) -> bool:
    """Tell whether what was found says what was decided; it may also show examples."""
    if isinstance(decided, dict) and isinstance(found, dict):
        return set(found) - {"examples"} == set(decided) and all(
            agrees(value, found[key]) for key, value in decided.items()
        )
    return bool(decided == found)


# ---------------------------------------------------------------------------------------------------------------------------
# The tests


def told(problems: list[str]) -> str:
    return "openapi.yaml:\n  " + "\n  ".join(problems)


def test_without_its_marks_the_contract_says_exactly_what_the_documentation_says(
    contract: Node,
) -> None:
    problems = view_problems(contract)
    assert not problems, told(problems)


def test_the_contract_with_its_marks_has_no_broken_references(contract: Node) -> None:
    used: set[str] = set()
    resolved(contract, contract, used)
    names = {
        f"#/components/{kind}/{name}"
        for kind, items in contract["components"].items()
        for name in items
    }
    unused = (
        names - used - {"#/components/securitySchemes/session"}
    )  # named by `security`, not by a reference
    assert not unused, f"openapi.yaml: nothing refers to {sorted(unused)}"


def test_every_answer_has_a_named_example_and_every_example_is_valid(contract: Node) -> None:
    problems = example_problems(contract)
    assert not problems, told(problems)


def test_examples_are_found_in_all_four_kinds_of_places(contract: Node) -> None:
    places = [place for place, _, _ in schemas_with_examples(contract)]
    for start in (
        "getProfile, parameter fields",
        "updateProfile, body",
        "listNotifications, 200, ex",
        "getProfile, 401, header",
    ):
        assert any(place.startswith(start) for place in places), (
            f"no example was read at {start!r}, only at {places}"
        )


def test_every_mark_is_well_formed_and_has_a_reason(contract: Node) -> None:
    problems = mark_problems(contract)
    assert not problems, told(problems)


@pytest.mark.parametrize("question", DECISIONS)
def test_the_decision_is_marked(contract: Node, question: str) -> None:
    problems = decision_problems(contract, DECISIONS[question])
    assert not problems, told(problems)


def test_every_decision_about_behaviour_answers_an_open_question(contract: Node) -> None:
    known = {
        place[1]
        for places in DECISIONS.values()
        for place in places
        if place[:1] == ("x-decisions",)
    }
    written = {decision["question"] for decision in contract["x-decisions"]}
    assert written == known, (
        f"not in both openapi.yaml and the table of this test: {sorted(written ^ known)}"
    )
    incomplete = [
        d["question"] for d in contract["x-decisions"] if not str(d.get("decision") or "").strip()
    ]
    assert not incomplete, f"openapi.yaml: no decision is given for {incomplete}"


def test_openapi_spec_validator_accepts_the_contract(contract: Node) -> None:
    problems = [
        f"{list(e.path)}: {e.message}" for e in OpenAPIV31SpecValidator(contract).iter_errors()
    ]
    assert not problems, told(problems)


def test_openapi_spec_validator_accepts_the_documented_view(contract: Node) -> None:
    problems = [
        f"{list(e.path)}: {e.message}"
        for e in OpenAPIV31SpecValidator(documented(contract)).iter_errors()
    ]
    assert not problems, told(problems)


def page_check(script: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(script), "--check"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_page_about_the_contract_is_up_to_date() -> None:
    done = page_check(ROOT / "docs" / "contract.py")
    assert done.returncode == 0, done.stderr


def test_the_page_tells_its_first_line_that_is_out_of_date(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for name in ("docs/contract.py", "docs/contract.md"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    text = (ROOT / "openapi.yaml").read_text(encoding="utf-8")
    (tmp_path / "openapi.yaml").write_text(
        text.replace("maximum: 100\n            default", "maximum: 99\n            default")
    )
    done = page_check(tmp_path / "docs" / "contract.py")
    assert done.returncode == 1, f"a page that shows another maximum passed: {done}"
    assert "maximum: 99" in done.stderr, done.stderr


# ---------------------------------------------------------------------------------------------------------------------------
# And the tests notice: each change breaks one of them, with a message that names the place.


def parameters(document: Node) -> Node:
    return at(document, (*NOTIFICATIONS, "parameters"))


def unmark(*place: str) -> Mutation:
    return lambda d: at(d, place).pop("x-inferred")


VIEW_CHANGES: dict[str, tuple[Mutation, str]] = {
    "a bound without a mark": (
        lambda d: parameters(d)[0]["schema"].update(maximum=9),
        "page > schema > maximum",
    ),
    "a mark that forgets a key": (
        lambda d: parameters(d)[1]["schema"]["x-inferred"].remove("maximum"),
        "limit > schema > maximum",
    ),
    "a mark removed": (unmark(*SCHEMAS, "Handle"), "handle > pattern"),
    "a mark on what is documented": (
        lambda d: parameters(d)[0].update({"x-inferred": True}),
        "parameters > page",
    ),
    "a documented key marked": (
        lambda d: at(d, (*SCHEMAS, "Handle"))["x-inferred"].append("type"),
        "handle > type",
    ),
    "another type": (
        lambda d: parameters(d)[0]["schema"].update(type="integer"),
        "page > schema > type",
    ),
    "a parameter made optional": (
        lambda d: d["components"]["parameters"]["ContainerId"].pop("required"),
        "containerId > required",
    ),
    "a reference to nothing": (
        lambda d: parameters(d)[2].update({"$ref": "#/components/parameters/X"}),
        "X leads nowhere",
    ),
    "a parameter made required": (
        lambda d: parameters(d)[0].update(required=True),
        "page > required",
    ),
    "a parameter too many": (
        lambda d: parameters(d).append(
            {"name": "sort", "in": "query", "schema": {"type": "string"}}
        ),
        "parameters > sort",
    ),
    "a parameter removed": (lambda d: parameters(d).pop(0), "parameters > page"),
    "a parameter moved": (lambda d: parameters(d)[0].update({"in": "header"}), "page > in"),
    "a status too many": (
        lambda d: at(d, READ)["responses"].update({"204": {"description": ""}}),
        "responses > 204",
    ),
    "a status removed": (lambda d: at(d, READ)["responses"].pop("404"), "responses > 404"),
    "a default where none is listed": (
        lambda d: at(d, READ)["responses"].update(default={"description": "Whatever"}),
        "responses > default",
    ),
    "a body without a mark": (
        lambda d: at(d, (*NOTIFICATIONS, "responses", "200"))["x-inferred"].remove("content"),
        "NotificationPage leads nowhere",
    ),
    "another media type": (
        lambda d: at(d, (*SHARED, "NotFound")).update(content={"application/problem+json": {}}),
        "404 > content > application/json",
    ),
    "a schema of an answer without a mark": (
        unmark(*PUBLIC, *BODY_OF_DEFAULT),
        "PublicProfile leads nowhere",
    ),
    "a header without a mark": (unmark(*SHARED, "AuthenticationError"), "NoStore leads nowhere"),
    "security without a mark": (lambda d: d["x-inferred"].remove("security"), "security"),
    "a server without a mark": (lambda d: d["x-inferred"].remove("servers"), "servers"),
    "a scheme without a mark": (
        unmark("components", "securitySchemes", "session"),
        "components > securitySchemes",
    ),
    "a body field required": (
        lambda d: at(d, (*SCHEMAS, "ProfileUpdate")).update(required=["handle"]),
        "schema > required",
    ),
    "a body field renamed": (
        lambda d: at(d, (*SCHEMAS, "ProfileUpdate", "properties")).update(bio=ref("Biography")),
        "properties > bio",
    ),
    "another meaning of an error": (
        lambda d: at(d, (*SHARED, "AuthenticationError")).update(
            description="Authentication related errors:"
        ),
        "401 > description",
    ),
    "another name of an error": (
        lambda d: at(d, (*SCHEMAS, "AuthenticationErrorName"))["enum"].append("TOKEN_STOLEN"),
        "AuthenticationErrorName > enum",
    ),
    "another operationId": (lambda d: at(d, READ).update(operationId="readAll"), "operationId"),
    "another tag": (lambda d: at(d, READ).update(tags=["Profile"]), "tags"),
    "another path": (
        lambda d: d["paths"].update({"/v2/user": {"get": at(d, READ)}}),
        "paths > /v2/user",
    ),
    "another method": (
        lambda d: d["paths"]["/v1/user/referrals"].update(put=at(d, READ)),
        "referrals > put",
    ),
    "a schema that nothing uses": (
        lambda d: at(d, SCHEMAS).update(Spare={"type": "string"}),
        "components > schemas > Spare",
    ),
    "an extension without a mark": (lambda d: d.update({"x-extra": 1}), "x-extra"),
}

EXAMPLE_CHANGES: dict[str, tuple[Mutation, str]] = {
    "a value of another shape": (
        lambda d: at(d, (*REFERRALS, *BODY_OF_DEFAULT, "examples", "none")).update(value=[]),
        "listReferrals, default, example none",
    ),
    "a time that is none": (
        lambda d: at(d, (*REFERRALS, *BODY_OF_DEFAULT, "examples", "two", "value"))["items"][
            0
        ].update(joinedAt="yesterday"),
        "listReferrals, default, example two",
    ),
    "no example": (
        lambda d: at(d, (*SHARED, "NotFound", *BODY)).pop("examples"),
        "getProfile, 404: there is no named example",
    ),
    "two names of 401": (
        lambda d: at(d, (*SHARED, "AuthenticationError", *BODY, "examples")).pop(
            "REFRESH_TOKEN_EXPIRED"
        ),
        "the three documented names",
    ),
    "a parameter out of bounds": (
        lambda d: parameters(d)[1]["examples"]["default"].update(value=101),
        "listNotifications, parameter limit, example default",
    ),
    "a body that is refused": (
        lambda d: at(d, (*PROFILE, "post", "requestBody", *BODY, "examples", "one_field")).update(
            value={"handle": "A"}
        ),
        "updateProfile, body, example one_field",
    ),
    "a header with another value": (
        lambda d: at(d, (*HEADERS, "NoStore")).update(example="no-cache"),
        "header Cache-Control",
    ),
    "a header without an example": (
        lambda d: at(d, (*HEADERS, "NoStore")).pop("example"),
        "header Cache-Control: there is no",
    ),
}

MARK_CHANGES: dict[str, tuple[Mutation, str]] = {
    "a mark without a reason": (
        lambda d: at(d, (*SCHEMAS, "Handle")).pop("x-why"),
        "Handle: the mark has no x-why",
    ),
    "an empty reason": (
        lambda d: at(d, (*SCHEMAS, "Handle")).update({"x-why": " "}),
        "Handle: the mark has no x-why",
    ),
    "a reason without a mark": (unmark(*SCHEMAS, "Handle"), "Handle: x-why explains a mark"),
    "a mark for nothing": (
        lambda d: at(d, (*SCHEMAS, "Handle")).pop("pattern"),
        "x-inferred names 'pattern'",
    ),
    "a mark of another form": (
        lambda d: at(d, (*SCHEMAS, "Handle")).update({"x-inferred": "pattern"}),
        "must be true or a list",
    ),
}


@pytest.mark.parametrize(
    ("judge", "change", "place"),
    [
        pytest.param(judge, change, place, id=name)
        for judge, changes in (
            (view_problems, VIEW_CHANGES),
            (example_problems, EXAMPLE_CHANGES),
            (mark_problems, MARK_CHANGES),
        )
        for name, (change, place) in changes.items()
    ],
)
def test_a_changed_contract_is_noticed(
    contract: Node, judge: Callable[[Node], list[str]], change: Mutation, place: str
) -> None:
    changed = copy.deepcopy(contract)
    change(changed)
    assert changed != contract, "the change of this test changes nothing"
    problems = judge(changed)
    assert any(place in problem for problem in problems), (
        f"nothing was said about {place!r}, only {problems}"
    )


@pytest.mark.parametrize("question", DECISIONS)
def test_a_decision_that_loses_its_mark_or_its_value_is_noticed(
    contract: Node, question: str
) -> None:
    for place, decided in DECISIONS[question].items():
        changed = copy.deepcopy(contract)
        at(changed, place).pop("x-inferred")
        assert decision_problems(changed, DECISIONS[question]), (
            f"without its mark {place} was still taken for marked"
        )
        for key in [] if decided is True else decided:
            changed = copy.deepcopy(contract)
            at(changed, place)[key] = "something else"
            assert decision_problems(changed, DECISIONS[question]), (
                f"with another {key} {place} still passed"
            )
