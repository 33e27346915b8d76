"""HTTP itself: undocumented methods and paths, HEAD, bodies where none is demanded, and no failure on any input."""

from __future__ import annotations

import pytest

from contract_tests.api import resources
from contract_tests.api.context import NOT_FOUND, Context
from contract_tests.api.request_templates import (
    MARK_READ,
    REFERRALS,
    RequestTemplate,
    fields,
    notifications,
    update,
)
from contract_tests.checks.response_checks import refuses_as_http
from contract_tests.findings.evidence import Status, Text
from contract_tests.http.messages import Exchange, HttpRequest
from contract_tests.laws._support import fresh, wrong
from contract_tests.spec import contract

CONTRACT = contract.load()
PATHS = sorted({operation.path for operation in CONTRACT.operations.values()})
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
NOT_ALLOWED = 405
HEAD_ALSO = ("Cache-Control", "WWW-Authenticate")
READS = [operation.name for operation in CONTRACT.operations.values() if operation.method == "GET"]
UNKNOWN = (
    "/v1/user/none",
    "/v1/user/notifications/none",
    "/v2/user/profile",
    "/v1/user/by-id/ada",
    "/v1/user/by-id/ada/private",
    "/none",
    "/v1/user/profile/",
    "/v1/user/referrals/",
    "/v1/user/notifications/?containerId=main",
    "/v1/user/Profile?fields=handle",
    "/V1/user/referrals",
    "/v1/USER/notifications?containerId=main",
    "/v1/user/referrals.json",
)
HEAVY = ("x" * 100_000, "😀" * 20_000, "\u0000", "\\u0000", "%00", "{" * 50, "[" * 50, "1" * 400)

WRONG_ALLOW = "405 without an Allow that names every documented method, and no other"


@pytest.mark.parametrize("path", PATHS)
def test_other_methods(context: Context, path: str) -> None:
    """A method that is not documented is 405, `Allow` names those that are, with and without a session."""
    here = {
        operation.method: operation
        for operation in CONTRACT.operations.values()
        if operation.path == path
    }
    name = next(iter(here.values())).name
    template = resources.valid(context, name, "primary")
    for method in METHODS:
        if method in here:
            continue
        for role in ("primary", None):
            request = context.request(template.but(method=method), role)
            _wrong_method(context, context.client.send(request), set(here))


def test_other_methods_change_nothing(context: Context) -> None:
    """A method that is not documented does nothing, whatever it answers and whatever body comes with it."""
    for role in context.roles():
        before = resources.profile(context, role)
        for method in ("PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"):
            exchange = context.client.send(
                context.request(
                    update({"biography": context.marker(role, method)}).but(method=method), role
                )
            )
            after = resources.profile(context, role)
            if after != before:
                context.find(
                    "http.method",
                    "updateProfile",
                    Text("{} answered {}, then the profile is {}", method, exchange.status, after),
                    Text("unchanged {}", before),
                    exchange,
                )
                before = after


@pytest.mark.parametrize("path", UNKNOWN)
def test_unknown_paths(context: Context, path: str) -> None:
    """An unknown path is 404 with an error body, with and without a session."""
    for role in ("primary", None):
        known = context.request(REFERRALS, role)
        name = f"GET {path.partition('?')[0]}"
        exchange = context.client.send(
            HttpRequest(**{**vars(known), "path": path, "operation": name})
        )
        if exchange.status != NOT_FOUND and exchange.status:
            context.find("http.path", name, exchange, Status(NOT_FOUND))
        elif exchange.status:
            _error_body(context, exchange, "http.path", "GENERIC_NOT_FOUND")


@pytest.mark.parametrize("operation", READS)
def test_head(context: Context, operation: str) -> None:
    """HEAD answers the status and headers of GET without a body (RFC 9110, 9.3.2)."""
    template = resources.valid(context, operation, "primary")
    for role in ("primary", None):
        got, head = context.send(template, role), _head(context, template, role)
        if head.status != got.status:
            context.find(
                "http.head",
                operation,
                Text("HEAD {}", head.status),
                Text("{}, as GET", got.status),
                head,
                sign=_other_status(head.status),
            )
            continue
        if head.body:
            context.find(
                "http.head",
                operation,
                Text("a body of {} bytes: {}", len(head.body), head),
                "no body",
                head,
            )
        if head.media_type is not None and head.media_type != got.media_type:
            context.find(
                "http.head",
                operation,
                Text("Content-Type {}", head.media_type),
                Text("{}, as GET", got.media_type),
                head,
            )
        for name, (mine, wanted) in {
            key: (_kind(head, key), _kind(got, key)) for key in HEAD_ALSO
        }.items():
            if mine != wanted:
                context.find(
                    "http.head",
                    operation,
                    Text("{}: {}", name, head.header(name)),
                    Text("{}, as GET", got.header(name)),
                    head,
                )
        _same_length(context, template, role)
    for other in wrong(context, operation):
        got, head = context.send(other), _head(context, other, "primary")
        if head.status != got.status:
            context.find(
                "http.head",
                operation,
                Text("HEAD {}", head.status),
                Text("{}, as GET", got.status),
                head,
                sign=_other_status(head.status),
            )


def _other_status(status: int) -> str:
    """Return the symptom of a HEAD that has not the status of its GET."""
    return f"answers {status} to HEAD, and not what it answers to GET"


