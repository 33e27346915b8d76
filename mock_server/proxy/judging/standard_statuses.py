"""What HTTP itself answers: statuses that speak of the message or of the way to the API, and so break no contract of it."""

from collections.abc import Mapping

ALWAYS = frozenset({407, 408, 411, 413, 414, 417, 421, 425, 426, 429, 431, 451, 502, 504, 505, 511})
"""What any server, gateway or cache on the way may say (RFC 9110, 15; RFC 6585; RFC 7725; RFC 8470)."""
WITH_HEADER = {
    301: "location",
    302: "location",
    303: "location",
    307: "location",
    308: "location",
    503: "retry-after",
}
"""What is said properly only with a header of the answer: where to ask, or when."""
WHERE_ASKED = {
    206: ("range",),
    304: ("if-none-match", "if-modified-since"),
    412: ("if-match", "if-none-match", "if-unmodified-since", "if-modified-since"),
    416: ("range",),
}
"""What is right only where the request has one of these headers."""
NO_HEAD = frozenset({405, 501})
"""What a server says that knows no HEAD; the contract does not promise it."""
JSON_TYPES = ("application/json", "application/*", "*/*")


def is_own(method: str, asked: Mapping[str, str], status: int, headers: Mapping[str, str]) -> bool:
    """Tell whether HTTP allows an answer without the API; `asked` and `headers` are those of request and answer."""
    if status in ALWAYS or (method == "HEAD" and status in NO_HEAD):
        return True
    if status in WITH_HEADER:
        return WITH_HEADER[status] in headers
    if status in WHERE_ASKED:
        return any(name in asked for name in WHERE_ASKED[status])
    if status == 406:  # noqa: PLR2004
        return not any(kind in asked.get("accept", "*/*").lower() for kind in JSON_TYPES)
    if status == 415:  # noqa: PLR2004
        return asked.get("content-encoding", "identity").strip().lower() != "identity"
    return False
