"""Verdict on one exchange: what the judge finds in copies of what passes."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mock_server.journal import masking

from .content_codings import BOUND, TOO_LARGE, Copy, UnjudgedError, is_over

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_server.api.incoming_request import Request

    from .contract_violations import ContractViolation
    from .judge import Judge, Match

log = logging.getLogger("mock_server")


class Verdict:
    """What is wrong with one exchange; without a `match` nothing is known of it.

    `unjudged` is why a part of it was not judged, and `value` the parsed body of the answer.
    """

    def __init__(self, judge: Judge, match: Match | None, request: Request) -> None:
        self.match = match
        self.violations: list[ContractViolation] = []
        self.unjudged = ""
        self.value: Any = None
        self.request_body = Copy()
        self.answer_body = Copy()
        self._judge = judge
        self._request = request
        self._answer_headers: dict[str, str] = {}
        self._is_request_judged = False

    def judge_request(self) -> None:
        """Judge the request, once, when all of it has come."""
        if self.match is None or self._is_request_judged:
            return
        self._is_request_judged = True
        headers = self._request.headers
        body = b""
        with self._tolerance("request"):
            if self.match.operation.body:
                body = self.request_body.decoded(headers.get("content-encoding", ""))
            query = self._request.query
            self.violations += self._judge.request(self.match, query, headers, body)

    def judge_head(self, status: int, headers: dict[str, str]) -> bool:
        """Judge status and headers of the answer; return whether to judge the body too."""
        if self.match is None:
            return False
        self._answer_headers = headers
        method = self._request.method
        with self._tolerance("answer"):
            evidence = self.match, method, status, headers, self._request.headers
            self.violations += self._judge.head(*evidence)
        if method == "HEAD" or not self._judge.wants_body(self.match, status, headers):
            return False
        if is_over(headers.get("content-length", ""), BOUND):
            self.unjudged = f"answer: {TOO_LARGE}"
            return False
        return True

    def judge_body(self, status: int) -> None:
        """Judge the body of the answer, when all of it has come."""
        assert self.match is not None, "without a match nobody wants the body"
        with self._tolerance("answer"):
            coding = self._answer_headers.get("content-encoding", "")
            body = self.answer_body.decoded(coding)
            violations, self.value = self._judge.body(self.match, status, body)
            self.violations += violations

    def close(self) -> None:
        """Note where the request was never judged."""
        if self.match is not None and not self._is_request_judged and not self.unjudged:
            self.unjudged = "request: it was not sent to its end"

    @contextmanager
    def _tolerance(self, side: str) -> Iterator[None]:
        """Note that a side cannot be judged: traffic must not stop for that."""
        try:
            yield
        except UnjudgedError as reason:
            self.unjudged = f"{side}: {reason}"
        except Exception:
            log.exception(
                "%s %s could not be judged; please report this",
                self._request.method,
                masking.path(self._request.path),
            )
            self.unjudged = "the judge failed; the log says why"
