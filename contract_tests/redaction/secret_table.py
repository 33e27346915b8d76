"""What is secret or belongs to people, by the names under which it stands: the only such table."""

from __future__ import annotations

import re

TOKEN_HEADERS = (
    "X-Session-Token",
    "X-Auth-Token",
    "X-Access-Token",
    "X-Token",
    "X-Session",
    "X-Api-Key",
    "X-Authorization",
)
TOKEN_PARAMETERS = (
    "access_token",
    "token",
    "session",
    "session_token",
    "sessionToken",
    "auth",
    "auth_token",
    "api_key",
)
TOKEN_COOKIES = (
    "session",
    "token",
    "access_token",
    "session_token",
    "sessionToken",
    "auth_token",
    "sid",
)
USER_HEADERS = (
    "X-User-Id",
    "X-Username",
    "X-User",
    "X-Forwarded-User",
    "X-Remote-User",
    "X-Impersonate-User",
    "X-On-Behalf-Of",
)
USER_PARAMETERS = ("username", "userId", "user_id", "user", "as")
# Paths that go on with the name of a user.
USER_PATH = "/v1/user/by-id/"
# Fields from which laws make names that resemble them.
USER_FIELDS = ("username", "handle")
DATE_PARTS = ("year", "month", "day")

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.IGNORECASE)
# Fields whose texts are nobody's as long as they have this form; every other text is somebody's.
NOT_PERSONAL = {
    "code": re.compile(r"[A-Z][A-Z0-9_]*"),
    "type": re.compile(r"[a-z][a-z0-9_.-]{0,30}"),
    "id": re.compile(r"(?=[a-f-]*\d)[0-9a-f-]{1,40}"),
    "joinedAt": STAMP,
    "createdAt": STAMP,
}
# Fields whose numbers are counted, or judged as a date; every other long number is somebody's.
COUNTS = ("page", "limit", "total", *DATE_PARTS)
# A key that is a word of an API; any other may be the name of a person or a thing.
WORD = re.compile(r"[A-Za-z_$@][A-Za-z_$.-]{0,40}\d{0,2}")
