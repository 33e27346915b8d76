"""Schemathesis' examples, coverage and fuzzing on every operation, judged against both views of the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import requests
import schemathesis
from hypothesis import settings
from schemathesis import AuthContext, Case
from schemathesis.config import SchemathesisConfig
from schemathesis.core import SCHEMATHESIS_TEST_CASE_HEADER

from contract_tests.api.context import BAD_REQUEST, NOT_FOUND, UNAUTHORIZED, Context
from contract_tests.api.profile_claims import renew
from contract_tests.checks import request_validation
from contract_tests.checks.response_checks import SERVER_ERROR
from contract_tests.http.messages import Exchange, HttpRequest
from contract_tests.spec import contract

if TYPE_CHECKING:
    from schemathesis.generation import GenerationMode

# Unexpected methods have a law of their own; here they would also be sent where only reading is meant.
CONFIG = SchemathesisConfig.from_dict(
    {
        "phases": {"coverage": {"unexpected-methods": []}},
        # Sessions have laws of their own; every generated call carries the session.
        "generation": {"with-security-parameters": False},
        "warnings": False,
    }
)
SCHEMA = schemathesis.openapi.from_dict(contract.read(), config=CONFIG)
# Headers that are the tools' own, or that the client writes.
DROPPED = (
    *("host", "connection", "accept-encoding", "content-length", "user-agent", "transfer-encoding"),
    SCHEMATHESIS_TEST_CASE_HEADER.lower(),
)
TOKEN = "the-session"  # noqa: S105 - stands for the session until the call is sent


@SCHEMA.auth()
class Bearer:
    """The session for every case, set the way that leaves cases without one alone."""

    def get(self, _case: Case[Any], _context: AuthContext) -> str:
        """Return the token of the first session."""
        return TOKEN

    def set(self, case: Case[Any], data: str, _context: AuthContext) -> None:
        """Put the token where the contract's security scheme has it."""
        case.headers["Authorization"] = f"Bearer {data}"


@SCHEMA.parametrize()
@settings(settings.get_profile("gate"))
def test_generated_calls(context: Context, case: Case[Any]) -> None:
    """Whatever is generated, valid input is accepted, invalid input refused, and every answer is as documented."""
    exchange = _send(context, case)
    if exchange is not None and exchange.ok and exchange.request.operation == "updateProfile":
        renew(context, "primary")
    if exchange is not None and case.meta is not None:
        _judge(context, exchange, case.meta.generation.mode)


def _send(context: Context, case: Case[Any]) -> Exchange | None:
    try:
        prepared = requests.Request(**_transport(context, case)).prepare()
    except (ValueError, requests.RequestException):
        return None  # what cannot be written as a request cannot be judged
    session = f"Bearer {context.target.sessions['primary']}"
    # Latin-1 is how requests spells bytes of a header.
    headers = [
        (name, value.decode("latin-1") if isinstance(value, bytes) else value)
        for name, value in prepared.headers.items()
    ]
    kept = [
        (name, session if value == f"Bearer {TOKEN}" else value)
        for name, value in headers
        if name.lower() not in DROPPED
    ]
    body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
    if not isinstance(body, bytes | None) or any(not value.isprintable() for _, value in kept):
        return None
    path = prepared.path_url.removeprefix(context.client.prefix)
    name = case.operation.definition.raw["operationId"]
    request = HttpRequest(
        name, prepared.method or "", path, tuple(kept), body, context.target.secrets
    )
    return context.client.send(request)


def _transport(context: Context, case: Case[Any]) -> dict[str, object]:
    kwargs = case.as_transport_kwargs(base_url=context.target.base_url)
    known = ("method", "url", "headers", "params", "data", "json", "files", "cookies")
    return {key: value for key, value in kwargs.items() if key in known}


def _judge(context: Context, exchange: Exchange, mode: GenerationMode) -> None:
    request = exchange.request
    tokens = [value for name, value in request.headers if name.lower() == "authorization"]
    if tokens != [f"Bearer {context.target.sessions['primary']}"] or not _on_path(context, request):
        return
    wrong = request_validation.flaws(context.contract, context.contract.full, request)
    if mode.is_negative and wrong and exchange.ok:
        forbidden = request_validation.wrong(context.contract, context.contract.documented, request)
        context.find(
            "input.documented" if forbidden else "input.bounds",
            request.operation,
            exchange,
            request_validation.refusal(wrong),
            sign=request_validation.acceptance(wrong),
            field=request_validation.field_of(wrong),
        )
    elif mode.is_positive and not wrong:
        _valid(context, exchange)


def _valid(context: Context, exchange: Exchange) -> None:
    name = exchange.request.operation
    if exchange.status == UNAUTHORIZED:
        context.find("session.valid", name, exchange, "the session $PRIMARY is valid")
    looked_up = name in ("getPublicProfile", "listNotifications") and exchange.status in (
        NOT_FOUND,
        BAD_REQUEST,
    )
    taken = b'"handle"' in (exchange.request.body or b"") and exchange.status == BAD_REQUEST
    if (
        not exchange.ok
        and BAD_REQUEST <= exchange.status < SERVER_ERROR
        and not looked_up
        and not taken
    ):
        context.find("input.accepted", name, exchange, "valid by the full contract")


def _on_path(context: Context, request: HttpRequest) -> bool:
    """Whether the path still is that of the operation: an empty or slashed name makes it another."""
    shape = context.contract.operations[request.operation].path.split("/")
    parts = request.path.partition("?")[0].split("/")
    same = len(parts) == len(shape) and all(
        want.startswith("{") or want == got for want, got in zip(shape, parts, strict=True)
    )
    return same and all(
        unquote(part) not in ("", ".", "..") and "/" not in unquote(part) for part in parts[1:]
    )
