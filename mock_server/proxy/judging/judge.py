"""Judge of requests and answers, by both views of the contract."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from mock_server.contract.compiled import Contract, IsValid, Operation, RawRequest, accept, decode
from mock_server.contract.decoding import UnfitJsonError, is_too_deep
from mock_server.contract.decoding import read_json as read_shallow_json
from mock_server.errors import Violation
from mock_server.proxy.messages.end_to_end_headers import media_type

from .content_codings import UnjudgedError
from .contract_views import Expected, View, documented
from .contract_violations import DOCUMENTED, INFERRED, ContractViolation
from .lenient_json import TOO_DEEP, read_json
from .standard_statuses import is_own

MOST = 50
"""How many violations of one exchange are kept."""
SERVER_ERROR = 500
JSON = "application/json"
BEARER = re.compile(r"(?i)bearer +\S+")


@dataclass(frozen=True, slots=True)
class Match:
    """The operation that a request is for, and its path values as they were sent."""

    operation: Operation
    path: Mapping[str, str]


class Judge:
    """Both views of one contract."""

    def __init__(self, contract: Contract) -> None:
        self.full = View(contract, is_full=True)
        self.documentation = View(Contract(documented(contract.document)), is_full=False)

    def warm(self) -> object:
        """Load what explains refusals."""
        return self.full.validator.explain, self.documentation.validator.explain

    def request(
        self,
        match: Match,
        query: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> list[ContractViolation]:
        """List what is wrong with a request."""
        found = []
        if self.full.needs_session and not BEARER.fullmatch(headers.get("authorization", "")):
            reason = "must be Bearer and a session token"
            found.append(ContractViolation(INFERRED, "request", "header", "Authorization", reason))
        operation = match.operation
        raw = RawRequest(match.path, query, media_type(headers), _plain(body))
        decoded = decode(operation, raw)
        if accept(operation, raw, decoded) is not None:
            return found
        _refuse_too_deep(raw.body)
        documented = set(self._documented_violations(operation.id, raw))
        for violation in self.full.validator.explain(operation, raw, decoded):
            view = _view(violation in documented)
            found.append(ContractViolation(view, "request", *violation))
        return found[:MOST]

    def _documented_violations(self, name: str, raw: RawRequest) -> Iterable[Violation]:
        """List what breaks the documented view."""
        operation = self.documentation.contract.operations[name]
        decoded = decode(operation, raw)
        if accept(operation, raw, decoded) is not None:
            return []
        # The documentation says nothing of repetition and encoding, which decoding judges.
        undocumented = set(decoded.violations)
        violations = self.documentation.validator.explain(operation, raw, decoded)
        return (violation for violation in violations if violation not in undocumented)

    def wants_body(self, match: Match, status: int, headers: dict[str, str]) -> bool:
        """Tell whether the body of an answer can be judged.

        It can be where it is JSON as documented, and where no body is documented at all.
        """
        full = self.full.expected(match.operation, status)
        return full is not None and (not full.has_body or media_type(headers) == JSON)

    def head(
        self,
        match: Match,
        method: str,
        status: int,
        headers: dict[str, str],
        request_headers: Mapping[str, str],
    ) -> list[ContractViolation]:
        """List what is wrong with status and headers of an answer."""
        full = self.full.expected(match.operation, status)
        documented = self.documentation.expected(match.operation, status)
        if full is None:
            # What HTTP itself says is right whatever the contract says.
            if is_own(method, request_headers, status, headers):
                return []
            return [_undocumented_status(match.operation, status)]
        given = media_type(headers)
        found = list(_header_violations(full, documented, headers))
        # An answer to HEAD may leave out headers that describe the body (RFC 9110, 9.3.2).
        if method == "HEAD" and full.has_body and not given:
            return found
        return [*_type_violations(full, documented, given), *found]

    def body(self, match: Match, status: int, raw: bytes) -> tuple[list[ContractViolation], Any]:
        """List what is wrong with a body, and return its value; `None` where it has none."""
        full = self.full.expected(match.operation, status)
        documented = self.documentation.expected(match.operation, status)
        if full is None or not full.has_body:
            too_much = ContractViolation(INFERRED, "answer", "body", "", "must be empty")
            return [too_much] if raw else [], None
        try:
            value = read_json(raw)
        except ValueError:
            view = _view(documented is not None and documented.has_body)
            return [ContractViolation(view, "answer", "body", "", "must be valid JSON")], None
        if is_too_deep(value, raw):
            raise UnjudgedError(TOO_DEEP)
        return list(self._body_violations(full, documented, value)), value

    def _body_violations(
        self, full: Expected, documented: Expected | None, value: Any
    ) -> Iterator[ContractViolation]:
        documented_faults: set[tuple[str, str]] = set()
        if documented is not None:
            documented_faults.update(islice(self.documentation.faults(documented, value), MOST))
        faults = islice(self.full.faults(full, value), MOST)
        for fault in dict.fromkeys(faults):
            yield ContractViolation(_view(fault in documented_faults), "answer", "body", *fault)


def _view(is_documented: bool) -> str:  # noqa: FBT001 - it is all that there is to say
    return DOCUMENTED if is_documented else INFERRED


def _undocumented_status(operation: Operation, status: int) -> ContractViolation:
    # `default` may stand for any status but a failure of the server.
    is_sure = status >= SERVER_ERROR or "default" not in operation.responses
    return ContractViolation(_view(is_sure), "answer", "status", "", f"{status} is not documented")


def _type_violations(
    full: Expected, documented: Expected | None, given: str
) -> Iterator[ContractViolation]:
    """Yield what is wrong with the media type of an answer, which is empty where it has none."""
    if full.has_body and given != JSON:
        view = _view(documented is not None and documented.has_body)
        yield ContractViolation(view, "answer", "header", "Content-Type", f"must be {JSON}")
    if not full.has_body and given:
        reason = "must not be there, as there is no body"
        yield ContractViolation(INFERRED, "answer", "header", "Content-Type", reason)


def _header_violations(
    full: Expected, documented: Expected | None, headers: Mapping[str, str]
) -> Iterator[ContractViolation]:
    for name, is_valid in full.headers.items():
        if not _is_fulfilled(is_valid, headers.get(name.lower())):
            view = _view(documented is not None and name in documented.headers)
            yield ContractViolation(
                view, "answer", "header", name, "is missing or not as documented"
            )


def _plain(body: bytes) -> bytes:
    """Return JSON without what few programs can read, with the same meaning.

    What is no JSON stays as it is, and so does what is nested too deep for the writer.
    """
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        with suppress(ValueError, TypeError):
            return orjson.dumps(read_json(body))
    return body


def _refuse_too_deep(body: bytes) -> None:
    """Raise `UnjudgedError` for valid JSON that is nested too deep to be explained."""
    try:
        read_shallow_json(body)
    except UnfitJsonError:
        raise UnjudgedError(TOO_DEEP) from None
    except ValueError:
        return


def _is_fulfilled(is_valid: IsValid, value: str | None) -> bool:
    """Tell whether a header is valid as a whole, or one of its members is.

    `Cache-Control: no-store, private` is right where `no-store` is documented, and directives and
    schemes have no case (RFC 9111, 5.2; RFC 9110, 11.1).
    """
    if value is None:
        return False
    words = [part.split()[0].lower() for part in value.split(",") if part.strip()]
    capitalized = [word.capitalize() for word in words]
    return any(map(is_valid, [value, *words, *capitalized]))
