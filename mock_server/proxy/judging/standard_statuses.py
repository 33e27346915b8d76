"""Statuses of HTTP itself, about the message or the way to the API: no contract forbids them."""

from collections.abc import Mapping

ALWAYS = frozenset({407, 408, 411, 413, 414, 417, 421, 425, 426, 429, 431, 451, 502, 504, 505, 511})
"""What any server, gateway or cache on the way may send.

RFC 9110, 15; RFC 6585 (429, 431, 511); RFC 7725 (451); RFC 8470 (425).
"""
WITH_HEADER = {
    301: "location",
    302: "location",
    303: "location",
    307: "location",
    308: "location",
    503: "retry-after",
}
"""What is proper only with a header of the answer, which tells where to go on, or when."""
WHERE_REQUESTED = {
    206: ("range",),
    304: ("if-none-match", "if-modified-since"),
    412: ("if-match", "if-none-match", "if-unmodified-since", "if-modified-since"),
    416: ("range",),
}
"""What is right only where the request has one of these headers."""
NO_HEAD = frozenset({405, 501})
"""What a server sends that does not support HEAD; the contract does not promise that it does."""
JSON_TYPES = ("application/json", "application/*", "*/*")


def is_own(
    method: str,
    request_headers: Mapping[str, str],
    status: int,
    headers: Mapping[str, str],
) -> bool:
    """Tell whether HTTP allows an answer to any request; `headers` are those of the answer."""
    if status in ALWAYS or (method == "HEAD" and status in NO_HEAD):
        return True
    if status in WITH_HEADER:
        return WITH_HEADER[status] in headers
    if status in WHERE_REQUESTED:
        return any(name in request_headers for name in WHERE_REQUESTED[status])
    if status == 406:  # noqa: PLR2004
        accepted = request_headers.get("accept", "*/*").lower()
        return not any(media_type in accepted for media_type in JSON_TYPES)
    if status == 415:  # noqa: PLR2004
        return request_headers.get("content-encoding", "identity").strip().lower() != "identity"
    return False
