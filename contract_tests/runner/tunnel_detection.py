"""Whether what answers on this machine is only the mouth of something that leads to another one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from contract_tests.api.request_templates import fields
from contract_tests.config import addresses
from contract_tests.exceptions import UsageError
from contract_tests.http.http_client import Client
from contract_tests.http.messages import HttpRequest, UnreadableError

if TYPE_CHECKING:
    from contract_tests.api.context import Context
    from contract_tests.config.network_options import NetworkOptions

HEALTH = HttpRequest("the health of our own proxy", "GET", "/__mock/health")
MOST_HOPS = 5
# Headers that only networks for delivery write, none of which runs on this machine.
CLOUDS = ("CF-Ray", "X-Amz-Cf-Id", "X-Azure-Ref", "X-Vercel-Id", "Fly-Request-Id")


def sign(context: Context) -> str:
    """Return what shows that the target forwards to another machine; empty where nothing does.

    Our own proxy names its upstream, so one that leads to this machine again is none. `Via` (RFC
    9110, 7.6.3) of anything else, and more of it than there are proxies of ours, leads nobody knows
    where.
    """
    answer = context.client.send_alone(context.request(fields("username")))
    hops, beyond = _follow(context.target.base_url, context.network, context.client.run_id)
    if beyond:
        return f"its health names the upstream {beyond}"
    via = (answer.header("Via") or "").split(",")
    proxies = [proxy.strip() for proxy in via if proxy.strip()]
    if len(proxies) > hops:
        return f"its answers say `Via: {', '.join(proxies)}`"
    for name in CLOUDS:
        if answer.header(name) is not None:
            return f"its answers carry {name}"
    return ""


def _follow(url: str, network: NetworkOptions, run: str) -> tuple[int, str]:
    """Return how many proxies of ours follow one another on this machine.

    And where the last leads, if not to this machine.
    """
    for hops in range(MOST_HOPS):
        upstream = _upstream(url, network, run)
        if not upstream:
            return hops, ""
        if not _is_here(upstream):
            return hops + 1, upstream
        url = upstream
    return MOST_HOPS, "of a chain that has no end"


def _upstream(url: str, network: NetworkOptions, run: str) -> str:
    """Return what the health of a proxy of ours names; empty where there is none."""
    parts = urlsplit(url)
    base_url = f"{parts.scheme}://{parts.netloc}"
    client = Client(base_url, lambda _: None, lambda _: None, network, run)
    answer = client.send_alone(HEALTH)
    try:
        match answer.json():
            case {"upstream": str() as upstream} if answer.ok:
                return upstream
    except UnreadableError:
        pass
    return ""


def _is_here(url: str) -> bool:
    try:
        return addresses.is_loopback(addresses.base_url(url))
    except UsageError:
        return False
