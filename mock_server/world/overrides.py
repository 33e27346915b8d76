"""Override rules: what a test or a person asked the mock to answer instead of the truth, and how often."""

from dataclasses import dataclass, replace
from random import Random
from typing import Any, NamedTuple

import orjson


class Plan(NamedTuple):
    """How to answer one request.

    `status` 0 without an `example` answers truly; else the documented answer of that status with this example (empty for the
    first one). `delay` comes before the answer, `body` is how long its body takes, both in seconds; `fault` breaks the
    connection instead.

    `content` is a body of the rule's own as it is sent, of the type `media_type`; `headers` come on top. Only with
    `undocumented` may they, or the status, be what the contract does not know.

    `source` is who planned: the id of a rule, which was number `position` of all, or the names by which a request wished it.
    """

    status: int = 0
    example: str = ""
    delay: float = 0.0
    body: float = 0.0
    fault: str = ""
    content: str | None = None
    media_type: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    undocumented: bool = False
    source: str = ""
    position: int = 0

    @property
    def answers(self) -> bool:
        """Tell whether something else than the truth is answered."""
        return bool(self.status or self.example)

    @property
    def own_body(self) -> Any:
        """The body of the rule's own as it was given: a text, or a value of JSON."""
        return (
            orjson.loads(self.content or "null")
            if self.media_type == "application/json"
            else self.content
        )

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
        done = {name: value for name, value in planned.items() if value}
        if not done:
            return {}
        place = {"position": self.position} if self.position else {}
        return {"by": "rule" if self.position else "wish", "name": self.source, **place, **done}


NOTHING = Plan()


@dataclass(frozen=True, slots=True)
class Rule:
    """A plan for all requests to an operation (`None` for every one), by a user (`None` for anybody), `times` or always.

    `delay` is the least and the most in milliseconds; `drawn` counts the requests that met the conditions, `hits` those that
    were answered by the rule.
    """

    id: str
    plan: Plan
    operation: str | None = None
    user: str | None = None
    times: int | None = None
    probability: float = 1.0
    delay: tuple[int, int] = (0, 0)
    drawn: int = 0
    hits: int = 0

    def concerns(self, operation: str, user: str | None) -> bool:
        """Tell whether a request meets the conditions and the rule is not used up."""
        left = self.times is None or self.hits < self.times
        return left and self.operation in {None, operation} and self.user in {None, user}

    def draw(self, seed: str) -> tuple[bool, float, "Rule"]:
        """Throw the dice: does it apply, with what delay in seconds, and the rule afterwards. The same seed draws the same."""
        dice = Random(f"{seed}:{self.id}:{self.drawn}")  # noqa: S311 - for reproducible tests
        applies = dice.random() < self.probability
        return (
            applies,
            dice.uniform(*self.delay) / 1000,
            replace(self, drawn=self.drawn + 1, hits=self.hits + applies),
        )


def choose(
    rules: tuple[Rule, ...], operation: str, user: str | None, seed: str
) -> tuple[Plan, tuple[Rule, ...]]:
    """Return the plan of the first rule that applies, and the rules afterwards; the same tuple where none was concerned."""
    for place, rule in enumerate(rules):
        if rule.concerns(operation, user):
            applies, delay, after = rule.draw(seed)
            rules = (*rules[:place], after, *rules[place + 1 :])
            if applies:
                return rule.plan._replace(delay=delay, source=rule.id, position=place + 1), rules
    return NOTHING, rules
