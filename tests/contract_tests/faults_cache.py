"""Faults: what may be kept by a cache, and what is kept too long."""

import copy
from typing import Any

from tests.contract_tests.catalogue import fault
from tests.contract_tests.faults_support import LIST, PUBLIC, UPDATE
from tests.contract_tests.reference import Answer, Api, RefusalError, Request


@fault("cache", "http.same-answer", PUBLIC, law="steady: a refusal is forgotten")
class NotFoundSticks(Api):
    """Where a user was not found in an unknown container, the next read of that user is 404 too."""

    def __init__(self) -> None:
        super().__init__()
        self.missing: set[str] = set()

    def get_public(self, request: Request) -> Answer:
        if request.path in self.missing:
            self.missing.discard(request.path)
            raise RefusalError(404, "GENERIC_NOT_FOUND")
        try:
            return super().get_public(request)
        except RefusalError as refusal:
            if refusal.status == 404:
                self.missing.add(request.path)
            raise


@fault("cache", "session.isolation", LIST, law="identity: readers in turn")
class NextReaderGetsTheLastPage(Api):
    """A list is kept and given to whoever asks the very same next, if that is another user."""

    kept: tuple[str, str, Any] = ("", "", None)

    def list_notifications(self, request: Request) -> Answer:
        query, user, body = self.kept
        answer = super().list_notifications(request)
        self.kept = (request.query, request.user, copy.deepcopy(answer.body))
        return Answer(200, body) if query == request.query and user != request.user else answer


@fault("cache", "http.headers", LIST, law="headers: usual headers", also="answer.status")
class AnyTagMatches(Api):
    """Whatever entity tag a client knows, nothing has changed since."""

    def list_notifications(self, request: Request) -> Answer:
        return (
            Answer(304)
            if "if-none-match" in request.headers
            else super().list_notifications(request)
        )


@fault("cache", "update.seen", UPDATE, law="update: no read is stale")
class StaleProjection(Api):
    """A list of fields once read is answered from a cache that updates do not clear."""

    def get_profile(self, request: Request) -> Answer:
        cache = self.__dict__.setdefault("cache", {})
        answer = super().get_profile(request)
        if len(answer.body) == 2:
            answer = cache.setdefault((request.user, request.query), answer)
            return Answer(200, copy.deepcopy(answer.body))
        return answer
