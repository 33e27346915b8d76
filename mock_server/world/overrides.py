"""Override rules: replies that a test or a person wants in place of the true ones."""

from dataclasses import dataclass, replace
from random import Random
from typing import Any, NamedTuple

import orjson


class Plan(NamedTuple):
    """How to answer one request.

    With `status` 0 and no `example` the true reply is sent, else the documented one of that status
    and example.
    """

    status: int = 0
    example: str = ""
    """Empty for the first one of the status."""
    delay: float = 0.0
    """Seconds before the reply."""
    body: float = 0.0
    """Seconds that its body takes."""
    fault: str = ""
    """How the connection is broken instead."""
    content: str | None = None
    """The rule's own body as it is sent."""
    media_type: str = ""
    """What type `content` has."""
    headers: tuple[tuple[str, str], ...] = ()
    """Headers that are added."""
    undocumented: bool = False
    """Whether the status, the body or the headers may be unknown to the contract."""
    source: str = ""
    """The id of the rule, or else the names in the `Prefer` header of the request."""
    position: int = 0
    """Which of all rules it was, counted from 1."""

    @property
    def answers(self) -> bool:
        """Tell whether another reply than the true one is sent."""
        return bool(self.status or self.example)

    @property
    def own_body(self) -> Any:
        """The rule's own body as it was given: a text, or a value of JSON."""
        if self.media_type == "application/json":
            return orjson.loads(self.content or "null")
        return self.content

    def as_json(self) -> dict[str, object]:
        """Return what the journal shows of it; nothing where it plans nothing."""
        planned = {
            "code": self.status,
            "example": self.example,
            "delay": round(self.delay * 1000, 3),
            "slowBody": round(self.body * 1000),
            "fault": self.fault,
            "undocumented": self.undocumented,
        }
        applied = {name: value for name, value in planned.items() if value}
        if not applied:
            return {}
        if self.position:
            source = {
                "by": "rule",
                "name": self.source,
                "position": self.position,
            }
        else:
            source = {"by": "wish", "name": self.source}
        return source | applied


NOTHING = Plan()


@dataclass(frozen=True, slots=True)
class Rule:
    """A plan for the requests to an `operation` by a `user`; `None` means any."""

    id: str
    plan: Plan
    operation: str | None = None
    user: str | None = None
    times: int | None = None
    """How often it is applied; `None` means without end."""
    probability: float = 1.0
    delay: tuple[int, int] = (0, 0)
    """The least and the most in milliseconds."""
    drawn: int = 0
    """How many requests met the conditions."""
    hits: int = 0
    """To how many of them it was applied."""

    def concerns(self, operation: str, user: str | None) -> bool:
        """Tell whether a request meets the conditions and the rule is not used up."""
        # `None` stands for any operation and any user.
        is_left = self.times is None or self.hits < self.times
        return is_left and self.operation in {None, operation} and self.user in {None, user}

    def draw(self, seed: str) -> tuple[bool, float, "Rule"]:
        """Return whether it applies, with what delay in seconds, and the rule afterwards.

        The same seed draws the same, so that a test can be repeated.
        """
        # A generator for each draw: the count is all that a store has to keep.
        dice = Random(f"{seed}:{self.id}:{self.drawn}")  # noqa: S311 - for reproducible tests
        applies = dice.random() < self.probability
        milliseconds = dice.uniform(*self.delay)
        drawn = self.drawn + 1
        hits = self.hits + applies
        after = replace(self, drawn=drawn, hits=hits)
        return applies, milliseconds / 1000, after


def choose(
    rules: tuple[Rule, ...], operation: str, user: str | None, seed: str
) -> tuple[Plan, tuple[Rule, ...]]:
    """Return the plan of the first rule that applies, and the rules afterwards.

    They are the same tuple where no rule concerns the request: then there is nothing to save.
    """
    for place, rule in enumerate(rules):
        if rule.concerns(operation, user):
            # A rule that does not apply was drawn too, which its count shows.
            applies, delay, after = rule.draw(seed)
            rules = (*rules[:place], after, *rules[place + 1 :])
            if applies:
                return rule.plan._replace(
                    delay=delay,
                    source=rule.id,
                    position=place + 1,
                ), rules
    return NOTHING, rules
