"""From the body of `POST /__mock/rules` to a rule, or to all that is wrong with it.

No rule is kept that could never do anything.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
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
DOES = ("code", "example", "body", "headers", "undocumented", "delay", "slowBody", "fault")
MEETS = ("operation", "user", "times", "probability")
NOT_BESIDE_A_FAULT = ("code", "example", "undocumented", "headers", "body", "slowBody")
WITHOUT_BODY = frozenset({204, 205, 304})
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
HEADER_VALUE = re.compile(r"[ -~\t]*")
OF_THE_SERVER = frozenset(
    "connection content-length keep-alive proxy-connection te trailer transfer-encoding upgrade".split()  # noqa: SIM905
)
"""Headers that say how a message travels, not what it says (RFC 9110, 7.6.1)."""
HINT = "with undocumented: true it is answered all the same"

Wanted = Mapping[str, Any]


def read_rule(identity: str, wanted: Wanted) -> Rule:
    """Return the rule that was asked for, and in which nothing is wrong."""
    least, most = _delay(wanted)
    content, media_type = _content(wanted["body"]) if "body" in wanted else (None, "")
    plan = Plan(
        status=int(wanted.get("code", 0)),
        example=wanted.get("example", ""),
        body=wanted.get("slowBody", 0) / 1000,
        fault=wanted.get("fault", ""),
        content=content,
        media_type=media_type,
        headers=tuple((name, str(value)) for name, value in wanted.get("headers", {}).items()),
        undocumented=wanted.get("undocumented", False),
    )
    operation, user, times = wanted.get("operation"), wanted.get("user"), wanted.get("times")
    return Rule(
        identity,
        plan,
        operation,
        user,
        times and int(times),
        wanted.get("probability", 1.0),
        (least, most),
    )


def user_problems(users: Collection[str], wanted: Wanted) -> Iterator[Violation]:
    """List what is wrong with the user of a rule."""
    if (user := wanted.get("user")) is not None and user not in users:
        some = ", ".join(islice(users, 10))
        yield _wrong("user", f"is nobody here; there is {some}{', …' if len(users) > 10 else ''}")  # noqa: PLR2004


def rule_problems(examples: Examples, wanted: Wanted) -> list[Violation]:
    """List what makes a rule impossible, or such that it never does anything."""
    problems = [
        *_idle(wanted),
        *_contradictions(wanted),
        *_body_problems(wanted),
        *_header_problems(wanted),
    ]
    operation = wanted.get("operation")
    if operation is not None and operation not in examples.answers:
        problems.append(_wrong("operation", f"must be one of {', '.join(examples.answers)}"))
    if problems or not {"code", "example"} & wanted.keys():
        return problems
    plan = read_rule("", wanted).plan
    for each in examples.answers if operation is None else [operation]:
        if problem := _undocumented(examples, each, plan):
            return [problem]
    return []


def _idle(wanted: Wanted) -> Iterator[Violation]:
    if not any(name in wanted for name in (*DOES, *MEETS)):
        yield Violation(
            "body",
            "",
            f"does nothing: give one of {', '.join(DOES)}; or let requests through ({', '.join(MEETS)})",
        )
    done = [name for name in DOES if name in wanted]
    if done and not _delay(wanted)[1] and not any(wanted[name] for name in done if name != "delay"):
        yield _wrong(done[0], "does nothing like this")
    if wanted.get("probability") == 0:
        yield _wrong("probability", "must be more than 0, or the rule never applies")


def _contradictions(wanted: Wanted) -> Iterator[Violation]:
    least, most = _delay(wanted)
    if least > most:
        yield _wrong("delay/min", "must be at most max")
    if "fault" in wanted:
        if beside := [name for name in NOT_BESIDE_A_FAULT if wanted.get(name)]:
            yield _wrong(
                "fault", f"breaks the connection, so there can be no {', '.join(beside)} beside it"
            )
    elif "code" not in wanted:
        if "body" in wanted:
            yield _wrong("code", "is required beside body")
        elif "example" not in wanted and (
            beside := [name for name in ("headers", "undocumented") if wanted.get(name)]
        ):
            yield _wrong("code", f"is required beside {' and '.join(beside)}, or an example")
    if "body" in wanted and "example" in wanted:
        yield _wrong("example", "cannot stand beside body: each of them is the body")


def _body_problems(wanted: Wanted) -> Iterator[Violation]:
    if "body" not in wanted:
        return
    if wanted.get("code") in WITHOUT_BODY:
        yield _wrong("body", f"cannot be sent: an answer with the status {wanted['code']} has none")
    try:
        content = (
            wanted["body"]
            if isinstance(wanted["body"], str)
            else orjson.dumps(wanted["body"]).decode()
        )
    except TypeError:
        yield _wrong("body", "must not nest more than 250 levels deep")
        return
    if len(content.encode()) > MOST_BODY:
        yield _wrong("body", f"must be at most {MOST_BODY} bytes")


def _header_problems(wanted: Wanted) -> Iterator[Violation]:
    seen = set[str]()
    for name, value in wanted.get("headers", {}).items():
        if reason := _header_problem(name, str(value), wanted):
            yield _wrong(f"headers/{name.replace('~', '~0').replace('/', '~1')}", reason)
        elif name.lower() in seen:
            yield _wrong(f"headers/{name}", "must be given once, in whichever case")
        seen.add(name.lower())


def _header_problem(name: str, value: str, wanted: Wanted) -> str | None:
    low = name.lower()
    if not HEADER_NAME.fullmatch(name):
        return "must be the name of a header: letters, digits and dashes"
    if not HEADER_VALUE.fullmatch(value) or value != value.strip():
        return "must be visible ASCII with blanks only inside"
    if low in OF_THE_SERVER:
        return "cannot be given: it says how the message travels, which the server does"
    if low.startswith("access-control-"):
        return "cannot be given: the mock says by itself which pages may read an answer"
    if low == "content-type" and not wanted.get("undocumented"):
        return f"is {JSON} by the contract; {HINT}"
    return None


def _undocumented(examples: Examples, operation: str, plan: Plan) -> Violation | None:
    """Say why an operation cannot give the answer of a plan."""
    known = examples.answers[operation]
    try:
        status, body, headers = planned(examples, operation, plan)
    except LookupError as reason:
        if plan.status in known or not plan.status:
            return _wrong("example", str(reason))
        more = (
            "there is no example of a status that is not documented" if plan.undocumented else HINT
        )
        return _wrong("code", f"{reason}; {more}")
    text = body if plan.undocumented else body and to_json(body)
    if plan.body and len(text or "") < 2:  # noqa: PLR2004 - a single byte cannot be dribbled out
        return _wrong("slowBody", f"needs a body, and {status} of {operation} has none")
    if plan.undocumented:
        described = text is None and any(name.lower() == "content-type" for name in headers)
        return (
            _wrong("headers/Content-Type", "describes a body, and there is none")
            if described
            else None
        )
    faults = response_faults(
        examples.operations[operation], status, overlay(NO_STORE, headers), body
    )
    if not faults:
        return None
    wrong = "body" if plan.content is not None else "headers"
    return _wrong(
        wrong, f"breaks the contract of {operation} for {status} ({'; '.join(faults)}); {HINT}"
    )


def _delay(wanted: Wanted) -> tuple[int, int]:
    delay = wanted.get("delay", 0)
    return (
        (int(delay["min"]), int(delay["max"]))
        if isinstance(delay, dict)
        else (int(delay), int(delay))
    )


def _content(body: object) -> tuple[str, str]:
    """Return a body as it is sent, and its media type: a text as it is, anything else as JSON."""
    return (body, TEXT) if isinstance(body, str) else (to_json(body).decode(), JSON)


def _wrong(name: str, reason: str) -> Violation:
    return Violation("body", f"/{name}", reason)
