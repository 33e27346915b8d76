"""Override rules: added, listed, removed."""

from dataclasses import replace

from mock_server.behaviours.handler import Answer, Call
from mock_server.errors import Conflict
from mock_server.world.overrides import Rule
from mock_server.world.sandbox import Sandbox

from .control_context import DONE, ControlContext, Result, conflict, not_found
from .rule_parsing import read_rule, rule_problems, user_problems

MOST_RULES = 1000


def listRules(_: ControlContext, sandbox: Sandbox, _call: Call) -> Result:
    """List the rules."""
    shown = [_shown(rule) for rule in sandbox.rules]
    return sandbox, Answer(200, {"rules": shown})


def addRule(context: ControlContext, sandbox: Sandbox, call: Call) -> Result:
    """Add a rule, last in order."""
    body = call.body
    problems = rule_problems(context.examples, body)
    problems += user_problems(sandbox.world.users, body)
    if problems:
        raise Conflict(problems)
    # Each request looks through all of them.
    if len(sandbox.rules) >= MOST_RULES:
        raise conflict("body", "", f"is one more than {MOST_RULES} rules: remove some first")
    identity, sandbox = sandbox.name(context.seed, "rule")
    rule = read_rule(identity, body)
    return replace(sandbox, rules=(*sandbox.rules, rule)), Answer(201, _shown(rule))


def removeRule(_: ControlContext, sandbox: Sandbox, call: Call) -> Result:
    """Remove a rule."""
    identity = call.parameters["id"]
    kept = tuple(rule for rule in sandbox.rules if rule.id != identity)
    if len(kept) == len(sandbox.rules):
        raise not_found("path", "id", "there is no rule with this id")
    return replace(sandbox, rules=kept), DONE


def clearRules(_: ControlContext, sandbox: Sandbox, _call: Call) -> Result:
    """Remove all rules."""
    return replace(sandbox, rules=()), DONE


def _shown(rule: Rule) -> dict[str, object]:
    """Return the `Rule` of `control.yaml`, without what the rule leaves as it is."""
    plan = rule.plan
    fields: dict[str, object] = {
        "operation": rule.operation,
        "user": rule.user,
        "times": rule.times,
        "probability": rule.probability if rule.probability < 1 else None,
        "code": plan.status or None,
        "example": plan.example or None,
        "undocumented": plan.undocumented or None,
        "headers": dict(plan.headers) or None,
        "delay": _shown_delay(*rule.delay),
        "slowBody": round(plan.body * 1000) or None,
        "fault": plan.fault or None,
    }
    shown: dict[str, object] = {"id": rule.id}
    shown |= {name: value for name, value in fields.items() if value is not None}
    # Apart from the others, since `null` is a body too.
    if plan.content is not None:
        shown["body"] = plan.own_body
    return {**shown, "hits": rule.hits}


def _shown_delay(least: int, most: int) -> object:
    if not most:
        return None
    return least if least == most else {"min": least, "max": most}
