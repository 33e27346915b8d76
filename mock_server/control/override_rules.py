"""Override rules: added, listed, removed."""

from dataclasses import replace

from mock_server.behaviours.handler import Answer, Call
from mock_server.errors import Conflict, NotFound, Violation
from mock_server.world.overrides import Rule
from mock_server.world.sandbox import Sandbox

from .control_context import DONE, Desk
from .rule_parsing import read_rule, rule_problems, user_problems

MOST_RULES = 1000


def listRules(desk: Desk, name: str, _call: Call) -> Answer:
    """List the rules."""
    return Answer(200, {"rules": [_shown(rule) for rule in desk.load(name).rules]})


def addRule(desk: Desk, name: str, call: Call) -> Answer:
    """Add a rule, last in order."""
    wanted = call.body
    problems = list(rule_problems(desk.examples, wanted))

    def step(box: Sandbox) -> tuple[Sandbox, Rule]:
        if found := [*problems, *user_problems(box.world.users, wanted)]:
            raise Conflict(found)
        if len(box.rules) >= MOST_RULES:
            raise Conflict(
                [Violation("body", "", f"is one more than {MOST_RULES} rules: remove some first")]
            )
        identity, box = box.name(desk.seed, "rule")
        rule = read_rule(identity, wanted)
        return replace(box, rules=(*box.rules, rule)), rule

    return Answer(201, _shown(desk.change(name, step)))


def removeRule(desk: Desk, name: str, call: Call) -> Answer:
    """Remove a rule."""

    def step(box: Sandbox) -> tuple[Sandbox, None]:
        kept = tuple(rule for rule in box.rules if rule.id != call.parameters["id"])
        if len(kept) == len(box.rules):
            raise NotFound([Violation("path", "id", "there is no rule with this id")])
        return replace(box, rules=kept), None

    desk.change(name, step)
    return DONE


def clearRules(desk: Desk, name: str, _call: Call) -> Answer:
    """Remove all rules."""
    desk.change(name, lambda box: (replace(box, rules=()), None))
    return DONE


def _shown(rule: Rule) -> dict[str, object]:
    least, most = rule.delay
    said: dict[str, object] = {
        "operation": rule.operation,
        "user": rule.user,
        "times": rule.times,
        "probability": rule.probability if rule.probability < 1 else None,
        "code": rule.plan.status or None,
        "example": rule.plan.example or None,
        "undocumented": rule.plan.undocumented or None,
        "headers": dict(rule.plan.headers) or None,
        "delay": None if not most else least if least == most else {"min": least, "max": most},
        "slowBody": round(rule.plan.body * 1000) or None,
        "fault": rule.plan.fault or None,
    }
    shown = {name: value for name, value in said.items() if value is not None}
    if rule.plan.content is not None:
        shown["body"] = rule.plan.own_body
    return {"id": rule.id, **shown, "hits": rule.hits}
