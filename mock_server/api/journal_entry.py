"""What the journal keeps of a request, made of what came and what was answered."""

from time import perf_counter

from mock_server.http.broken_connections import broken_answer
from mock_server.http.replies import Reply
from mock_server.journal import capture, masking
from mock_server.journal.entries import Entry
from mock_server.world.overrides import NOTHING
from mock_server.world.sandbox import Sandbox

from .incoming_request import Request


def entry_of(
    request: Request,
    reply: Reply,
    sandbox: Sandbox,
    nearest: str,
) -> Entry:
    """Return the entry of a request to a sandbox as it is afterwards.

    `nearest` says which operation came close to it.
    """
    rule = request.route.rule
    about = reply.about
    plan = about.plan
    path = request.path
    if rule is None or request.route.names:
        path = _without_tokens(path, sandbox)
    headers = reply.headers.items()
    body = b"" if request.method == "HEAD" else reply.body
    status = reply.status
    waited = 0.0
    override = None
    if plan is not NOTHING:
        override = plan.as_json() or None
        waited = plan.delay + (plan.body if body and not plan.fault else 0.0)
    if plan.fault:
        status = 0
        broken_headers, body = broken_answer(plan.fault)
        headers = dict(broken_headers).items()
    return Entry(
        id=0,
        sandbox=request.sandbox,
        at=sandbox.clock.now(),
        method=request.method,
        path=path,
        query=request.query,
        operation="" if rule is None else rule.endpoint,
        user=about.user,
        status=status,
        duration=(perf_counter() - request.started + waited) * 1000,
        violations=about.violations,
        changes=about.changes,
        nearest=nearest,
        fault=plan.fault,
        wire=capture.keep(request.raw_headers, request.headers_size, request.body, headers, body),
        override=override,
    )


def _without_tokens(path: str, sandbox: Sandbox) -> str:
    """Return a path in which no token that the sandbox knows stands."""
    world = sandbox.world
    return "/".join(
        masking.HIDDEN if part in world.sessions or part in world.refreshable else part
        for part in path.split("/")
    )
