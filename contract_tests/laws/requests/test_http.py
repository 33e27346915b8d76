"""HTTP itself: undocumented methods and paths, HEAD, and no failure on any input."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from contract_tests.api import resources
from contract_tests.api.context import NOT_FOUND, Context
from contract_tests.api.request_templates import (
    MARK_READ,
    REFERRALS,
    RequestTemplate,
    fields,
    notifications,
    public,
    update,
)
from contract_tests.checks.response_checks import refuses_as_http
from contract_tests.findings.evidence import Status, Text
from contract_tests.laws._support import DOCUMENTED, READS, fresh, unchanged, wrong

if TYPE_CHECKING:
    from contract_tests.http.messages import Exchange

PATHS = sorted({operation.path for operation in DOCUMENTED.values()})
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
NOT_ALLOWED = 405
# Headers that must not differ; others may depend on the body.
HEAD_ALSO = ("Cache-Control", "WWW-Authenticate")
# Beside documented paths: further parts, another version, slashes, case and endings.
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
HEAVY = (
    "x" * 100_000,
    "😀" * 20_000,
    "\u0000",
    "\\u0000",
    "%00",
    "{" * 50,
    "[" * 50,
    "1" * 400,
)
# So many characters fit in a request line anywhere.
FITS = 1000
# Names that mean something to JavaScript, to MongoDB and to readers of forms.
ODD_KEYS = ("__proto__", "constructor", "toString", "$where", "a.b", "a[0]", "", "\u0000")

WRONG_ALLOW = "405 without an Allow that names every documented method, and no other"


@pytest.mark.parametrize("path", PATHS)
def test_other_methods(context: Context, path: str) -> None:
    """A method that is not documented is 405, and `Allow` names those that are.

    It is so with and without a session.
    """
    here = {each.method: each.name for each in DOCUMENTED.values() if each.path == path}
    template = resources.valid(context, next(iter(here.values())), "primary")
    for method in METHODS:
        if method in here:
            continue
        for role in ("primary", None):
            request = context.request(template.but(method=method), role)
            _judge_method(context, context.client.send(request), set(here))


def test_other_methods_change_nothing(context: Context) -> None:
    """A method that is not documented does nothing, whatever it answers and whatever is sent."""
    for role in context.roles():
        before = resources.profile(context, role)
        for method in ("PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"):
            template = update({"biography": context.marker(role, method)}).but(method=method)
            exchange = context.client.send(context.request(template, role))
            before = unchanged(
                context,
                role,
                before,
                exchange,
                ("http.method", method),
            )


@pytest.mark.parametrize("path", UNKNOWN)
def test_unknown_paths(context: Context, path: str) -> None:
    """An unknown path is 404 with an error body, with and without a session."""
    name = f"GET {path.partition('?')[0]}"
    for role in ("primary", None):
        request = replace(context.request(REFERRALS, role), path=path, operation=name)
        exchange = context.client.send(request)
        if exchange.status == NOT_FOUND:
            _judge_error(context, exchange, "http.path", "GENERIC_NOT_FOUND")
        elif exchange.status:
            context.find("http.path", name, exchange, Status(NOT_FOUND))


@pytest.mark.parametrize("operation", READS)
def test_head(context: Context, operation: str) -> None:
    """HEAD answers the status and headers of GET without a body (RFC 9110, 9.3.2)."""
    template = resources.valid(context, operation, "primary")
    for role in ("primary", None):
        got, head = context.send(template, role), _head(context, template, role)
        if _judge_status(context, head, got):
            _judge_head(context, head, got)
            _judge_length(context, template, role)
    for other in wrong(context, operation):
        got, head = context.send(other), _head(context, other, "primary")
        _judge_status(context, head, got)


def _head(
    context: Context,
    template: RequestTemplate,
    role: str | None,
) -> Exchange:
    """Send HEAD and read all that comes, since a client for HTTP would not look for a body."""
    return context.client.send_raw(context.request(template.but(method="HEAD"), role))


def _judge_status(
    context: Context,
    head: Exchange,
    got: Exchange,
) -> bool:
    """Judge that a HEAD has the status of its GET, and return whether it has."""
    if head.status == got.status:
        return True
    context.find(
        "http.head",
        head.request.operation,
        Text("HEAD {}", head.status),
        Text("{}, as GET", got.status),
        head,
        sign=f"answers {head.status} to HEAD, and not what it answers to GET",
    )
    return False


def _judge_head(
    context: Context,
    head: Exchange,
    got: Exchange,
) -> None:
    """Judge that a HEAD has no body, and headers as its GET."""
    operation = head.request.operation
    if head.body:
        received = Text("a body of {} bytes: {}", len(head.body), head)
        context.find(
            "http.head",
            operation,
            received,
            "no body",
            head,
        )
    differing = [name for name in HEAD_ALSO if _kind(head, name) != _kind(got, name)]
    if head.media_type not in (None, got.media_type):
        differing.insert(0, "Content-Type")
    for name in differing:
        context.find(
            "http.head",
            operation,
            Text("{}: {}", name, head.header(name)),
            Text("{}, as GET", got.header(name)),
            head,
        )


def _judge_length(
    context: Context,
    template: RequestTemplate,
    role: str | None,
) -> None:
    """Judge that a length which HEAD tells is that of GET (RFC 9110, 8.6).

    The length of a target's answers may vary; then nothing can be said.
    """
    # More than one of each: the length may vary.
    heads = [_head(context, template, role) for _ in range(4)]
    gets = [context.send(template, role) for _ in range(4)]
    head_lengths, get_lengths = (
        {exchange.header("Content-Length") for exchange in each} for each in (heads, gets)
    )
    # An answer in chunks tells no length, but then it is not empty either.
    is_empty = (
        head_lengths == {"0"} and get_lengths == {None} and all(exchange.body for exchange in gets)
    )
    is_steady = (
        len(head_lengths) == len(get_lengths) == 1 and None not in head_lengths | get_lengths
    )
    if is_empty or (is_steady and head_lengths != get_lengths):
        context.find(
            "http.head",
            template.operation,
            Text("Content-Length: {}", head_lengths.pop()),
            Text("that of GET, which is {}, or none", gets[0].header("Content-Length")),
            heads[0],
        )


def _kind(exchange: Exchange, name: str) -> object:
    """Return what of a header has to be the same for HEAD.

    That is whether caches keep out, and the scheme of the challenge.
    """
    value = (exchange.header(name) or "").lower()
    if name == "Cache-Control":
        return "no-store" in value
    return value.split(" ")[0].rstrip(",")


def test_marking_demands_no_body(context: Context) -> None:
    """Mark-read takes nothing: no body, no content type, no length. It answers without a body."""
    templates = [MARK_READ, MARK_READ.but(body=b"", content_type=None), MARK_READ.but(length=False)]
    exchange = context.send(templates[-1])
    if refuses_as_http(exchange):
        # HTTP lets a server demand a length (RFC 9110, 15.5.12).
        templates.pop()
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
        context.accepted(notifications(container), role)
        # The bounds of both are ours.
        for page, limit in ((1, None), (None, 5), (1, 5)):
            context.accepted(notifications(container, page, limit), role, "input.accepted")
        _each_alone(context, role)


def _each_alone(context: Context, role: str) -> None:
    """Judge that what is accepted with all other fields is accepted alone: they are optional."""
    changes = {name: fresh(context, name, role, "alone") for name in context.contract.updatable}
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
        _send_heavy(context, text)
    for key in ODD_KEYS:
        context.send(update({key: {key: key}}))
        context.send(REFERRALS.but(query=((key, key), (f"{key}[{key}]", key))))
    # Past the integers of most databases, fractions, and the zero with a sign.
    for number in (1e300, -1e300, 10**30, 0.1, -0.0):
        context.send(update({"dateOfBirth": {"year": number, "month": number, "day": number}}))
    context.send(fields(*(["handle"] * 200)))
    headers = (("Accept", "text/html"), ("X-Strange", "é😀"), ("Cookie", "a=b; c"))
    context.send(fields("handle").but(headers=headers))
    context.send(REFERRALS.but(raw_query="%zz&&=&a=%&=b"))


def _send_heavy(context: Context, text: str) -> None:
    for name in context.contract.updatable:
        context.send(update({name: text}))
        context.send(update({name: {"year": text}}))
    context.send(update({text[:FITS]: text}))
    if len(text) < FITS and text.isprintable():
        context.send(public(text, text))
        context.send(notifications(text, text, text))
        context.send(fields(text))


def _judge_method(
    context: Context,
    exchange: Exchange,
    documented: set[str],
) -> None:
    method = exchange.request.method
    name = exchange.request.operation
    expected = Status(NOT_ALLOWED, Text("with Allow: {}", ", ".join(sorted(documented))))
    allow = exchange.header("Allow") or ""
    allowed = {part.strip().upper() for part in allow.split(",")}
    if not exchange.status:
        return
    if exchange.status != NOT_ALLOWED:
        context.find(
            "http.method",
            name,
            Text("{}: {}", method, exchange),
            expected,
            exchange,
        )
    elif not documented <= allowed or method in allowed:
        context.find(
            "http.method",
            name,
            Text("{}: 405 with Allow: {}", method, exchange.header("Allow")),
            expected,
            exchange,
            sign=WRONG_ALLOW,
        )
    else:
        _judge_error(context, exchange, "http.method", "GENERIC_CLIENT_ERROR")


def _judge_error(
    context: Context,
    exchange: Exchange,
    rule: str,
    code: str,
) -> None:
    found = context.object(exchange).get("code")
    if exchange.media_type != "application/json" or found != code:
        context.find(
            rule,
            exchange.request.operation,
            Text("{}: {}", exchange.header("Content-Type"), exchange),
            Text("an Error body with code {}", code),
            exchange,
        )
