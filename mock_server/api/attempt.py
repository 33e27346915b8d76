"""One request against one sandbox: who asks, may they, and what comes of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from mock_server.behaviours.handler import Answer
from mock_server.errors import ApiError
from mock_server.http.authentication import admit, find_session, spent
from mock_server.world.records import Session, World
from mock_server.world.sandbox import Sandbox

Run = Callable[[World, Session], tuple[World, Answer]]
"""Validates a request and answers the next world and what to tell the client; raises `ApiError`."""


class Outcome(NamedTuple):
    """What came of a request, whose it was (`None` where nobody is known), and the worlds before and after the handler."""

    answer: Answer | ApiError
    session: Session | None
    before: World
    after: World


def attempt(box: Sandbox, authorization: str | None, run: Run) -> tuple[Sandbox, Outcome]:
    """Return the sandbox after a request; a refusal changes nothing but what counts the calls of the session."""
    session = find_session(box.world, authorization)
    counted = spent(box.world, session)
    if counted is not box.world:
        box = replace(box, world=counted)
    try:
        world, answer = run(counted, admit(session, box.clock.now()))
    except ApiError as error:
        return box, Outcome(error, session, counted, counted)
    return (box if world is counted else box.become(world)), Outcome(
        answer, session, counted, world
    )
