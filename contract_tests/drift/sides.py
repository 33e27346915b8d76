"""One side of a comparison: its server, its sessions, and what plays each role there."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import quote
from uuid import uuid4

from contract_tests.config.settings import Settings
from contract_tests.drift.probes import LIST, ODD, PROFILE, PUBLIC, REFERRALS, Probe
from contract_tests.drift.response_facts import number_at, value_of
from contract_tests.exceptions import OutOfTimeError
from contract_tests.http.http_client import Client
from contract_tests.http.messages import Exchange, HttpRequest
from contract_tests.http.write_policy import decide

if TYPE_CHECKING:
    from contract_tests.config.network_options import NetworkOptions
    from contract_tests.config.target import Target
    from contract_tests.spec.contract import Contract

# Users and containers of a target file that are tried for a role.
MOST_NAMES = 5
# More items than any list can have: a larger number is not counted.
MOST_ITEMS = 10**9
# Items on the small pages of the probes.
SMALL = 2
NOWHERE = "/v1/user/drift-nothing-here"
# Roles that are numbers of pages, and nothing to hide.
NUMBERS = ("last", "after")
NO_MEMBER = "a side names no user who is a member of a container that it names"
NO_OUTSIDER = "a side names no user who is a member of one container and not of another"
NO_PAGES = "a side has too few notifications for several pages, or tells no total"
MISSING = {
    "container": "a side names no container whose notifications the session may read",
    "foreign": "a side names no container of which the session's user is not a member",
    "member": NO_MEMBER,
    "membership": NO_MEMBER,
    "outsider": NO_OUTSIDER,
    "elsewhere": NO_OUTSIDER,
    "last": NO_PAGES,
    "after": NO_PAGES,
}


@dataclass(frozen=True)
class Observation:
    """The response of one side to a probe.

    `curl` repeats it and names no token, user or container.
    """

    probe: Probe
    exchange: Exchange
    curl: str


class Unplayed(LookupError):  # noqa: N818 - no error: a role that nobody plays
    """A role that has no value on this side; the text names it and what would help."""


@dataclass
class Side:
    """One of the two servers.

    `roles` maps the roles of the probes to values, as `cast` finds them out. `thin` are operations
    that no name of the target file succeeds with: the names may be wrong as well as the server.
    """

    name: str
    target: Target
    contract: Contract
    how: NetworkOptions
    roles: dict[str, str] = field(default_factory=dict)
    seen: list[Observation] = field(default_factory=list)
    thin: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._policy = decide(self.target, Settings(read_only=True))
        # Names the run in `User-Agent`, as those of the gate do.
        run = uuid4().hex[:8]
        self.client = Client(
            self.target.base_url,
            lambda _: None,
            self._permit,
            self.how,
            run,
        )

    def _permit(self, request: HttpRequest) -> None:
        """Raise where a call would write, or the time is over."""
        self._policy.check(request, "", (), documented=True)
        if time.monotonic() > self.client.until:
            raise OutOfTimeError

    def send(self, probe: Probe) -> Observation:
        """Send a probe.

        Raise `Unplayed` if a role of it is not played, `NotJudgedError` or `OutOfTimeError` if the
        target or we have no time.
        """
        exchange = self.client.send(self._request(probe, self.roles))
        # The command that repeats it has a variable in the place of each name. What stands in for
        # a name is a plain word, since a variable would be percent-encoded in a path.
        stand_ins = {role: f"drift-role-{role}" for role in self.roles if role not in NUMBERS}
        variables = [(word, f"${role.upper()}") for role, word in stand_ins.items()]
        request = self._request(probe, self.roles | stand_ins)
        secrets = (*request.secrets, *variables)
        shown = replace(exchange.request, path=request.path, secrets=secrets)
        found = Observation(probe, exchange, shown.curl(self.target.base_url))
        self.seen.append(found)
        return found

    def close(self) -> None:
        """Give up the connection."""
        self.client.close()

    def check(self, probe: Probe) -> None:
        """Raise `Unplayed` if the probe cannot be sent here."""
        self._request(probe, self.roles)

    def _request(self, probe: Probe, roles: dict[str, str]) -> HttpRequest:
        operation = self.contract.operations.get(probe.operation)
        path = operation.path if operation else NOWHERE
        if "{username}" in path:
            path = path.replace("{username}", _filled(probe.user, roles))
        if probe.query:
            path += f"?{_filled(probe.query, roles)}"
        credentials = self._credentials(probe.session)
        headers = (("Authorization", credentials),) if credentials else ()
        secrets = self.target.secrets
        return HttpRequest(
            probe.operation,
            probe.method,
            path,
            headers,
            secrets=secrets,
        )

    def _credentials(self, session: str) -> str:
        if session in ODD:
            return ODD[session]
        if session not in self.target.sessions:
            raise Unplayed(f"the {self.name} target names no session {session}")
        return f"Bearer {self.target.sessions[session]}"

    def cast(self) -> None:
        """Find the value of each role by reading from the target.

        A role without one stays empty.
        """
        self.roles.clear()
        self.seen.clear()
        self.thin.clear()
        profile = self.send(Probe(PROFILE, "who it is", "fields=username"))
        referrals = self.send(Probe(REFERRALS, "success"))
        if profile.exchange.status or referrals.exchange.status:
            self._cast_containers()
            self._cast_members()

    def _cast(self, **names: str) -> None:
        """Give roles their names; those that are played already stay as they are."""
        for role, name in names.items():
            self.roles.setdefault(role, quote(name, safe=""))

    def _cast_containers(self) -> None:
        """Find the container with the most notifications, and one whose list is refused."""
        largest = -math.inf
        container = ""
        for name in self.target.containers[:MOST_NAMES]:
            self.roles["container"] = quote(name, safe="")
            response = self.send(Probe(LIST, "success", "containerId={container}")).exchange
            # Without a total the longer answer has more in it.
            size = number_at(value_of(response), "total") or len(response.body)
            if not response.ok:
                self._cast(foreign=name)
            elif size > largest:
                largest, container = size, self.roles["container"]
        if not container:
            self.thin.add(LIST)
            self.roles.pop("foreign", None)
            return
        self.roles["container"] = container
        self._cast_pages()

    def _cast_pages(self) -> None:
        """Find the last page, whose number differs from side to side."""
        query = "containerId={container}&page=1&limit=2"
        first = self.send(Probe(LIST, "first of small pages", query)).exchange
        total = number_at(value_of(first), "total")
        if first.ok and total is not None and SMALL < total <= MOST_ITEMS:
            last = math.ceil(int(total) / SMALL)
            self._cast(last=str(last), after=str(last + 1))
            query = "containerId={container}&page={last}&limit=2"
            self.send(Probe(LIST, "last of small pages", query))

    def _cast_members(self) -> None:
        """Find a member of a container, and somebody who is a member of another one only."""
        names = self.target.usernames[:MOST_NAMES]
        containers = self.target.containers[:MOST_NAMES]
        for user in names:
            homes = [name for name in containers if self._is_member(user, name)]
            others = [name for name in containers if name not in homes]
            if homes:
                self._cast(member=user, membership=homes[0])
            if homes and others:
                self._cast(outsider=user, elsewhere=others[0])
        if "member" not in self.roles and names and containers:
            self.thin.add(PUBLIC)
            self._cast(member=names[0], membership=containers[0])

    def _is_member(self, user: str, container: str) -> bool:
        self._cast(candidate=user, place=container)
        probe = Probe(PUBLIC, "success", "containerId={place}", user="{candidate}")
        found = self.send(probe).exchange.ok
        del self.roles["candidate"], self.roles["place"]
        return found


class _Played(dict[str, str]):
    """The names of roles."""

    def __missing__(self, role: str) -> str:
        raise Unplayed(MISSING.get(role, role))


def _filled(text: str, roles: dict[str, str]) -> str:
    return text.format_map(_Played(roles))
