"""A small server of the API of its own, written from the specification and independent of the mock: correct as it stands."""

import copy
import itertools
import json
import re
import threading
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

FIELDS = ("username", "displayName", "handle", "biography", "dateOfBirth")
UPDATABLE = FIELDS[1:]
BIRTH = {"year": (1900, 2100), "month": (1, 12), "day": (1, 31)}
MESSAGES = {
    "GENERIC_CLIENT_ERROR": "Something in the request is wrong.",
    "GENERIC_UNAUTHORIZED": "Generic unauthorized access error.",
    "SESSION_TOKEN_EXPIRED": "User session has expired.",
    "REFRESH_TOKEN_EXPIRED": "Refresh token has expired.",
    "GENERIC_NOT_FOUND": "Generic not found",
}
ROUTES = {
    ("GET", "/v1/user/profile"): "get_profile",
    ("POST", "/v1/user/profile"): "update_profile",
    ("GET", "/v1/user/by-id/{}/public"): "get_public",
    ("GET", "/v1/user/referrals"): "list_referrals",
    ("GET", "/v1/user/notifications"): "list_notifications",
    ("POST", "/v1/user/notifications/read"): "mark_read",
}


@dataclass
class Request:
    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    number: int = 0  # how many requests came before
    handler: str = ""
    user: str = ""


@dataclass
class Answer:
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None


