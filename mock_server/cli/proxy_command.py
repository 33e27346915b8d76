"""Command `mock-server proxy`: flags to settings, one clear message for every mistake."""

from __future__ import annotations

import importlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mock_server.config import ProxySettings, Settings
from mock_server.contract.files import FileError
from mock_server.http.origins import origin_of
from mock_server.scenarios.atomic_files import check_target
from mock_server.server.stop_signals import Ending

from .banner import address
from .running import run
from .server_output import ServerOutput
from .shared_flags import (
    CONTROL,
    LISTENING,
    LONGEST,
    OUTPUT,
    Seconds,
    flags,
    option,
    settings_of,
)
from .usage_errors import UsageProblem

if TYPE_CHECKING:
    import ssl

    from mock_server.proxy.recording.recorder import Recorder

MISSING = (
    "the proxy needs aiohttp, which is not installed: "
    "in the project's folder, pip install '.[proxy]'"
)


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("url", envvar="MOCK_SERVER_PROXY_URL")
@flags(LISTENING)
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
@flags(CONTROL, OUTPUT)
def proxy(  # noqa: PLR0913 - one argument for each flag that only the proxy has
    url: str,
    *,
    errors: bool,
    record: Path | None,
    timeout: float,
    tls_verify: str,
    client_cert: Path | None,
    client_key: Path | None,
    proxy: str | None,
    rewrite: bool,
    **shared: Any,
) -> None:
    """Forward to the API at URL, and say what breaks the contract.

    Status and body are not altered: what is wrong stands in the header X-Contract-Violations and
    in the journal (GET /__mock/requests), by both views of the contract: what the API's
    documentation says, and what only this project inferred.
    """
    ending = Ending()
    ending.listen()
    try:
        importlib.import_module("aiohttp")
    except ImportError:
        raise UsageProblem(MISSING) from None
    # Needs what the extra `proxy` installs.
    from mock_server.proxy.proxy_app import load_proxy  # noqa: PLC0415

    try:
        own = ProxySettings(
            url=_checked_url(url),
            timeout=timeout,
            verify=_verify(tls_verify, client_cert, client_key),
            next_proxy=_next_proxy(url, proxy),
            errors=errors,
            rewrite=rewrite,
            record=record,
        )
        # Now, and not when there is a recording to lose.
        if record is not None:
            check_target(record)
        settings = settings_of(**shared, refresh_session=False, proxy=own)
        output = ServerOutput(settings)
        app = load_proxy(settings)
    except FileError as error:
        raise UsageProblem(str(error)) from None
    facts: dict[str, object] = {
        "url": address(settings.host, settings.port),
        "upstream": own.url,
    }
    run(
        app,
        ending,
        output,
        ready=partial(output.announce, greeting(settings, own), facts),
        finish=partial(_finish, app.recorder),
    )


def _checked_url(url: str) -> str:
    from mock_server.proxy.upstream.upstream_client import check_url  # noqa: PLC0415 - likewise

    problem = check_url(url)
    if problem is not None:
        raise UsageProblem(f"the URL of the upstream {problem}")
    return url.rstrip("/")


def _next_proxy(url: str, proxy: str | None) -> str | None:
    from mock_server.proxy.upstream.upstream_network import next_proxy  # noqa: PLC0415 - likewise

    try:
        return next_proxy(url, proxy)
    except ValueError as error:
        raise UsageProblem(str(error)) from None


def _verify(
    tls_verify: str, client_cert: Path | None, client_key: Path | None
) -> ssl.SSLContext | bool:
    from mock_server.proxy.upstream import upstream_network  # noqa: PLC0415 - likewise

    try:
        verify = upstream_network.trust(tls_verify)
    except OSError:
        problem = "is neither true nor false nor a file of certificates"
        raise UsageProblem(f"--tls-verify {tls_verify}: {problem}") from None
    if client_cert is None:
        if client_key is not None:
            problem = "--client-key needs the certificate that it belongs to: --client-cert"
            raise UsageProblem(problem)
        return verify
    try:
        return upstream_network.with_certificate(verify, client_cert, client_key)
    except OSError as error:
        problem = f"cannot be used: {error.strerror or error}"
        needed = "PEM, with a key that is not encrypted"
        raise UsageProblem(f"--client-cert {client_cert}: {problem} ({needed})") from None


def _finish(recorder: Recorder | None) -> tuple[str, bool]:
    """Write the recording; return a message about it, and whether that is an error."""
    return ("", False) if recorder is None else recorder.finish()


def greeting(settings: Settings, own: ProxySettings) -> str:
    """Return the banner: which server is behind the proxy, and where to look."""
    url = address(settings.host, settings.port)
    treatment = "answered by an error (--errors)" if own.errors else "reported, and passed on"
    lines = [f"Validating proxy listens on {url} in front of {own.url}"]
    if own.next_proxy is not None:
        lines.append(f"It is reached through the proxy {origin_of(own.next_proxy)}.")
    lines += [
        "",
        f"What breaks the contract is {treatment}:",
        f"  curl '{url}/__mock/requests?only=violations'",
        f"  in the browser: {url}/__mock/ui",
    ]
    if own.record is not None:
        lines += ["", f"Recording to {own.record}, without personal data and tokens."]
    return "\n".join([*lines, "", "Stop with Ctrl-C."])
