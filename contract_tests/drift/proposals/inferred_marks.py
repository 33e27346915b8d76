"""The decisions marked `x-inferred` in `openapi.yaml`, and the evidence for or against each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contract_tests.drift.probes import LIST, MARK, PROFILE, PUBLIC, REFERRALS, UNKNOWN_PATH

if TYPE_CHECKING:
    from contract_tests.drift.differences import Difference

GETS = (PROFILE, PUBLIC, REFERRALS, LIST)
EXPIRED = ("expired session", "expired refresh token")
LIST_PATH = "/paths/~1v1~1user~1notifications/get"
PROFILE_PATH = "/paths/~1v1~1user~1profile/get"
SHAPE = "presence|type|format|enum values"


@dataclass(frozen=True)
class Mark:
    """One decision: `refuted_by` matches `kind: what: where` of a difference on one of `operations`.

    `needs` are the situations that must have been compared on one of them before it counts as confirmed.
    """

    pointer: str
    says: str
    operations: tuple[str, ...]
    needs: tuple[str, ...]
    refuted_by: str


@dataclass(frozen=True)
class Verdict:
    """The verdict on a mark: `confirms` or `refutes`.

    `sure` is False where other data might explain it.
    """

    pointer: str
    says: str
    word: str
    sure: bool = True


MARKS = (
    Mark(
        "/components/securitySchemes/session",
        "bearer tokens",
        GETS,
        ("success", "no session"),
        r"status: status: success",
    ),
    Mark(
        f"{PROFILE_PATH}/parameters/0",
        "style, explode",
        (PROFILE,),
        ("all fields",),
        r"status: .*(all fields|repeated|commas)",
    ),
    Mark(
        f"{PROFILE_PATH}/parameters/0/schema",
        "minItems",
        (PROFILE,),
        ("no fields", "empty fields"),
        "status: .*(no|empty) fields",
    ),
    Mark(
        f"{PROFILE_PATH}/parameters/0/schema/items",
        "enum",
        (PROFILE,),
        ("field handle", "unknown field"),
        "enum values: values of|status: .*unknown field",
    ),
    Mark(
        f"{LIST_PATH}/parameters/0/schema",
        "multipleOf, minimum, default",
        (LIST,),
        ("page",),
        "bounds: values of page|pages: default page",
    ),
    Mark(
        f"{LIST_PATH}/parameters/1/schema",
        "multipleOf, minimum, maximum, default",
        (LIST,),
        ("limit",),
        "bounds: values of limit|pages: (default limit|limit 101|size of a page by default)",
    ),
    Mark(
        "/components/parameters/ContainerId/schema",
        "minLength",
        (PUBLIC, LIST),
        ("empty containerId",),
        "status: .*empty containerId",
    ),
    Mark(
        "/components/headers/NoStore",
        "Cache-Control: no-store",
        GETS,
        ("success", "no session"),
        "header: Cache-Control",
    ),
    Mark(
        "/components/headers/WWWAuthenticate",
        "WWW-Authenticate: Bearer",
        GETS,
        ("no session",),
        "header: WWW-Authenticate",
    ),
    Mark(
        "/components/schemas/ProfileFields",
        "shape",
        (PROFILE,),
        ("all fields",),
        f"({SHAPE}): (field|body).*: success",
    ),
    Mark(
        "/components/schemas/PublicProfile",
        "shape",
        (PUBLIC,),
        ("success",),
        f"({SHAPE}): (field|body).*: success",
    ),
    Mark(
        "/components/schemas/ReferralList",
        "shape",
        (REFERRALS,),
        ("success",),
        rf"({SHAPE}): (field /(items|total)$|body).*: success|pages: total",
    ),
    Mark(
        "/components/schemas/Referral",
        "shape",
        (REFERRALS,),
        ("items",),
        rf"({SHAPE}): .*/items/.*: success",
    ),
    Mark(
        "/components/schemas/NotificationPage",
        "shape",
        (LIST,),
        ("success",),
        rf"({SHAPE}): (field /(items|page|limit|total)|body): success",
    ),
    Mark(
        "/components/schemas/Notification",
        "shape",
        (LIST,),
        ("items",),
        rf"({SHAPE}): .*/items/.*: success",
    ),
    Mark(
        "/components/schemas/Error",
        "shape",
        GETS,
        ("no session",),
        f"({SHAPE}): (field /(code|message|details)|body|field /[^/]+): .*[45]",
    ),
    Mark(
        "/components/schemas/ErrorDetail",
        "shape",
        (PROFILE, LIST),
        ("no fields", "no containerId"),
        f"({SHAPE}): .*/details/.*",
    ),
    Mark(
        "/components/schemas/ClientError",
        "name",
        GETS,
        ("no fields", "no containerId"),
        "error name: .*(fields|containerId|limit|page|UTF-8)",
    ),
    Mark(
        "/components/schemas/NotFoundError",
        "name",
        (PUBLIC, LIST, UNKNOWN_PATH),
        ("unknown container",),
        "error name: .*(unknown|another|others)",
    ),
    Mark("Success status of `default`", "200", GETS[:3], ("success",), "status: status: .*success"),
    Mark(
        "Order of checks",
        "401 before 400 before 404",
        GETS,
        ("no session and no containerId",),
        "(status|error name): .*no session and",
    ),
    Mark(
        "Which 401",
        "the name that applies",
        GETS,
        ("no session", "unknown session", *EXPIRED),
        "(error name|status): .*(no session|unknown session|credentials|expired)",
    ),
    Mark(
        "Which profile fields `getProfile` answers",
        "exactly those",
        (PROFILE,),
        ("field handle",),
        "presence: fields that were not asked for",
    ),
    Mark(
        "Who has a public profile",
        "404 rules",
        (PUBLIC,),
        ("unknown user", "unknown container"),
        "status: .*(unknown user|unknown container|another container)",
    ),
    Mark("Order of lists", "newest first", (LIST, REFERRALS), ("items",), "pages: order"),
    Mark(
        "Past the last page",
        "200, no items",
        (LIST,),
        ("far past the end",),
        "(status|pages): .*past the end",
    ),
    Mark(
        "Which notifications",
        "404 rules",
        (LIST,),
        ("unknown container",),
        "status: .*(unknown container|container of others)",
    ),
    Mark(
        "Odd requests",
        "ignored or 400",
        GETS,
        ("unknown parameter", "HEAD", "broken UTF-8"),
        "status: .*(unknown parameter|twice|UTF-8|HEAD)",
    ),
    Mark(
        "Undocumented methods and paths",
        "405, 404",
        (MARK, UNKNOWN_PATH),
        ("GET instead of POST", "with a session"),
        "(status|error name|header: Allow): ",
    ),
)


def verdicts(
    document: dict[str, Any], found: list[Difference], compared: set[tuple[str, str]]
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
    start = f"{difference.kind}: {difference.what}: "
    return any(re.match(mark.refuted_by, start + where) for where in difference.where)


def _is_covered(mark: Mark, compared: set[tuple[str, str]]) -> bool:
    situations = {situation for operation, situation in compared if operation in mark.operations}
    return situations.issuperset(mark.needs)


def _pointer(document: dict[str, Any], named: str) -> str:
    """Return the pointer, that of a decision by its question."""
    if named.startswith("/"):
        return named
    questions = [decision["question"] for decision in document["x-decisions"]]
    return f"/x-decisions/{questions.index(named)}"
