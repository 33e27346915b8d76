"""From the body of `POST /__mock/rules` to a rule, or to all that is wrong with it.

No rule is kept that could never do anything.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from itertools import chain, islice
from typing import Any

import orjson

from mock_server.contract.compiled import response_faults
from mock_server.contract.examples import Examples
from mock_server.errors import Violation
from mock_server.http.planned_replies import overlay, planned
from mock_server.http.replies import JSON, NO_STORE, to_json
from mock_server.world.overrides import Plan, Rule

TEXT = "text/plain; charset=utf-8"
MOST_BODY = 65_536
"""The largest body that a rule may bring, in bytes."""
MOST_NAMED = 10
"""How many users an error names."""
EFFECTS = ("code", "example", "body", "headers", "undocumented", "delay", "slowBody", "fault")
CONDITIONS = ("operation", "user", "times", "probability")
NOT_BESIDE_A_FAULT = ("code", "example", "undocumented", "headers", "body", "slowBody")
WITHOUT_BODY = frozenset({204, 205, 304})
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
HEADER_VALUE = re.compile(r"[ -~\t]*")
OF_THE_SERVER = frozenset(
    (
        "connection",
        "content-length",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
"""Headers that say how a message travels, not what it says (RFC 9110, 7.6.1)."""
HINT = "with undocumented: true it is answered all the same"

Json = Mapping[str, Any]


def read_rule(identity: str, body: Json) -> Rule:
    """Return the rule that a body describes, in which nothing is wrong."""
    content = None
    media_type = ""
    if "body" in body:
        content, media_type = _content(body["body"])
    headers = body.get("headers", {})
    plan = Plan(
        status=int(body.get("code", 0)),
        example=body.get("example", ""),
        body=body.get("slowBody", 0) / 1000,
        fault=body.get("fault", ""),
        content=content,
        media_type=media_type,
        headers=tuple((name, str(value)) for name, value in headers.items()),
        undocumented=body.get("undocumented", False),
    )
    times = body.get("times")
    return Rule(
        identity,
        plan,
        body.get("operation"),
        body.get("user"),
        # In JSON Schema 2.0 is an integer, too.
        None if times is None else int(times),
        body.get("probability", 1.0),
        _delay(body),
    )


def user_problems(users: Collection[str], body: Json) -> list[Violation]:
    """List what is wrong with the user of a rule."""
    user = body.get("user")
    if user is None or user in users:
        return []
    some = ", ".join(islice(users, MOST_NAMED))
    more = ", …" if len(users) > MOST_NAMED else ""
    return [_wrong("user", f"is nobody here; there is {some}{more}")]


def rule_problems(examples: Examples, body: Json) -> list[Violation]:
    """List what makes a rule impossible, or such that it never does anything."""
    found = chain(_idle(body), _contradictions(body), _body_problems(body), _header_problems(body))
    problems = list(found)
    operation = body.get("operation")
    if operation is not None and operation not in examples.answers:
        problems.append(_wrong("operation", f"must be one of {', '.join(examples.answers)}"))
    # Only these two name an answer that has to be documented.
    if problems or not {"code", "example"} & body.keys():
        return problems
    plan = read_rule("", body).plan
    # A rule for any operation must be possible for all of them.
    for each in examples.answers if operation is None else [operation]:
        problem = _undocumented(examples, each, plan)
        if problem is not None:
            return [problem]
    return []


def _idle(body: Json) -> Iterator[Violation]:
    """Yield why a rule never does anything."""
    if not any(name in body for name in (*EFFECTS, *CONDITIONS)):
        effects = ", ".join(EFFECTS)
        conditions = ", ".join(CONDITIONS)
        reason = f"does nothing: give one of {effects}; or let requests through ({conditions})"
        yield Violation("body", "", reason)
    given = [name for name in EFFECTS if name in body]
    # `delay: 0` and `headers: {}` are given, and do nothing.
    _, delay = _delay(body)
    if given and not delay and not any(body[name] for name in given if name != "delay"):
        yield _wrong(given[0], "does nothing like this")
    if body.get("probability") == 0:
        yield _wrong("probability", "must be more than 0, or the rule never applies")


def _contradictions(body: Json) -> Iterator[Violation]:
    """Yield what cannot stand beside each other, or alone."""
    least, most = _delay(body)
    if least > most:
        yield _wrong("delay/min", "must be at most max")
    if "fault" in body:
        beside = [name for name in NOT_BESIDE_A_FAULT if body.get(name)]
        if beside:
            reason = "breaks the connection, so there can be no"
            yield _wrong("fault", f"{reason} {', '.join(beside)} beside it")
    elif "code" not in body:
        yield from _missing_code(body)
    if "body" in body and "example" in body:
        yield _wrong("example", "cannot stand beside body: each of them is the body")


def _missing_code(body: Json) -> Iterator[Violation]:
    if "body" in body:
        yield _wrong("code", "is required beside body")
        return
    beside = [name for name in ("headers", "undocumented") if body.get(name)]
    if beside and "example" not in body:
        yield _wrong("code", f"is required beside {' and '.join(beside)}, or an example")


def _body_problems(body: Json) -> Iterator[Violation]:
    """Yield why the rule's own body cannot be sent."""
    if "body" not in body:
        return
    own = body["body"]
    if body.get("code") in WITHOUT_BODY:
        yield _wrong("body", f"cannot be sent: an answer with the status {body['code']} has none")
    try:
        content = own.encode() if isinstance(own, str) else orjson.dumps(own)
    except TypeError:
        yield _wrong("body", "must not nest more than 250 levels deep")
        return
    if len(content) > MOST_BODY:
        yield _wrong("body", f"must be at most {MOST_BODY} bytes")


