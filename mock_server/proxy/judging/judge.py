"""Judges requests and answers by both views of the contract."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from mock_server.contract.compiled import Contract, Operation, RawRequest, accept, decode
from mock_server.contract.decoding import UnfitJsonError, is_too_deep
from mock_server.contract.decoding import read_json as read_shallow_json
from mock_server.contract.route_hints import nearest
from mock_server.errors import Violation
from mock_server.proxy.messages.end_to_end_headers import media_type

from .content_codings import UnjudgedError
from .contract_views import View, documented
from .lenient_json import TOO_DEEP, read_json
from .proxy_findings import DOCUMENTED, INFERRED, Finding
from .standard_statuses import is_own

MOST = 50
"""How many findings of one exchange are kept."""
SERVER_ERROR = 500
JSON = "application/json"
_NAME = re.compile(r"\{(.+?)\}")
BEARER = re.compile(r"(?i)bearer +\S+")


@dataclass(frozen=True, slots=True)
class Match:
    """The operation that a request is for, and its path values as they were sent."""

    operation: Operation
    path: Mapping[str, str]


class Judge:
    """Both views of one contract."""

    def __init__(self, contract: Contract) -> None:
        self.full = View(contract.document, is_full=True)
        self.page = View(documented(contract.document), is_full=False)
        self._routes = [(_pattern(each.path), each) for each in contract.operations.values()]

    def warm(self) -> object:
        """Load what explains refusals."""
        return self.full.gate.explain, self.page.gate.explain

    def find(self, method: str, path: str) -> Match | None:
        """Return the operation of a request; HEAD is a GET without a body."""
        wanted = "GET" if method == "HEAD" else method
        for pattern, operation in self._routes:
            if operation.method == wanted and (found := pattern.fullmatch(path)):
                return Match(
                    operation, dict(zip(_NAME.findall(operation.path), found.groups(), strict=True))
                )
        return None

    def nearest(self, method: str, path: str) -> str:
        """Say which operation an unknown request came close to."""
        return nearest(self.full.contract.operations.values(), method, path)

    def request(
        self, match: Match, query: str, headers: dict[str, str], body: bytes
    ) -> list[Finding]:
        """List what is wrong with a request."""
        raw = RawRequest(match.path, query, media_type(headers), _plain(body))
        found = []
        if self.full.needs_session and not BEARER.fullmatch(headers.get("authorization", "")):
            found.append(
                Finding(
                    INFERRED,
                    "request",
                    "header",
                    "Authorization",
                    "must be Bearer and a session token",
                )
            )
        decoded = decode(match.operation, raw)
        if accept(match.operation, raw, decoded) is not None:
            return found
        _refuse_too_deep(raw.body)
        sure = set(self._documented(match.operation.id, raw))
        broken = self.full.gate.explain(match.operation, raw, decoded)
        found += [
            Finding(DOCUMENTED if each in sure else INFERRED, "request", *each) for each in broken
        ]
        return found[:MOST]

    def _documented(self, name: str, raw: RawRequest) -> Iterable[Violation]:
        """List what the documentation forbids; it says nothing of repetition and encoding, which decoding judges."""
        operation = self.page.contract.operations[name]
        decoded = decode(operation, raw)
        odd = set(decoded.violations)
        if accept(operation, raw, decoded) is not None:
            return []
        return (
            violation
            for violation in self.page.gate.explain(operation, raw, decoded)
            if violation not in odd
        )

    def wants_body(self, match: Match, status: int, headers: dict[str, str]) -> bool:
        """Tell whether the body of an answer can be judged: JSON where a body is documented, anything where none is."""
        full = self.full.expected(match.operation, status)
        return full is not None and (not full.has_body or media_type(headers) == JSON)

    def head(
        self,
        match: Match,
        method: str,
        status: int,
        headers: dict[str, str],
        asked: Mapping[str, str],
    ) -> list[Finding]:
        """List what is wrong with status and headers of an answer; `asked` are the headers of the request."""
        full, page = (view.expected(match.operation, status) for view in (self.full, self.page))
        if full is None and is_own(method, asked, status, headers):
            return []
        if full is None:
            sure = status >= SERVER_ERROR or "default" not in match.operation.responses
            return [
                Finding(
                    DOCUMENTED if sure else INFERRED,
                    "answer",
                    "status",
                    "",
                    f"{status} is not documented",
                )
            ]
        found, given = [], media_type(headers)
        if full.has_body and given != JSON and not (method == "HEAD" and not given):
            view = DOCUMENTED if page and page.has_body else INFERRED
            found.append(Finding(view, "answer", "header", "Content-Type", f"must be {JSON}"))
        if not full.has_body and given:
            found.append(
                Finding(
                    INFERRED,
                    "answer",
                    "header",
                    "Content-Type",
                    "must not be there, as there is no body",
                )
            )
        for name, is_valid in full.headers.items():
            if not _is_said(is_valid, headers.get(name.lower())):
                view = DOCUMENTED if page and name in page.headers else INFERRED
                found.append(
                    Finding(view, "answer", "header", name, "is missing or not as documented")
                )
        return found

    def body(self, match: Match, status: int, raw: bytes) -> tuple[list[Finding], Any]:
        """List what is wrong with a body that `wants_body`, and return its value; `None` where it has none."""
        full, page = (view.expected(match.operation, status) for view in (self.full, self.page))
        if full is None or not full.has_body:
            return ([Finding(INFERRED, "answer", "body", "", "must be empty")] if raw else []), None
        sure = page is not None and page.has_body
        try:
            value = read_json(raw)
        except ValueError:
            return [
                Finding(
                    DOCUMENTED if sure else INFERRED, "answer", "body", "", "must be valid JSON"
                )
            ], None
        if is_too_deep(value, raw):
            raise UnjudgedError(TOO_DEEP)
        broken = set() if page is None else set(islice(self.page.faults(page, value), MOST))
        faults = dict.fromkeys(islice(self.full.faults(full, value), MOST))
        return list(_findings(faults, broken)), value


def _findings(faults: Iterable[tuple[str, str]], broken: set[tuple[str, str]]) -> Iterator[Finding]:
    for fault in faults:
        yield Finding(DOCUMENTED if fault in broken else INFERRED, "answer", "body", *fault)


def _plain(body: bytes) -> bytes:
    """Return JSON that means the same without what few programs can read, and what is no JSON as it is."""
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        with suppress(ValueError, TypeError):  # no JSON, or nested deeper than what writes it goes
            return orjson.dumps(read_json(body))
    return body


def _refuse_too_deep(body: bytes) -> None:
    """Raise `UnjudgedError` where JSON is valid, and nested deeper than what explains goes."""
    try:
        read_shallow_json(body)
    except UnfitJsonError:
        raise UnjudgedError(TOO_DEEP) from None
    except ValueError:
        return


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("([^/]+)".join(re.escape(part) for part in _NAME.sub("\0", path).split("\0")))


def _is_said(is_valid: Any, value: str | None) -> bool:
    """Tell whether a header says what it must, alone or among others; names of directives and schemes have no case."""
    if value is None:
        return False
    words = [part.split()[0].lower() for part in value.split(",") if part.strip()]
    return any(is_valid(each) for each in (value, *words, *(word.capitalize() for word in words)))
