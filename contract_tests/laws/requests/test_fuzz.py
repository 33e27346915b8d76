"""Schemathesis' examples, coverage and fuzzing, judged against both views of the contract."""

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

# Unexpected methods have a law of their own; here they would also be sent where only reading is
# meant.
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
LOOKED_UP = ("getPublicProfile", "listNotifications")
TOKEN = "the-session"  # noqa: S105 - stands for the session until the call is sent


@SCHEMA.auth()
class Bearer:
    """The session for every case, set the way that leaves cases without one alone."""

    def get(self, _case: Case[Any], _context: AuthContext) -> str:
        """Return the token of the first session."""
        return TOKEN

    def set(
        self,
        case: Case[Any],
        data: str,
        _context: AuthContext,
    ) -> None:
        """Put the token where the contract's security scheme has it."""
        case.headers["Authorization"] = f"Bearer {data}"


@SCHEMA.parametrize()
@settings(settings.get_profile("gate"))
def test_generated_calls(context: Context, case: Case[Any]) -> None:
    """Whatever is generated, valid input is accepted, and invalid input refused.

    Every answer is as documented.
    """
    exchange = _send(context, case)
    # What was generated has no mark of this run.
    if exchange is not None and exchange.ok and exchange.request.operation == "updateProfile":
        renew(context, "primary")
    if exchange is not None and case.meta is not None:
        _judge(context, exchange, case.meta.generation.mode)


def _send(context: Context, case: Case[Any]) -> Exchange | None:
    """Send a generated call; None if it cannot be written as a request."""
    try:
        prepared = requests.Request(**_transport(context, case)).prepare()
    except (ValueError, requests.RequestException):
        return None
    session = f"Bearer {context.target.sessions['primary']}"
    headers = []
    for name, given in prepared.headers.items():
        # Latin-1 is how requests spells bytes of a header.
        value = given.decode("latin-1") if isinstance(given, bytes) else given
        if name.lower() in DROPPED:
            continue
        if not value.isprintable():
            return None
        is_session = value == f"Bearer {TOKEN}"
        headers.append((name, session if is_session else value))
    body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
    if not isinstance(body, bytes | None):
        return None
    request = HttpRequest(
        operation=case.operation.definition.raw["operationId"],
        method=prepared.method or "",
        path=prepared.path_url.removeprefix(context.client.prefix),
        headers=tuple(headers),
        body=body,
        secrets=context.target.secrets,
    )
    return context.client.send(request)


def _transport(context: Context, case: Case[Any]) -> dict[str, object]:
    kwargs = case.as_transport_kwargs(base_url=context.target.base_url)
    # Others, such as hooks, are no part of a request.
    known = ("method", "url", "headers", "params", "data", "json", "files", "cookies")
    return {key: value for key, value in kwargs.items() if key in known}


def _judge(
    context: Context,
    exchange: Exchange,
    mode: GenerationMode,
) -> None:
    request = exchange.request
    tokens = [value for name, value in request.headers if name.lower() == "authorization"]
    if tokens != [f"Bearer {context.target.sessions['primary']}"] or not _on_path(context, request):
        return
    wrong = request_validation.flaws(context.contract, context.contract.full, request)
    if mode.is_negative and wrong and exchange.ok:
        context.find_accepted(exchange, wrong)
    elif mode.is_positive and not wrong:
        _valid(context, exchange)


def _valid(context: Context, exchange: Exchange) -> None:
    name = exchange.request.operation
    status = exchange.status
    if status == UNAUTHORIZED:
        context.find("session.valid", name, exchange, "the session $PRIMARY is valid")
    # There may be no such user or container, and another user may have the handle.
    is_absent = name in LOOKED_UP and status in (NOT_FOUND, BAD_REQUEST)
    is_taken = b'"handle"' in (exchange.request.body or b"") and status == BAD_REQUEST
    if BAD_REQUEST <= status < SERVER_ERROR and not is_absent and not is_taken:
        context.find("input.accepted", name, exchange, "valid by the full contract")


def _on_path(context: Context, request: HttpRequest) -> bool:
    """Whether the path still is that of the operation.

    An empty or slashed name makes it another.
    """
    shape = context.contract.operations[request.operation].path.split("/")
    parts = request.path.partition("?")[0].split("/")
    if len(parts) != len(shape):
        return False
    for wanted, part in zip(shape[1:], parts[1:], strict=True):
        text = unquote(part)
        if text in ("", ".", "..") or "/" in text:
            return False
        if not wanted.startswith("{") and wanted != part:
            return False
    return True
