"""Override rules: added, listed, removed."""

from dataclasses import replace

from mock_server.behaviours.handler import Answer, Call
from mock_server.errors import Conflict, NotFound, Violation
from mock_server.world.overrides import Rule
from mock_server.world.sandbox import Sandbox

from .control_context import DONE, ControlContext
from .rule_parsing import read_rule, rule_problems, user_problems

MOST_RULES = 1000


def listRules(_: ControlContext, sandbox: Sandbox, _call: Call) -> tuple[Sandbox, Answer]:
    """List the rules."""
    return sandbox, Answer(200, {"rules": [_shown(rule) for rule in sandbox.rules]})


def addRule(context: ControlContext, sandbox: Sandbox, call: Call) -> tuple[Sandbox, Answer]:
    """Add a rule, last in order."""
    wanted = call.body
    problems = [
        *rule_problems(context.examples, wanted),
        *user_problems(sandbox.world.users, wanted),
    ]
    if problems:
        raise Conflict(problems)
    if len(sandbox.rules) >= MOST_RULES:
        reason = f"is one more than {MOST_RULES} rules: remove some first"
        raise Conflict([Violation("body", "", reason)])
    identity, sandbox = sandbox.name(context.seed, "rule")
    rule = read_rule(identity, wanted)
    return replace(sandbox, rules=(*sandbox.rules, rule)), Answer(201, _shown(rule))


def removeRule(_: ControlContext, sandbox: Sandbox, call: Call) -> tuple[Sandbox, Answer]:
    """Remove a rule."""
    kept = tuple(rule for rule in sandbox.rules if rule.id != call.parameters["id"])
    if len(kept) == len(sandbox.rules):
        raise NotFound([Violation("path", "id", "there is no rule with this id")])
    return replace(sandbox, rules=kept), DONE


def clearRules(_: ControlContext, sandbox: Sandbox, _call: Call) -> tuple[Sandbox, Answer]:
    """Remove all rules."""
    return replace(sandbox, rules=()), DONE


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
