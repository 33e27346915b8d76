"""Override rules: added, listed, removed."""

from dataclasses import replace
from typing import Any

from mock_server.errors import Conflict, NotFound, Violation
from mock_server.operations.handler import Answer, Call
from mock_server.rules import Plan, Rule
from mock_server.sandbox import Sandbox

from .desk import DONE, Desk

MOST_RULES = 1000


def listRules(desk: Desk, name: str, _call: Call) -> Answer:
    """List the rules."""
    return Answer(200, {"rules": [_shown(rule) for rule in desk.load(name).rules]})


def addRule(desk: Desk, name: str, call: Call) -> Answer:
    """Add a rule, last in order."""
    wanted = call.body
    if problems := _problems(desk, wanted):
        raise Conflict(problems)

    def step(box: Sandbox) -> tuple[Sandbox, Rule]:
        if len(box.rules) >= MOST_RULES:
            raise Conflict([Violation("body", "", f"is one more than {MOST_RULES} rules: remove some first")])
        identity, box = box.name(desk.seed, "rule")
        rule = _rule(identity, wanted)
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


def _problems(desk: Desk, wanted: dict[str, Any]) -> list[Violation]:
    known = desk.examples.answers
    operation, code, example = wanted.get("operation"), int(wanted.get("code", 0)), wanted.get("example", "")
    if operation is not None and operation not in known:
        return [Violation("body", "/operation", f"must be one of {', '.join(known)}")]
    delay = wanted.get("delay")
    if isinstance(delay, dict) and delay["min"] > delay["max"]:
        return [Violation("body", "/delay/min", "must be at most max")]
    if "fault" in wanted and (code or example or "slowBody" in wanted):
        return [Violation("body", "/fault", "breaks the connection, so there can be no code, example or slowBody beside it")]
    if not (code or example):
        return []
    try:
        for each in known if operation is None else [operation]:
            desk.examples.find(each, code, example)
    except LookupError as reason:
        wrong = "code" if code and code not in known[each] else "example"
        return [Violation("body", f"/{wrong}", str(reason))]
    return []


def _rule(identity: str, wanted: dict[str, Any]) -> Rule:
    delay = wanted.get("delay", 0)
    least, most = (delay["min"], delay["max"]) if isinstance(delay, dict) else (delay, delay)
    plan = Plan(
        status=int(wanted.get("code", 0)),
        example=wanted.get("example", ""),
        body=wanted.get("slowBody", 0) / 1000,
        fault=wanted.get("fault", ""),
    )
    operation, user, times = wanted.get("operation"), wanted.get("user"), wanted.get("times")
    return Rule(identity, plan, operation, user, times, wanted.get("probability", 1.0), (int(least), int(most)))


def _shown(rule: Rule) -> dict[str, object]:
    least, most = rule.delay
    said: dict[str, object] = {
        "operation": rule.operation,
        "user": rule.user,
        "times": rule.times,
        "probability": rule.probability if rule.probability < 1 else None,
        "code": rule.plan.status or None,
        "example": rule.plan.example or None,
        "delay": None if not most else least if least == most else {"min": least, "max": most},
        "slowBody": round(rule.plan.body * 1000) or None,
        "fault": rule.plan.fault or None,
    }
    return {"id": rule.id, **{name: value for name, value in said.items() if value is not None}, "hits": rule.hits}
