"""Whether what answers on this machine is only the mouth of something that leads to another one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from contract_tests.api.request_templates import fields
from contract_tests.config import addresses
from contract_tests.exceptions import UsageError
from contract_tests.http.http_client import Client
from contract_tests.http.messages import Exchange, HttpRequest, UnreadableError

if TYPE_CHECKING:
    from contract_tests.api.context import Context
    from contract_tests.config.network_options import NetworkOptions

HEALTH = HttpRequest("the health of our own proxy", "GET", "/__mock/health")
MOST_HOPS = 5
# Headers that only networks for delivery write, none of which runs on this machine.
CLOUDS = ("CF-Ray", "X-Amz-Cf-Id", "X-Azure-Ref", "X-Vercel-Id", "Fly-Request-Id")


def sign(context: Context) -> str:
    """Return what shows that the target forwards to another machine; empty where nothing does.

    Our own proxy names its upstream, so one that leads to this machine again is none; `Via` (RFC 9110, 7.6.3) of anything
    else, and more of it than there are proxies of ours, leads nobody knows where.
    """
    answer = context.client.send_alone(context.request(fields("username")))
    hops, beyond = _followed(context.target.base_url, context.network, context.client.run_id)
    if beyond:
        return f"its health names the upstream {beyond}"
    named = [name for name in CLOUDS if answer.header(name) is not None]
    via = [hop.strip() for hop in (answer.header("Via") or "").split(",") if hop.strip()]
    if len(via) > hops:
        return f"its answers say `Via: {', '.join(via)}`"
    return f"its answers carry {named[0]}" if named else ""


def _followed(url: str, how: NetworkOptions, run: str) -> tuple[int, str]:
    """Return how many proxies of ours follow one another on this machine, and where the last leads, if not to this machine."""
    for hops in range(MOST_HOPS):
        upstream = _upstream(url, how, run)
        if not upstream:
            return hops, ""
        if not _is_here(upstream):
            return hops + 1, upstream
        url = upstream
    return MOST_HOPS, "of a chain that has no end"


def _upstream(url: str, how: NetworkOptions, run: str) -> str:
    """Return what the health of a proxy of ours names; empty where there is none."""
    parts = urlsplit(url)
    client = Client(f"{parts.scheme}://{parts.netloc}", lambda _: None, lambda _: None, how, run)
    found = _read(client.send_alone(HEALTH))
    return found if isinstance(found, str) else ""


def _read(answer: Exchange) -> object:
    try:
        body = answer.json() if answer.ok else None
    except UnreadableError:
        return None
    return body.get("upstream") if isinstance(body, dict) else None


def _is_here(url: str) -> bool:
    try:
        return addresses.is_loopback(addresses.base_url(url))
    except UsageError:
        return False
