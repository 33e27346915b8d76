"""Leads clients back to this proxy where the upstream leads them to itself: by redirects, links and cookies."""

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from .cookie_prefixes import renamed
from .end_to_end_headers import Headers

PORTS = {"http": 80, "https": 443}
LINKS = frozenset((b"location", b"content-location"))
QUOTES = " \"'"
_AUTHORITY = re.compile(r"[^/]*//[^/?#]*")
_TARGET = re.compile(r"<([^<>]*)>")


class Rewriting:
    """What is rewritten for one upstream."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._scheme, self._origin = parts.scheme, _origin(parts)
        self._base = f"{parts.scheme}://{parts.netloc}"
        self._prefix = parts.path.rstrip("/")

    def answer(self, headers: Iterable[tuple[bytes, bytes]], host: str) -> Headers:
        """Return the headers of an answer for a client that asked `host`."""
        return [
            (name, self._rewritten(name, value.decode("latin-1"), host).encode("latin-1"))
            for name, value in headers
        ]

    def _rewritten(self, name: bytes, value: str, host: str) -> str:
        here = f"http://{host}" if host else ""
        if name in LINKS:
            return self._link(value, here)
        if name == b"link":
            return _TARGET.sub(lambda found: f"<{self._link(found[1], here)}>", value)
        if name == b"refresh":
            seconds, equals, link = value.partition("=")
            return seconds + equals + self._link(link.strip(QUOTES), here) if equals else value
        return self._cookie(value) if name == b"set-cookie" else value

    def _link(self, link: str, here: str) -> str:
        """Return a link to this proxy where it leads to what is behind it, else one that leads where it led."""
        try:
            parts = urlsplit(link, self._scheme)
            is_ours = not parts.netloc or _origin(parts) == self._origin
        except ValueError:
            return link
        if not is_ours or parts.scheme not in PORTS or not (parts.netloc or link.startswith("/")):
            return link
        rest = _AUTHORITY.sub("", link, 1) if parts.netloc else link
        inner = self._inner(rest if rest.startswith("/") else f"/{rest}")
        if inner is None:
            return link if parts.netloc else self._base + link
        return here + inner if parts.netloc else inner

    def _inner(self, path: str) -> str | None:
        """Return a path without the prefix of the upstream's URL, `None` where it is outside."""
        rest = path.removeprefix(self._prefix)
        if not path.startswith(self._prefix) or rest[:1] not in {"", "/", "?", "#"}:
            return None
        return rest if rest.startswith("/") else f"/{rest}"

    def _cookie(self, cookie: str) -> str:
        """Return a cookie that the client keeps for this proxy, which has another name and no certificate."""
        pair, *attributes = cookie.split(";")
        return ";".join(
            [
                renamed(pair),
                *(kept for each in attributes if (kept := self._attribute(each)) is not None),
            ]
        )

    def _attribute(self, attribute: str) -> str | None:
        name, _, value = (part.strip() for part in attribute.partition("="))
        match name.lower():
            case "secure" | "partitioned":
                return None
            case "samesite" if value.lower() == "none":
                return None  # is refused without `Secure`
            case "domain" if f".{self._origin[1]}".endswith(f".{value.lower().lstrip('.')}"):
                return None
            case "path" if self._prefix:
                inner = self._inner(value)
                return (
                    f" Path={inner}"
                    if inner
                    else " Path=/"
                    if f"{self._prefix}/".startswith(value)
                    else attribute
                )
        return attribute


def _origin(parts: SplitResult) -> tuple[str, str, int | None]:
    """Return scheme, host and port, however they are spelt."""
    return parts.scheme, (parts.hostname or "").rstrip("."), parts.port or PORTS.get(parts.scheme)
