"""Pages for people: a greeting, the window, the API reference.

They are files under a strict policy, and have all data from the control API.
"""

import gzip
import hashlib
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path

from mock_server.errors import NotFound
from mock_server.http.replies import Reply

STATIC = Path(__file__).with_name("static")
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
"""Content-Security-Policy (CSP Level 3): nothing from other servers, and nothing inline."""
HEADERS = {
    "Content-Security-Policy": "; ".join(f"{key} {value}" for key, value in POLICY.items()),
    # Browsers ask each time, and get a 304: after an update no page runs old scripts.
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}

KINDS = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""Media types by the end of a name.

Not from the machine's own table, which may be wrong: `nosniff` forbids browsers to guess.
"""

Page = Callable[..., Reply]
"""Return the reply to a request, given its headers by their names in lower case.

The parameters of its path are further arguments.
"""


@cache
def renderer() -> Path:
    """Return where Swagger UI's files are; the package that brings them is not imported."""
    spec = find_spec("flask_swagger_ui")
    assert spec is not None, "the package is one of our dependencies"
    return Path(str(spec.origin)).with_name("dist")


def send(
    request_headers: Mapping[str, str],
    folder: Path,
    name: str,
) -> Reply:
    """Return a file of a folder, or 304 where the browser has it; raises `NotFound`."""
    found = _files(folder).get(name)
    if found is None:
        raise NotFound
    is_packed = "gzip" in request_headers.get("accept-encoding", "")
    body, etag = _read(found, is_packed=is_packed)
    headers = {**HEADERS, "ETag": etag}
    if is_packed:
        headers["Content-Encoding"] = "gzip"
    # The header may list several, with or without `W/` (RFC 9110, 13.1.2).
    if etag in request_headers.get("if-none-match", ""):
        return Reply(304, headers)
    headers["Content-Type"] = KINDS.get(found.suffix, "application/octet-stream")
    headers["Content-Length"] = str(len(body))
    return Reply(200, headers, body)


@cache
def _files(folder: Path) -> dict[str, Path]:
    """Return the files of a folder by name; a name with `..` in it is none of them."""
    return {path.name: path for path in folder.iterdir() if path.is_file()}


@cache
def _read(path: Path, *, is_packed: bool) -> tuple[bytes, str]:
    body = path.read_bytes()
    if is_packed:
        # Without a time, so that the ETag stays the same from start to start.
        body = gzip.compress(body, mtime=0)
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _static(request_headers: Mapping[str, str], name: str) -> Reply:
    return send(request_headers, STATIC, name)


def _rendered(request_headers: Mapping[str, str], name: str) -> Reply:
    return send(request_headers, renderer(), name)


PAGES: dict[str, Page] = {
    "/": partial(_static, name="home.html"),
    "/__mock/ui": partial(_static, name="window.html"),
    "/__mock/docs": partial(_static, name="docs.html"),
    "/__mock/static/<name>": _static,
    "/__mock/docs/<name>": _rendered,
}
"""Pages by their paths."""
