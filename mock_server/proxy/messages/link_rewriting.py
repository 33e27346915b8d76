"""Redirects, links and cookies rewritten, so that they lead clients back to this proxy."""

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
        self._scheme = parts.scheme
        self._origin = _origin(parts)
        self._base = f"{parts.scheme}://{parts.netloc}"
        self._prefix = parts.path.rstrip("/")

    def answer(self, headers: Iterable[tuple[bytes, bytes]], host: str) -> Headers:
        """Return the headers of an answer; `host` is where the client sent its request."""
        here = f"http://{host}" if host else ""
        rewritten = []
        for name, value in headers:
            text = self._rewritten(name, value.decode("latin-1"), here)
            rewritten.append((name, text.encode("latin-1")))
        return rewritten

    def _rewritten(self, name: bytes, value: str, here: str) -> str:
        if name in LINKS:
            return self._link(value, here)
        # RFC 8288: several targets in angle brackets, each with its parameters.
        if name == b"link":
            return _TARGET.sub(lambda found: f"<{self._link(found[1], here)}>", value)
        # `5; url=/login`: in no RFC, and yet known to all browsers (HTML Standard).
        if name == b"refresh":
            start, equals, link = value.partition("=")
            if not equals:
                return value
            return f"{start}={self._link(link.strip(QUOTES), here)}"
        if name == b"set-cookie":
            return self._cookie(value)
        return value

    def _link(self, link: str, here: str) -> str:
        """Return a link to the upstream as one to this proxy, and another one unchanged."""
        try:
            parts = urlsplit(link, self._scheme)
            is_upstream = not parts.netloc or _origin(parts) == self._origin
        except ValueError:
            return link
        if not is_upstream or parts.scheme not in PORTS:
            return link
        if not parts.netloc:
            return self._path(link)
        rest = _AUTHORITY.sub("", link, 1)
        inner = self._inner(rest if rest.startswith("/") else f"/{rest}")
        return link if inner is None else here + inner

    def _path(self, link: str) -> str:
        """Return a link without a host, as it leads to the same resource through this proxy."""
        # A relative link needs no change: the client resolves it against the proxy's address.
        if not link.startswith("/"):
            return link
        inner = self._inner(link)
        return self._base + link if inner is None else inner

    def _inner(self, path: str) -> str | None:
        """Return a path below that of the upstream's URL, `None` where it is outside."""
        rest = path.removeprefix(self._prefix)
        if not path.startswith(self._prefix) or rest[:1] not in {"", "/", "?", "#"}:
            return None
        return rest if rest.startswith("/") else f"/{rest}"

    def _cookie(self, cookie: str) -> str:
        """Return a cookie that a client keeps for this proxy: another host, without certificate."""
        pair, *attributes = cookie.split(";")
        parts = [renamed(pair)]
        for attribute in attributes:
            rewritten = self._attribute(attribute)
            if rewritten is not None:
                parts.append(rewritten)
        return ";".join(parts)

    def _attribute(self, attribute: str) -> str | None:
        """Return an attribute as it holds for the proxy, `None` where it has to go."""
        name, _, value = (part.strip() for part in attribute.partition("="))
        match name.lower():
            case "secure" | "partitioned":
                return None
            # Browsers refuse `SameSite=None` without `Secure`.
            case "samesite" if value.lower() == "none":
                return None
            case "domain" if self._is_within(value):
                return None
            case "path" if self._prefix:
                return self._path_attribute(attribute, value)
        return attribute

    def _is_within(self, domain: str) -> bool:
        """Tell whether the upstream's host is in a domain of a cookie (RFC 6265, 5.1.3)."""
        _, host, _ = self._origin
        return f".{host}".endswith(f".{domain.lower().lstrip('.')}")

    def _path_attribute(self, attribute: str, path: str) -> str:
        inner = self._inner(path)
        if inner:
            return f" Path={inner}"
        if f"{self._prefix}/".startswith(path):
            return " Path=/"
        return attribute


def _origin(parts: SplitResult) -> tuple[str, str, int | None]:
    """Return scheme, host and port in one spelling."""
    host = (parts.hostname or "").rstrip(".")
    port = parts.port or PORTS.get(parts.scheme)
    return parts.scheme, host, port
