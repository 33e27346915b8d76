"""One side of a comparison: its server, its sessions, and what plays each role there."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import quote
from uuid import uuid4

from contract_tests.drift.probes import LIST, ODD, PROFILE, PUBLIC, REFERRALS, Probe
from contract_tests.drift.response_facts import number_at, value_of
from contract_tests.exceptions import OutOfTimeError
from contract_tests.http.http_client import Client
from contract_tests.http.messages import Exchange, HttpRequest
from contract_tests.http.write_policy import decide

if TYPE_CHECKING:
    from contract_tests.config.target import Target
    from contract_tests.http.network_options import NetworkOptions
    from contract_tests.spec.contract import Contract

MOST_NAMES = 5
"""Users and containers of a target file that are tried for a role."""
MOST_ITEMS = 10**9
"""More items than any list can have: a larger number is not counted."""
SMALL = 2
"""Items on the small pages of the probes."""
NOWHERE = "/v1/user/drift-nothing-here"


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
    """`roles` maps the roles of the probes to values, as `cast` finds them out.

    `thin` are operations that no name of the target file succeeds with: the names may be wrong as well as the server.
    """

    name: str
    target: Target
    contract: Contract
    how: NetworkOptions
    roles: dict[str, str] = field(default_factory=dict)
    seen: list[Observation] = field(default_factory=list)
    thin: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._permission = decide(
            self.target, read_only=True, writes=False, mark_read=False, first_write=False
        )
        self.client = Client(
            self.target.base_url,
            lambda _: None,
            self._permit,
            self.how,
            uuid4().hex[:8],
        )

    def _permit(self, request: HttpRequest) -> None:
        """Raise where a call would write, or the time is over."""
        self._permission.check(request, "", (), documented=True)
        if time.monotonic() > self.client.until:
            raise OutOfTimeError

    def send(self, probe: Probe) -> Observation:
        """Send a probe.

        Raise `Unplayed` if a role of it is not played, `NotJudgedError` or `OutOfTimeError` if the target or we have no time.
        """
        exchange = self.client.send(self._call(probe, self.roles))
        names = {role: f"drift-role-{role}" for role in self.roles}
        shown = tuple(
            (stand_in, f"${role.upper()}")
            for role, stand_in in names.items()
            if role not in ("last", "after")
        )
        request = self._call(
            probe,
            {
                **names,
                **{role: self.roles[role] for role in ("last", "after") if role in self.roles},
            },
        )
        hidden = replace(
            exchange.request, path=request.path, secrets=(*exchange.request.secrets, *shown)
        )
        found = Observation(probe, exchange, hidden.curl(self.target.base_url))
        self.seen.append(found)
        return found

    def close(self) -> None:
        """Give up the connection."""
        self.client.close()

    def check(self, probe: Probe) -> None:
        """Raise `Unplayed` if the probe cannot be sent here."""
        self._call(probe, self.roles)

    def _call(self, probe: Probe, roles: dict[str, str]) -> HttpRequest:
        operation = self.contract.operations.get(probe.operation)
        path = operation.path if operation else NOWHERE
        if "{username}" in path:
            path = path.replace("{username}", _filled(probe.user, roles))
        query = _filled(probe.query, roles)
        headers = (
            (("Authorization", credentials),)
            if (credentials := self._credentials(probe.session))
            else ()
        )
        target = path + (f"?{query}" if query else "")
        return HttpRequest(
            probe.operation, probe.method, target, headers, secrets=self.target.secrets
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
        self.thin.clear()
        answers = [
            self.send(Probe(PROFILE, "who it is", "fields=username")),
            self.send(Probe(REFERRALS, "success")),
        ]
        if not any(each.exchange.status for each in answers):
            return
        self._cast_containers()
        self._cast_members()

    def _cast_containers(self) -> None:
        sizes: dict[str, float] = {}
        for container in self.target.containers[:MOST_NAMES]:
            self.roles["container"] = quote(container, safe="")
            answer = self.send(Probe(LIST, "success", "containerId={container}")).exchange
            if answer.ok:
                sizes[container] = number_at(value_of(answer), "total") or len(answer.body)
            else:
                self.roles.setdefault("foreign", quote(container, safe=""))
        if not sizes:
            self.thin.add(LIST)
            self.roles.pop("foreign", None)
            return
        self.roles["container"] = quote(max(sizes, key=lambda name: sizes[name]), safe="")
        self._cast_pages()

    def _cast_pages(self) -> None:
        first = self.send(
            Probe(LIST, "first of small pages", "containerId={container}&page=1&limit=2")
        ).exchange
        total = number_at(value_of(first), "total")
        if first.ok and total is not None and SMALL < total <= MOST_ITEMS:
            last = -(-int(total) // SMALL)
            self.roles |= {"last": str(last), "after": str(last + 1)}
            self.send(
                Probe(LIST, "last of small pages", "containerId={container}&page={last}&limit=2")
            )

    def _cast_members(self) -> None:
        """Find a member of a container, and somebody who is a member of another one only."""
        names, containers = self.target.usernames[:MOST_NAMES], self.target.containers[:MOST_NAMES]
        found = {
            (user, container)
            for user in names
            for container in containers
            if self._is_member(user, container)
        }
        for user in names:
            mine = [container for container in containers if (user, container) in found]
            if mine and "member" not in self.roles:
                self.roles |= {
                    "member": quote(user, safe=""),
                    "membership": quote(mine[0], safe=""),
                }
            if mine and len(mine) < len(containers) and "outsider" not in self.roles:
                other = next(container for container in containers if container not in mine)
                self.roles |= {"outsider": quote(user, safe=""), "elsewhere": quote(other, safe="")}

        if "member" not in self.roles and names and containers:
            self.thin.add(PUBLIC)
            self.roles |= {
                "member": quote(names[0], safe=""),
                "membership": quote(containers[0], safe=""),
            }

    def _is_member(self, user: str, container: str) -> bool:
        self.roles |= {"candidate": quote(user, safe=""), "place": quote(container, safe="")}
        found = self.send(
            Probe(PUBLIC, "success", "containerId={place}", user="{candidate}")
        ).exchange.ok
        del self.roles["candidate"], self.roles["place"]
        return found


def _filled(text: str, roles: dict[str, str]) -> str:
    for role in re.findall(r"\{(\w+)\}", text):
        if role not in roles:
            raise Unplayed(MISSING.get(role, role))
        text = text.replace(f"{{{role}}}", roles[role])
    return text


MISSING = {
    "container": "a side names no container whose notifications the session may read",
    "foreign": "a side names no container of which the session's user is not a member",
    "member": "a side names no user who is a member of a container that it names",
    "membership": "a side names no user who is a member of a container that it names",
    "outsider": "a side names no user who is a member of one container and not of another",
    "elsewhere": "a side names no user who is a member of one container and not of another",
    "last": "a side has too few notifications for several pages, or tells no total",
    "after": "a side has too few notifications for several pages, or tells no total",
}