class RefusalError(Exception):
    def __init__(self, status: int, code: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.headers = status, code, headers or {}


class Api:
    """Every rule is a method of its own, so that one fault is one method overridden."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.counter = itertools.count()
        self.users = {name: self.new_user(name) for name in ("ada", "grace", "newcomer")}
        self.users["newcomer"] |= {**dict.fromkeys(UPDATABLE), "handle": "newcomer_7"}
        self.sessions = {f"{name}-session": name for name in self.users}
        self.expired = {
            "ada-session-expired": "SESSION_TOKEN_EXPIRED",
            "ada-refresh-expired": "REFRESH_TOKEN_EXPIRED",
        }
        self.containers = {
            "main": {"ada", "grace", "newcomer"},
            "side": {"ada", "grace"},
            "club": {"newcomer"},
        }
        self.inbox = {name: self.new_inbox(name) for name in self.users}
        self.referrals = {"ada": ["newcomer", "grace"], "grace": ["newcomer"], "newcomer": []}

    def new_user(self, name: str) -> dict[str, Any]:
        birth = {"year": 1985, "month": 12, "day": 10}
        return {
            "username": name,
            "displayName": name.title(),
            "handle": name,
            "biography": f"I am {name}.",
            "dateOfBirth": birth,
        }

    def new_inbox(self, name: str) -> list[dict[str, Any]]:
        items = []
        for container, count in (("main", 47), ("side", 130)):
            for number in range(count):
                identity = f"{name}-{container}-{number * 7919 % 1000:03d}"
                stamp = f"2026-03-{1 + number // 6 % 28:02d}T{number // 168:02d}:30:00Z"
                text = {"type": "mention", "title": f"Number {number}", "body": "Read me"}
                items.append(
                    {
                        "id": identity,
                        "containerId": container,
                        **text,
                        "read": number % 3 == 0,
                        "createdAt": stamp,
                    }
                )
        return items

    # The pipeline

    def __call__(self, request: Request) -> Answer:
        request.number = next(self.counter)
        try:
            answer = self.pipeline(request)
        except RefusalError as refusal:
            body = self.error_body(request, refusal.code)
            answer = Answer(refusal.status, body, dict(refusal.headers))
        answer.headers.setdefault("Cache-Control", "no-store")
        return self.finish(request, answer)

    def pipeline(self, request: Request) -> Answer:
        request.handler = self.route(request)
        request.user = self.authenticate(request)
        return self.operate(request)

    def operate(self, request: Request) -> Answer:
        answer: Answer = getattr(self, request.handler)(request)
        return answer

    def route(self, request: Request) -> str:
        shape = re.sub(r"^/v1/user/by-id/[^/]+/public$", "/v1/user/by-id/{}/public", request.path)
        allowed = sorted(method for method, path in ROUTES if path == shape)
        if not allowed:
            raise RefusalError(404, "GENERIC_NOT_FOUND")
        method = "GET" if request.method == "HEAD" else request.method
        if method not in allowed:
            raise RefusalError(405, "GENERIC_CLIENT_ERROR", {"Allow": ", ".join(allowed)})
        return ROUTES[(method, shape)]

    def authenticate(self, request: Request) -> str:
        match = re.fullmatch(
            r"bearer ([^ ]+)", request.headers.get("authorization", ""), re.IGNORECASE
        )
        token = match[1] if match else ""
        if token in self.expired:
            raise RefusalError(401, self.expired[token], {"WWW-Authenticate": "Bearer"})
        if token not in self.sessions:
            raise RefusalError(401, "GENERIC_UNAUTHORIZED", {"WWW-Authenticate": "Bearer"})
        return self.sessions[token]

    def error_body(self, request: Request, code: str) -> dict[str, Any]:  # noqa: ARG002 - for overriding
        return {"code": code, "message": MESSAGES[code]}

    def finish(self, request: Request, answer: Answer) -> Answer:  # noqa: ARG002 - for overriding
        return answer

    # Input

    def query(self, request: Request) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        try:
            pairs = parse_qsl(request.query, keep_blank_values=True, errors="strict")
        except UnicodeDecodeError:
            raise self.wrong() from None
        for name, value in pairs:
            found.setdefault(name, []).append(value)
        return found

    def wrong(self) -> RefusalError:
        return RefusalError(400, "GENERIC_CLIENT_ERROR")

    def single(self, query: dict[str, list[str]], name: str) -> str | None:
        values = query.get(name, [])
        if len(values) > 1:
            raise self.wrong()
        return values[0] if values else None

    def container(self, query: dict[str, list[str]]) -> str:
        value = self.single(query, "containerId")
        if not value:
            raise self.wrong()
        return value

    def number(self, query: dict[str, list[str]], name: str, default: int, most: int | None) -> int:
        text = self.single(query, name)
        if text is None:
            return default
        if not re.fullmatch(r"-?[0-9]+(\.0+)?", text):
            raise self.wrong()
        value = int(text.partition(".")[0])
        if value < 1 or (most is not None and value > most):
            raise self.wrong()
        return value

    def limit(self, query: dict[str, list[str]]) -> int:
        return self.number(query, "limit", 20, 100)

    def page(self, query: dict[str, list[str]]) -> int:
        return self.number(query, "page", 1, None)

    def asked(self, request: Request) -> list[str]:
        names = self.query(request).get("fields", [])
        if not names or any(name not in FIELDS for name in names):
            raise self.wrong()
        return names

    def parse(self, request: Request) -> dict[str, Any]:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        try:
            body = json.loads(request.body.decode("utf-8"), parse_constant=_refuse)
            json.dumps(body, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            raise self.wrong() from None
        if kind != "application/json" or not isinstance(body, dict):
            raise self.wrong()
        return body

    def check(self, body: dict[str, Any]) -> None:
        for name in UPDATABLE:
            if name in body and not getattr(self, f"good_{name}")(body[name]):
                raise self.wrong()

    def good_displayName(self, value: Any) -> bool:  # noqa: N802 - named as the field
        return isinstance(value, str) and 1 <= len(value) <= 50

    def good_handle(self, value: Any) -> bool:
        return isinstance(value, str) and re.fullmatch(r"[a-z0-9_]{3,20}", value) is not None

    def good_biography(self, value: Any) -> bool:
        return isinstance(value, str) and len(value) <= 500

    def good_dateOfBirth(self, value: Any) -> bool:  # noqa: N802 - named as the field
        return isinstance(value, dict) and all(self.good_part(value, part) for part in BIRTH)

    def good_part(self, value: dict[str, Any], part: str) -> bool:
        got = value.get(part)
        whole = isinstance(got, int | float) and not isinstance(got, bool) and got == got // 1
        low, high = BIRTH[part]
        return whole and low <= got <= high  # type: ignore[operator]

    def free(self, user: str, handle: str) -> bool:
        return all(other["handle"] != handle for name, other in self.users.items() if name != user)

    # Operations

    def get_profile(self, request: Request) -> Answer:
        names = self.asked(request)
        with self.lock:
            return Answer(200, self.project(self.users[request.user], names))

    def project(self, user: dict[str, Any], names: list[str]) -> dict[str, Any]:
        return {name: copy.deepcopy(user[name]) for name in names}

    def update_profile(self, request: Request) -> Answer:
        body = self.parse(request)
        self.check(body)
        with self.lock:
            if "handle" in body and not self.free(request.user, body["handle"]):
                raise self.wrong()
            self.apply(request.user, body)
            return Answer(200, copy.deepcopy(self.users[request.user]))

    def apply(self, user: str, body: dict[str, Any]) -> None:
        self.users[user] = {
            **self.users[user],
            **{name: self.stored(name, body[name]) for name in UPDATABLE if name in body},
        }

    def stored(self, name: str, value: Any) -> Any:
        return {part: int(value[part]) for part in BIRTH} if name == "dateOfBirth" else value

    def get_public(self, request: Request) -> Answer:
        container = self.container(self.query(request))
        try:
            name = unquote(request.path.split("/")[4], errors="strict")
        except UnicodeDecodeError:
            raise self.wrong() from None
        if not self.member(name, container):
            raise RefusalError(404, "GENERIC_NOT_FOUND")
        return Answer(200, self.public_view(self.users[name]))

    def member(self, name: str, container: str) -> bool:
        return name in self.containers.get(container, ())

    def public_view(self, user: dict[str, Any]) -> dict[str, Any]:
        return {name: user[name] for name in FIELDS[:4]}

    def list_referrals(self, request: Request) -> Answer:
        names = self.referrals[request.user]
        items = [
            {
                "username": name,
                "displayName": self.users[name]["displayName"],
                "joinedAt": f"2026-02-{20 - number:02d}T10:00:00Z",
            }
            for number, name in enumerate(names)
        ]
        return Answer(200, {"items": items, "total": len(items)})

    def list_notifications(self, request: Request) -> Answer:
        query = self.query(request)
        container, page, limit = self.container(query), self.page(query), self.limit(query)
        if not self.member(request.user, container):
            raise RefusalError(404, "GENERIC_NOT_FOUND")
        with self.lock:
            whole = self.chosen(request, container)
            items = copy.deepcopy(self.cut(whole, page, limit))
        return Answer(200, {"items": items, "page": page, "limit": limit, "total": len(whole)})

    def chosen(self, request: Request, container: str) -> list[dict[str, Any]]:
        mine = [item for item in self.inbox[request.user] if item["containerId"] == container]
        return self.ordered(mine)

    def ordered(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return sorted(
            sorted(items, key=lambda item: item["id"]),
            key=lambda item: item["createdAt"],
            reverse=True,
        )

    def cut(self, whole: list[dict[str, Any]], page: int, limit: int) -> list[dict[str, Any]]:
        return whole[(page - 1) * limit : page * limit]

    def mark_read(self, request: Request) -> Answer:
        with self.lock:
            for item in self.marked(request):
                item["read"] = True
        return Answer(201)

    def marked(self, request: Request) -> list[dict[str, Any]]:
        return self.inbox[request.user]


def _refuse(name: str) -> float:
    raise ValueError(name)