def _same_length(context: Context, template: RequestTemplate, role: str | None) -> None:
    """A length that HEAD tells is that of GET (RFC 9110, 8.6), unless the length of the target's answers varies."""
    heads = [_head(context, template, role) for _ in range(4)]
    gets = [context.send(template, role) for _ in range(4)]
    told, real = (
        {exchange.header("Content-Length") for exchange in each} for each in (heads, gets)
    )
    # An answer in chunks tells no length, but then it is not empty either.
    empty = told == {"0"} and real == {None} and all(exchange.body for exchange in gets)
    if empty or (len(told) == len(real) == 1 and told != real and not {None} & (told | real)):
        context.find(
            "http.head",
            template.operation,
            Text("Content-Length: {}", told.pop()),
            Text("that of GET, which is {}, or none", gets[0].header("Content-Length")),
            heads[0],
        )


def _kind(exchange: Exchange, name: str) -> str:
    """What of a header has to be the same for HEAD: that caches keep out, and the scheme of the challenge."""
    value = (exchange.header(name) or "").lower()
    return (
        "no-store" * ("no-store" in value)
        if name == "Cache-Control"
        else value.split(" ")[0].rstrip(",")
    )


def test_marking_demands_no_body(context: Context) -> None:
    """Mark-read takes nothing: no body, no content type, no length, and it answers 201 without a body."""
    templates = [MARK_READ, MARK_READ.but(body=b"", content_type=None), MARK_READ.but(length=False)]
    exchange = context.send(templates[-1])
    if refuses_as_http(exchange):
        templates.pop()  # HTTP lets a server demand a length (RFC 9110, 15.5.12)
        context.find(
            "input.accepted",
            MARK_READ.operation,
            exchange,
            Status(201, "also without a length"),
        )
    for role in context.roles():
        for template in templates:
            for _ in range(context.depth.repeats):
                context.accepted(template, role)


def test_optional_input(context: Context) -> None:
    """What is documented as optional may be absent, each alone and all together."""
    for role in context.roles():
        container = resources.homes(context, role)[0]
        for page, limit in ((None, None), (1, None), (None, 5), (1, 5)):
            context.accepted(
                notifications(container, page, limit),
                role,
                "" if page is limit is None else "input.accepted",
            )
        _each_alone(context, role)


def _each_alone(context: Context, role: str) -> None:
    """What is accepted in one update with everything else is accepted alone: everything else is optional."""
    changes = {name: fresh(context, name, role, "alone") for name in CONTRACT.updatable}
    if not context.send(update(changes), role).ok:
        return
    for name, value in changes.items():
        exchange = context.send(update({name: value}), role)
        if exchange.refused:
            context.find(
                "input.valid",
                "updateProfile",
                exchange,
                "accepted, as together with the other fields, which are optional",
            )


def test_nothing_makes_it_fail(context: Context) -> None:
    """Large, strange and broken input is refused or accepted, never a server error."""
    for text in HEAVY:
        for name in CONTRACT.updatable:
            context.send(update({name: text}))
            context.send(update({name: {"year": text}}))
        context.send(update({text[:1000]: text}))
        if len(text) < 1000 and text.isprintable():  # noqa: PLR2004 - what fits in a request line anywhere
            context.send(
                RequestTemplate("getPublicProfile", username=text, query=(("containerId", text),))
            )
            context.send(
                RequestTemplate(
                    "listNotifications",
                    query=(("containerId", text), ("page", text), ("limit", text)),
                )
            )
            context.send(fields(text))
    for key in ("__proto__", "constructor", "toString", "$where", "a.b", "a[0]", "", "\u0000"):
        context.send(update({key: {key: key}}))
        context.send(RequestTemplate("listReferrals", query=((key, key), (f"{key}[{key}]", key))))
    for number in (1e300, -1e300, 10**30, 0.1, -0.0):
        context.send(update({"dateOfBirth": {"year": number, "month": number, "day": number}}))
    context.send(fields(*(["handle"] * 200)))
    context.send(
        fields("handle").but(
            headers=(("Accept", "text/html"), ("X-Strange", "é😀"), ("Cookie", "a=b; c"))
        )
    )
    context.send(REFERRALS.but(raw_query="%zz&&=&a=%&=b"))


def _wrong_method(context: Context, exchange: Exchange, documented: set[str]) -> None:
    method = exchange.request.method
    name = exchange.request.operation
    wanted = Status(NOT_ALLOWED, Text("with Allow: {}", ", ".join(sorted(documented))))
    allow = {part.strip().upper() for part in (exchange.header("Allow") or "").split(",")}
    if exchange.status != NOT_ALLOWED and exchange.status:
        context.find(
            "http.method",
            name,
            Text("{}: {}", method, exchange),
            wanted,
            exchange,
        )
    elif exchange.status and (not documented <= allow or method in allow):
        context.find(
            "http.method",
            name,
            Text("{}: 405 with Allow: {}", method, exchange.header("Allow")),
            wanted,
            exchange,
            sign=WRONG_ALLOW,
        )
    elif exchange.status:
        _error_body(context, exchange, "http.method", "GENERIC_CLIENT_ERROR")


def _error_body(context: Context, exchange: Exchange, rule: str, code: str) -> None:
    body = context.body(exchange)
    if (
        exchange.media_type != "application/json"
        or not isinstance(body, dict)
        or body.get("code") != code
    ):
        context.find(
            rule,
            exchange.request.operation,
            Text("{}: {}", exchange.header("Content-Type"), exchange),
            Text("an Error body with code {}", code),
            exchange,
        )


def _head(context: Context, template: RequestTemplate, role: str | None) -> Exchange:
    """Send HEAD and read all that comes, since a client for HTTP would not look for a body."""
    return context.client.send_raw(context.request(template.but(method="HEAD"), role))
