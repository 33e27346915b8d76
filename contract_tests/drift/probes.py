"""The probes that both sides get: a table of safe requests, with roles in the place of values."""

from __future__ import annotations

from dataclasses import dataclass

METHODS = ("GET", "HEAD", "OPTIONS")
UNKNOWN_PATH = "unknown path"
PROFILE, PUBLIC, REFERRALS = "getProfile", "getPublicProfile", "listReferrals"
LIST, MARK = "listNotifications", "markNotificationsRead"


@dataclass(frozen=True)
class Probe:
    """One request: `{role}` in `query` and `user` is a value that each side has of its own.

    `session` is a role or a key of `ODD`. `parameter` and `value` are set where the question is
    whether that value is accepted.
    """

    operation: str
    situation: str
    query: str = ""
    session: str = "primary"
    method: str = "GET"
    user: str = "{member}"
    parameter: str = ""
    value: str = ""

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f"{self.method} is never sent: it could change something")

    @property
    def requested_fields(self) -> tuple[str, ...]:
        """The fields of a read of the profile."""
        parts = self.query.split("&")
        return tuple(part.removeprefix("fields=") for part in parts if part.startswith("fields="))

    @property
    def name(self) -> str:
        """What is asked of an operation, in words."""
        return f"{self.situation} {self.value}".strip()


SUCCESS = {
    PROFILE: "fields=handle",
    PUBLIC: "containerId={membership}",
    REFERRALS: "",
    LIST: "containerId={container}",
}
# Sessions that no target file names.
ODD = {
    "none": "",
    "unknown": "Bearer drift-unknown-session",
    "malformed": "Bearer",
    "other scheme": "Digest drift",
}
SESSIONS = (
    ("no session", "none"),
    ("unknown session", "unknown"),
    ("malformed credentials", "malformed"),
    ("other scheme of credentials", "other scheme"),
    ("expired session", "session_expired"),
    ("expired refresh token", "refresh_expired"),
)
# All fields of a profile: each is also requested alone.
FIELDS = ("username", "displayName", "handle", "biography", "dateOfBirth")
# Values that the contract refuses for every number.
WRONG = ("", "abc", "-1", "0", "1.5")
LIMITS = (*WRONG, "1", "2", "20", "50", "100", "101", "200", "1000")
# A number past 32 bits ends in an error of the database where nobody looked.
PAGES = (*WRONG, "1", "2", "4294967297")


def _of_operation(operation: str, query: str) -> tuple[Probe, ...]:
    """Return the probes that every operation gets."""
    return (
        Probe(operation, "success", query),
        Probe(operation, "HEAD", query, method="HEAD"),
        Probe(operation, "unknown parameter", f"{query}&drift=1".lstrip("&")),
        *(Probe(operation, situation, query, session) for situation, session in SESSIONS),
    )


def _with_number(name: str, value: str) -> Probe:
    query = f"{SUCCESS[LIST]}&{name}={value}"
    return Probe(
        LIST,
        name,
        query,
        parameter=name,
        value=value or "empty",
    )


def with_limit(value: str) -> Probe:
    """Return the probe for one limit."""
    return _with_number("limit", value)


def _with_field(name: str) -> Probe:
    return Probe(
        PROFILE,
        f"field {name}",
        f"fields={name}",
        parameter="fields",
        value=name,
    )


PROBES: tuple[Probe, ...] = (
    *_of_operation(PROFILE, SUCCESS[PROFILE]),
    *_of_operation(PUBLIC, SUCCESS[PUBLIC]),
    *_of_operation(REFERRALS, SUCCESS[REFERRALS]),
    *_of_operation(LIST, SUCCESS[LIST]),
    Probe(PROFILE, "all fields", "&".join(f"fields={name}" for name in FIELDS)),
    *map(_with_field, FIELDS),
    Probe(PROFILE, "field repeated", "fields=handle&fields=handle"),
    Probe(PROFILE, "no fields", ""),
    Probe(PROFILE, "empty fields", "fields="),
    Probe(PROFILE, "fields with commas", "fields=handle,biography"),
    Probe(PROFILE, "unknown field", "fields=drift"),
    Probe(PROFILE, "unknown field beside a known one", "fields=handle&fields=drift"),
    Probe(PROFILE, "no session and no fields", "", "none"),
    Probe(PUBLIC, "unknown user", SUCCESS[PUBLIC], user="drift-nobody"),
    Probe(PUBLIC, "user of another container", "containerId={elsewhere}", user="{outsider}"),
    Probe(PUBLIC, "unknown container", "containerId=drift-nowhere"),
    Probe(PUBLIC, "no containerId", ""),
    Probe(PUBLIC, "empty containerId", "containerId="),
    Probe(PUBLIC, "containerId twice", "containerId={membership}&containerId={membership}"),
    Probe(PUBLIC, "broken UTF-8", "containerId=%FF"),
    Probe(PUBLIC, "no session and no containerId", "", "none"),
    *map(with_limit, LIMITS),
    *(_with_number("page", value) for value in PAGES),
    Probe(LIST, "first of small pages", f"{SUCCESS[LIST]}&page=1&limit=2"),
    Probe(LIST, "second of small pages", f"{SUCCESS[LIST]}&page=2&limit=2"),
    Probe(LIST, "last of small pages", f"{SUCCESS[LIST]}&page={{last}}&limit=2"),
    Probe(LIST, "past the end", f"{SUCCESS[LIST]}&page={{after}}&limit=2"),
    Probe(LIST, "far past the end", f"{SUCCESS[LIST]}&page=1000000"),
    Probe(LIST, "unknown container", "containerId=drift-nowhere"),
    Probe(LIST, "container of others", "containerId={foreign}"),
    Probe(LIST, "no containerId", ""),
    Probe(LIST, "empty containerId", "containerId="),
    Probe(LIST, "containerId twice", "containerId={container}&containerId={container}"),
    Probe(LIST, "page twice", f"{SUCCESS[LIST]}&page=1&page=1"),
    Probe(LIST, "broken UTF-8", "containerId=%FF"),
    Probe(LIST, "wrong limit in an unknown container", "containerId=drift-nowhere&limit=0"),
    Probe(LIST, "no session and no containerId", "", "none"),
    *(Probe(operation, "OPTIONS", method="OPTIONS") for operation in (*SUCCESS, MARK)),
    Probe(MARK, "GET instead of POST"),
    Probe(MARK, "GET instead of POST, no session", session="none"),
    Probe(UNKNOWN_PATH, "with a session"),
    Probe(UNKNOWN_PATH, "no session", session="none"),
)
# Situations of calls that the contract describes: its method, a valid session, and input that it
# allows. Only for these may a status be proposed for the document.
DOCUMENTED = {
    "success",
    "all fields",
    "field repeated",
    *(f"field {name}" for name in FIELDS),
    "unknown user",
    "user of another container",
    "unknown container",
    "container of others",
    "first of small pages",
    "second of small pages",
    "last of small pages",
    "past the end",
    "far past the end",
}
