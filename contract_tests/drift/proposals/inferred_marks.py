"""The decisions marked `x-inferred` in `openapi.yaml`, and the evidence for or against each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from contract_tests.drift.probes import LIST, MARK, PROFILE, PUBLIC, REFERRALS, UNKNOWN_PATH

if TYPE_CHECKING:
    from contract_tests.drift.differences import Difference

GETS = (PROFILE, PUBLIC, REFERRALS, LIST)
EXPIRED = ("expired session", "expired refresh token")
LIST_PATH = "/paths/~1v1~1user~1notifications/get"
PROFILE_PATH = "/paths/~1v1~1user~1profile/get"
SHAPE = ("presence", "type", "format", "enum values")
STATUS, NAME = ("status",), ("error name",)
ERRORS = tuple(map(str, range(400, 600)))


class Sign(NamedTuple):
    """A difference that is against a mark: of one of these kinds, and at what is given of a place.

    `what` and `where` are those of the difference, each one of several; `beneath` begins its path.
    """

    kinds: tuple[str, ...]
    what: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    beneath: str = ""

    def is_shown_by(self, difference: Difference) -> bool:
        """Return whether this is such a difference."""
        return (
            difference.kind in self.kinds
            and difference.what in (self.what or (difference.what,))
            and difference.path in (self.paths or (difference.path,))
            and difference.path.startswith(self.beneath)
            and not set(self.where or difference.where).isdisjoint(difference.where)
        )


@dataclass(frozen=True)
class Mark:
    """One decision, with the differences on one of `operations` that refute it.

    `needs` are the situations that must have been compared on one of them before it counts as
    confirmed.
    """

    pointer: str
    says: str
    operations: tuple[str, ...]
    needs: tuple[str, ...]
    refuted_by: tuple[Sign, ...]


@dataclass(frozen=True)
class Verdict:
    """The verdict on a mark: `confirms` or `refutes`.

    `sure` is False where other data might explain it.
    """

    pointer: str
    says: str
    word: str
    sure: bool = True


NOBODY = ("unknown user", "unknown container", "user of another container")
NO_SESSION_AND = ("no session and no fields", "no session and no containerId")
NO_SESSION = (
    "no session",
    "unknown session",
    "malformed credentials",
    "other scheme of credentials",
    *EXPIRED,
    "GET instead of POST, no session",
)
WRONG_INPUT = (
    "no fields",
    "empty fields",
    "fields with commas",
    "no containerId",
    "empty containerId",
    "containerId twice",
    "limit",
    "wrong limit in an unknown container",
    "page",
    "page twice",
    "broken UTF-8",
)
MARKS = (
    Mark(
        "/components/securitySchemes/session",
        "bearer tokens",
        GETS,
        ("success", "no session"),
        (Sign(STATUS, where=("success",)),),
    ),
    Mark(
        f"{PROFILE_PATH}/parameters/0",
        "style, explode",
        (PROFILE,),
        ("all fields",),
        (Sign(STATUS, where=("all fields", "field repeated", "fields with commas")),),
    ),
    Mark(
        f"{PROFILE_PATH}/parameters/0/schema",
        "minItems",
        (PROFILE,),
        ("no fields", "empty fields"),
        (Sign(STATUS, where=("no fields", "empty fields", "no session and no fields")),),
    ),
    Mark(
        f"{PROFILE_PATH}/parameters/0/schema/items",
        "enum",
        (PROFILE,),
        ("field handle", "unknown field"),
        (
            Sign(("enum values",), ("values of fields",)),
            Sign(STATUS, where=("unknown field", "unknown field beside a known one")),
        ),
    ),
    Mark(
        f"{LIST_PATH}/parameters/0/schema",
        "multipleOf, minimum, default",
        (LIST,),
        ("page",),
        (Sign(("bounds",), ("values of page",)), Sign(("pages",), ("default page",))),
    ),
    Mark(
        f"{LIST_PATH}/parameters/1/schema",
        "multipleOf, minimum, maximum, default",
        (LIST,),
        ("limit",),
        (
            Sign(("bounds",), ("values of limit",)),
            Sign(("pages",), ("default limit", "limit 101", "size of a page by default")),
        ),
    ),
    Mark(
        "/components/parameters/ContainerId/schema",
        "minLength",
        (PUBLIC, LIST),
        ("empty containerId",),
        (Sign(STATUS, where=("empty containerId",)),),
    ),
    Mark(
        "/components/headers/NoStore",
        "Cache-Control: no-store",
        GETS,
        ("success", "no session"),
        (Sign(("header",), ("Cache-Control",)),),
    ),
    Mark(
        "/components/headers/WWWAuthenticate",
        "WWW-Authenticate: Bearer",
        GETS,
        ("no session",),
        (Sign(("header",), ("WWW-Authenticate",)),),
    ),
    Mark(
        "/components/schemas/ProfileFields",
        "shape",
        (PROFILE,),
        ("all fields",),
        (Sign(SHAPE, where=("success",)),),
    ),
    Mark(
        "/components/schemas/PublicProfile",
        "shape",
        (PUBLIC,),
        ("success",),
        (Sign(SHAPE, where=("success",)),),
    ),
    Mark(
        "/components/schemas/ReferralList",
        "shape",
        (REFERRALS,),
        ("success",),
        (
            Sign(SHAPE, where=("success",), paths=("", "/items", "/total")),
            Sign(("pages",), ("total",)),
        ),
    ),
    Mark(
        "/components/schemas/Referral",
        "shape",
        (REFERRALS,),
        ("items",),
        (Sign(SHAPE, where=("success",), beneath="/items/"),),
    ),
    Mark(
        "/components/schemas/NotificationPage",
        "shape",
        (LIST,),
        ("success",),
        (Sign(SHAPE, where=("success",), paths=("", "/items", "/page", "/limit", "/total")),),
    ),
    Mark(
        "/components/schemas/Notification",
        "shape",
        (LIST,),
        ("items",),
        (Sign(SHAPE, where=("success",), beneath="/items/"),),
    ),
    Mark(
        "/components/schemas/Error",
        "shape",
        GETS,
        ("no session",),
        (Sign(SHAPE, where=ERRORS),),
    ),
    Mark(
        "/components/schemas/ErrorDetail",
        "shape",
        (PROFILE, LIST),
        ("no fields", "no containerId"),
        (Sign(SHAPE, beneath="/details/"),),
    ),
    Mark(
        "/components/schemas/ClientError",
        "name",
        GETS,
        ("no fields", "no containerId"),
        (Sign(NAME, where=WRONG_INPUT),),
    ),
    Mark(
        "/components/schemas/NotFoundError",
        "name",
        (PUBLIC, LIST, UNKNOWN_PATH),
        ("unknown container",),
        (Sign(NAME, where=(*NOBODY, "container of others")),),
    ),
    Mark(
        "Success status of `default`",
        "200",
        GETS[:3],
        ("success",),
        (Sign(STATUS, where=("success",)),),
    ),
    Mark(
        "Order of checks",
        "401 before 400 before 404",
        GETS,
        ("no session and no containerId",),
        (Sign(STATUS + NAME, where=NO_SESSION_AND),),
    ),
    Mark(
        "Which 401",
        "the name that applies",
        GETS,
        ("no session", "unknown session", *EXPIRED),
        (Sign(STATUS + NAME, where=(*NO_SESSION, *NO_SESSION_AND)),),
    ),
    Mark(
        "Which profile fields `getProfile` answers",
        "exactly those",
        (PROFILE,),
        ("field handle",),
        (Sign(("presence",), ("fields that were not asked for",)),),
    ),
    Mark(
        "Who has a public profile",
        "404 rules",
        (PUBLIC,),
        ("unknown user", "unknown container"),
        (Sign(STATUS, where=NOBODY),),
    ),
    Mark(
        "Order of lists",
        "newest first",
        (LIST, REFERRALS),
        ("items",),
        (Sign(("pages",), ("order", "order among equal times")),),
    ),
    Mark(
        "Past the last page",
        "200, no items",
        (LIST,),
        ("far past the end",),
        (Sign(("status", "pages"), where=("past the end", "far past the end")),),
    ),
    Mark(
        "Which notifications",
        "404 rules",
        (LIST,),
        ("unknown container",),
        (
            Sign(
                STATUS,
                where=(
                    "unknown container",
                    "container of others",
                    "wrong limit in an unknown container",
                ),
            ),
        ),
    ),
    Mark(
        "Odd requests",
        "ignored or 400",
        GETS,
        ("unknown parameter", "HEAD", "broken UTF-8"),
        (
            Sign(
                STATUS,
                where=(
                    "unknown parameter",
                    "containerId twice",
                    "page twice",
                    "broken UTF-8",
                    "HEAD",
                ),
            ),
        ),
    ),
    Mark(
        "Undocumented methods and paths",
        "405, 404",
        (MARK, UNKNOWN_PATH),
        ("GET instead of POST", "with a session"),
        (Sign(STATUS + NAME), Sign(("header",), ("Allow",))),
    ),
)


def verdicts(
    document: dict[str, Any],
    found: list[Difference],
    compared: set[tuple[str, str]],
) -> list[Verdict]:
    """Return the verdict on each mark that there is evidence for.

    The left side is taken to keep the contract.
    """
    made = []
    for mark in MARKS:
        pointer = _pointer(document, mark.pointer)
        against = [each for each in found if _is_against(mark, each)]
        if against:
            sure = any(each.sure for each in against)
            made.append(Verdict(pointer, mark.says, "refutes", sure))
        elif _is_covered(mark, compared):
            made.append(Verdict(pointer, mark.says, "confirms"))
    return made


def _is_against(mark: Mark, difference: Difference) -> bool:
    if difference.operation not in mark.operations:
        return False
    return any(sign.is_shown_by(difference) for sign in mark.refuted_by)


def _is_covered(mark: Mark, compared: set[tuple[str, str]]) -> bool:
    situations = {situation for operation, situation in compared if operation in mark.operations}
    return situations.issuperset(mark.needs)


def _pointer(document: dict[str, Any], named: str) -> str:
    """Return the pointer, that of a decision by its question."""
    if named.startswith("/"):
        return named
    questions = [decision["question"] for decision in document["x-decisions"]]
    return f"/x-decisions/{questions.index(named)}"
