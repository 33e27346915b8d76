"""Command `mock-server proxy`: flags to settings, one clear message for every mistake."""

from __future__ import annotations

import asyncio
import importlib
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mock_server.contract.files import FileError
from mock_server.scenarios.atomic_files import check_target
from mock_server.server.lifecycle import DEFAULT_CONTRACT, find_address, free_port
from mock_server.server.stop_signals import Ending

from .banner import address
from .shared_flags import (
    LISTENING,
    LONGEST,
    SAYING,
    STEERING,
    Seconds,
    Voice,
    flags,
    option,
    options,
)
from .usage_errors import UsageProblem, address_problem

if TYPE_CHECKING:
    from mock_server.proxy.proxy_server import Settings
    from mock_server.proxy.upstream.upstream_network import Trust

MISSING = (
    "the proxy needs aiohttp, which is not installed: "
    "in the project's folder, pip install '.[proxy]'"
)


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("url", envvar="MOCK_SERVER_PROXY_URL")
@flags(LISTENING)
@option(
    "--openapi",
    type=click.Path(path_type=Path),
    default=DEFAULT_CONTRACT,
    show_default="the packaged one",
    metavar="FILE",
    help="The contract to judge by.",
)
@option(
    "--errors",
    is_flag=True,
    help="Answer 400 or 502 instead of what breaks the documented view of the contract.",
)
@option(
    "--record",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write what is seen as a scenario without personal data: .yaml or .json, for mock-server "
    "--fixtures.",
)
@option(
    "--timeout",
    type=Seconds(0, LONGEST, min_open=True),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long the upstream may take to connect, to begin its answer, and between two pieces "
    "of it.",
)
@option(
    "--tls-verify",
    default="true",
    show_default=True,
    metavar="true|false|FILE",
    help="Whether to verify the upstream's certificate, or the file of authorities to verify it "
    "by.",
)
@click.option(
    "--no-tls-verify", "tls_verify", flag_value="false", help="The same as --tls-verify false."
)
@option(
    "--client-cert",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="PEM: a certificate to show to the upstream, and its key unless there is --client-key.",
)
@option(
    "--client-key",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="PEM: the key of --client-cert.",
)
@option(
    "--proxy",
    "proxy",
    metavar="URL",
    help="Reach the upstream through this HTTP proxy; without it as HTTPS_PROXY, HTTP_PROXY and "
    "NO_PROXY say.",
)
@option(
    "--rewrite/--no-rewrite",
    default=True,
    show_default=True,
    help="Lead redirects, links and cookies of the upstream to this proxy.",
)
@flags(STEERING, SAYING)
def proxy(log_level: str, log_format: str, *, quiet: bool, **rest: Any) -> None:
    """Forward to the API at URL, and say what breaks the contract.

    Status and body are not altered: what is wrong stands in the header X-Contract-Violations and
    in the journal (GET /__mock/requests), by both views of the contract: what the API's
    documentation says, and what only this project inferred.
    """
    voice = Voice(log_level, log_format, quiet=quiet)
    ending = Ending()
    ending.heed()
    try:
        importlib.import_module("aiohttp")
    except ImportError:
        raise UsageProblem(MISSING) from None
    # Needs what the extra `proxy` installs.
    from mock_server.proxy.proxy_server import Parts, serve  # noqa: PLC0415

    try:
        parts = Parts(_settings(**rest))
    except FileError as error:
        raise UsageProblem(str(error)) from None
    voice.listen(parts.journal)
    facts = {
        "url": address(parts.settings.host, parts.settings.port),
        "upstream": parts.settings.url,
    }
    try:
        asyncio.run(serve(parts, ending, partial(voice.greet, greeting(parts.settings), **facts)))
    finally:
        # Whatever ended it, the recording must not be lost.
        ending.leave_loop()
        words, is_error = ("", False) if parts.recorder is None else parts.recorder.finish()
        voice.end(words, is_error=is_error)
    # Without tearing down the interpreter, under which Granian's threads abort noisily.
    os._exit(int(is_error))


def _settings(  # noqa: PLR0913 - one argument for each flag
    url: str,
    host: str,
    port: int,
    openapi: Path,
    *,
    timeout: float,
    errors: bool,
    record: Path | None,
    rewrite: bool,
    tls_verify: str,
    client_cert: Path | None,
    client_key: Path | None,
    proxy: str | None,
    **rest: Any,
) -> Settings:
    from mock_server.proxy.proxy_server import Settings  # noqa: PLC0415 - likewise
    from mock_server.proxy.upstream.upstream_client import check_url  # noqa: PLC0415 - likewise
    from mock_server.proxy.upstream.upstream_network import next_proxy  # noqa: PLC0415 - likewise

    problem = check_url(url)
    if problem is not None:
        raise UsageProblem(f"the URL of the upstream {problem}")
    if record is not None:
        check_target(record)
    try:
        ip = find_address(host)
        port = free_port(ip, port)
        opts = options(ip, host, **rest)
    except (OSError, OverflowError) as error:
        raise UsageProblem(address_problem(host, port, error)) from None
    try:
        through = next_proxy(url, proxy)
    except ValueError as error:
        raise UsageProblem(str(error)) from None
    verify = _verify(tls_verify, client_cert, client_key)
    return Settings(
        url=url.rstrip("/"),
        host=ip,
        port=port,
        openapi=openapi,
        patience=timeout,
        verify=verify,
        errors=errors,
        rewrite=rewrite,
        proxy=through,
        record=record,
        options=opts,
    )


def _verify(tls_verify: str, client_cert: Path | None, client_key: Path | None) -> Trust:
    from mock_server.proxy.upstream.upstream_network import trust, with_certificate  # noqa: PLC0415 - likewise

    try:
        verify = trust(tls_verify)
    except OSError:
        problem = "is neither true nor false nor a file of certificates"
        raise UsageProblem(f"--tls-verify {tls_verify}: {problem}") from None
    if client_cert is None:
        if client_key is not None:
            problem = "--client-key needs the certificate that it belongs to: --client-cert"
            raise UsageProblem(problem)
        return verify
    try:
        return with_certificate(verify, client_cert, client_key)
    except OSError as error:
        problem = f"cannot be used: {error.strerror or error}"
        needed = "PEM, with a key that is not encrypted"
        raise UsageProblem(f"--client-cert {client_cert}: {problem} ({needed})") from None


def greeting(settings: Settings) -> str:
    """Return the banner: which server is behind the proxy, and where to look."""
    from mock_server.proxy.upstream.upstream_network import origin  # noqa: PLC0415 - likewise

    url = address(settings.host, settings.port)
    treatment = "answered by an error (--errors)" if settings.errors else "reported, and passed on"
    lines = [f"Validating proxy listens on {url} in front of {settings.url}"]
    if settings.proxy is not None:
        lines.append(f"It is reached through the proxy {origin(settings.proxy)}.")
    lines += [
        "",
        f"What breaks the contract is {treatment}:",
        f"  curl '{url}/__mock/requests?only=violations'",
        f"  in the browser: {url}/__mock/ui",
    ]
    if settings.record is not None:
        lines += ["", f"Recording to {settings.record}, without personal data and tokens."]
    return "\n".join([*lines, "", "Stop with Ctrl-C."])
