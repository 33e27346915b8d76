"""The table of rules: what each demands, how sure we are of it, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass

VIOLATION = "violation"
INFERRED = "inferred"


@dataclass(frozen=True)
class Rule:
    """One rule, and how sure we are of it.

    `severity` is `violation` where the API's page says it or it follows from it, else `inferred`.
    `families` are the modules of laws that alone judge it; without any, whatever is called
    judges it.
    """

    name: str
    severity: str
    says: str
    families: tuple[str, ...] = ()


def _table(*rules: Rule) -> dict[str, Rule]:
    table = {rule.name: rule for rule in rules}
    if len(table) != len(rules):
        raise ValueError("a rule is defined twice")
    return table


def _sure(name: str, says: str, *families: str) -> Rule:
    return Rule(name, VIOLATION, says, families)


def _ours(name: str, says: str, *families: str) -> Rule:
    return Rule(name, INFERRED, says, families)


CHECKS = _table(
    # One answer, whatever was asked.
    _sure("answer.complete", "Every request gets a complete HTTP answer within the time-out."),
    _sure("answer.no-server-error", "No request makes the server fail (5xx)."),
    _sure("answer.status", "Where no `default` is listed, only the listed statuses are answered."),
    _ours(
        "answer.status-default",
        "`default` means 200; a status that is not listed is not the default response.",
    ),
    _sure("answer.media-type", "Documented bodies are `application/json`."),
    _sure("answer.json", "A body that is documented as JSON is valid JSON in UTF-8."),
    _ours("answer.shape", "Bodies have the shape of the full contract."),
    _ours(
        "answer.no-body", "`201` of `markNotificationsRead` has neither a body nor a content type."
    ),
    _ours(
        "header.no-store",
        "Every answer that depends on the session carries `Cache-Control: no-store`.",
    ),
    _ours("header.www-authenticate", "Every 401 carries `WWW-Authenticate: Bearer`."),
    _ours(
        "error.details", "`details`, where given, names every part of the request that is wrong."
    ),
    # What is accepted and what is refused.
    _sure(
        "input.documented",
        "Input that the documentation forbids is refused: a required parameter missing, a wrong type.",
    ),
    _ours("input.bounds", "Input that breaks a bound or form of the full contract is refused."),
    _sure("input.valid", "Input that the documentation calls valid is accepted."),
    _ours(
        "input.accepted", "Input that the full contract calls valid is accepted, up to each bound."
    ),
    _ours("input.status", "Refused input is answered with 400."),
    # Sessions.
    _sure("session.required", "Data and changes only for a valid session.", "machine", "session"),
    _sure(
        "session.name",
        "A call without a valid session is 401 with the one of the three names that applies.",
        "session",
    ),
    _ours(
        "session.first",
        "The session is checked before the input and before what exists.",
        "session",
    ),
    _sure("session.valid", "A valid session is not answered with 401."),
    _ours(
        "session.place",
        "A session is taken from the `Authorization` header and from nowhere else.",
        "identity",
    ),
    _ours("session.scheme", "The scheme name `Bearer` is case-insensitive.", "session"),
    _ours(
        "session.form",
        "A session is `Bearer` and its token exactly: no other scheme, no quotes, no other case.",
        "machine",
        "session",
    ),
    _sure("session.isolation", "One user's calls never read or write another user's private data."),
    _sure(
        "session.no-change", "A call without a valid session changes nothing.", "read", "session"
    ),
    # Reading a profile.
    _ours("projection.exact", "The answer has exactly the requested fields."),
    _sure(
        "projection.values",
        "A field has one value, whichever fields are asked for together and in whatever order.",
        "projection",
    ),
    # Updating it.
    _sure("update.seen", "A successful update is seen by every later read of the profile."),
    _sure(
        "update.public",
        "A successful update is seen in the public profile at once.",
        "machine",
        "update",
    ),
    _sure(
        "update.partial", "A successful update changes nothing that was not sent.", "read", "update"
    ),
    _sure("update.idempotent", "The same update again changes nothing more.", "update"),
    _sure(
        "update.all-or-nothing",
        "A rejected update changes nothing, whichever field was wrong.",
        "bounds",
        "handles",
        "machine",
        "read",
    ),
    _ours(
        "update.answer", "An update answers the whole profile after the change.", "text", "update"
    ),
    _ours("update.ignored", "Unknown keys and `{}` change nothing.", "bounds", "update"),
    _ours(
        "update.handle",
        "Handles are unique among users; one's own can be taken again, a freed one by anybody.",
        "concurrency",
        "handles",
        "machine",
    ),
    _ours("text.exact", "Text is stored and answered exactly as sent."),
    # Public profiles.
    _ours("public.private", "A public profile never shows the date of birth.", "public"),
    _ours("public.who", "A public profile is that of the user in the path.", "public"),
    _ours(
        "public.not-found",
        "An unknown user, container or member is 404; names are compared exactly.",
        "public",
    ),
    _ours("public.any-reader", "A public profile is the same for every reader.", "public", "text"),
    # Pages.
    _sure(
        "pages.whole",
        "Pages of any size concatenate to the whole: no item twice, none lost, none changed.",
        "machine",
        "pages",
    ),
    _sure("pages.limit", "A page holds at most `limit` items.", "pages"),
    _ours("pages.size", "A page holds `limit` items while there are more."),
    _sure("pages.container", "Notifications of another container do not appear.", "pages"),
    _ours("pages.order", "Newest first, among equal times by `id` ascending.", "pages"),
    _ours("pages.total", "`total` counts the notifications of the container.", "pages"),
    _ours("pages.echo", "`page` and `limit` are echoed.", "pages"),
    _ours("pages.defaults", "`page` is 1 and `limit` 20 where they are absent."),
    _ours("pages.past-end", "A page past the end is 200 with no items."),
    _ours(
        "pages.membership",
        "Notifications of a container are for its members; an unknown one is 404.",
        "public",
    ),
    _ours("pages.own", "Notifications are the session user's own.", "pages"),
    # Mark-read.
    _sure(
        "read.marks",
        "After mark-read the user's notifications are read, in all containers.",
        "read",
    ),
    _sure("read.only-own", "Mark-read marks nothing of another user.", "read"),
    _sure(
        "read.nothing-else",
        "Mark-read changes nothing but `read`, and again changes nothing.",
        "machine",
        "read",
    ),
    _ours("read.keeps", "Read notifications stay in the list, where they were.", "read"),
    _sure("read.only-marking", "Reading, or a refused call, marks nothing as read.", "read"),
    # Referrals.
    _ours("referrals.order", "Referrals come newest first.", "referrals"),
    _ours("referrals.total", "`total` counts the referrals.", "referrals"),
    _ours("referrals.own", "Referrals are the session user's own.", "referrals"),
    # HTTP.
    _sure(
        "http.same-answer",
        "The same safe request gives the same data again, whatever else was read or refused between.",
        "read",
        "steady",
    ),
    _ours(
        "http.method",
        "A method that is not documented is 405 with `Allow` and an `Error` body.",
        "http",
        "read",
    ),
    _ours("http.path", "An unknown path is 404 with an `Error` body.", "http"),
    _ours(
        "http.headers",
        "A header or parameter that the contract does not name changes neither answer nor effect.",
        "headers",
    ),
    _ours(
        "http.head",
        "HEAD on a GET operation answers its status and headers without a body.",
        "http",
    ),
    # At once.
    _sure(
        "concurrent.updates", "Simultaneous updates of different fields all survive.", "concurrency"
    ),
    _sure(
        "concurrent.readers",
        "Readers during an update see the old or the new state, never a mixture.",
        "concurrency",
    ),
    # Whether the run means anything.
    _sure("reach.success", "Every operation answers with success when asked rightly."),
    _ours("reach.status", "Every status and error name that can be provoked was seen."),
)