def _header_problems(body: Json) -> Iterator[Violation]:
    """Yield why headers of the rule cannot be sent."""
    seen: set[str] = set()
    for name, value in body.get("headers", {}).items():
        folded = name.lower()
        reason = _header_problem(name, str(value), body)
        if reason is None and folded in seen:
            reason = "must be given once, in whichever case"
        if reason is not None:
            # Two characters are escaped in a JSON pointer (RFC 6901, 3).
            part = name.replace("~", "~0").replace("/", "~1")
            yield _wrong(f"headers/{part}", reason)
        seen.add(folded)


def _header_problem(name: str, value: str, body: Json) -> str | None:
    folded = name.lower()
    if not HEADER_NAME.fullmatch(name):
        return "must be the name of a header: letters, digits and dashes"
    if not HEADER_VALUE.fullmatch(value) or value != value.strip():
        return "must be visible ASCII with blanks only inside"
    if folded in OF_THE_SERVER:
        return "cannot be given: it says how the message travels, which the server does"
    if folded.startswith("access-control-"):
        return "cannot be given: the mock says by itself which pages may read an answer"
    if folded == "content-type" and not body.get("undocumented"):
        return f"is {JSON} by the contract; {HINT}"
    return None


def _undocumented(examples: Examples, operation: str, plan: Plan) -> Violation | None:
    """Return why an operation cannot give the answer of a plan, `None` where it can."""
    try:
        status, body, headers = planned(examples, operation, plan)
    except LookupError as reason:
        return _unknown(examples, operation, plan, reason)
    text = body if plan.undocumented or body is None else to_json(body)
    # A single byte cannot be sent in pieces.
    if plan.body and len(text or "") < 2:  # noqa: PLR2004
        return _wrong("slowBody", f"needs a body, and {status} of {operation} has none")
    if plan.undocumented:
        if text is None and any(name.lower() == "content-type" for name in headers):
            return _wrong("headers/Content-Type", "describes a body, and there is none")
        return None
    sent = overlay(NO_STORE, headers)
    faults = response_faults(examples.operations[operation], status, sent, body)
    if not faults:
        return None
    wrong = "headers" if plan.content is None else "body"
    broken = "; ".join(faults)
    return _wrong(wrong, f"breaks the contract of {operation} for {status} ({broken}); {HINT}")


def _unknown(
    examples: Examples,
    operation: str,
    plan: Plan,
    reason: LookupError,
) -> Violation:
    """Return the violation of a plan whose status or example is not documented."""
    if plan.status in examples.answers[operation] or not plan.status:
        return _wrong("example", str(reason))
    more = HINT
    if plan.undocumented:
        more = "there is no example of a status that is not documented"
    return _wrong("code", f"{reason}; {more}")


def _delay(body: Json) -> tuple[int, int]:
    """Return the least and the most delay, in milliseconds."""
    delay = body.get("delay", 0)
    if isinstance(delay, dict):
        return int(delay["min"]), int(delay["max"])
    return int(delay), int(delay)


def _content(body: object) -> tuple[str, str]:
    """Return a body as it is sent, and its media type: a text as it is, anything else as JSON."""
    if isinstance(body, str):
        return body, TEXT
    return to_json(body).decode(), JSON


def _wrong(name: str, reason: str) -> Violation:
    return Violation("body", f"/{name}", reason)
