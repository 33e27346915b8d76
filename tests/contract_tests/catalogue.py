"""The catalogue of faults: one class each, wrong in one way, with the rule and the operation that the gate must name."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.contract_tests.reference import Api

# Where a rule is judged, for runs that need one law only.
LAWS = {
    name: name
    for name in (
        "session",
        "projection",
        "update",
        "text",
        "public",
        "pages",
        "read",
        "referrals",
        "http",
    )
}
LAWS |= {
    "answer": "http",
    "error": "bounds",
    "input": "bounds",
    "header": "session",
    "concurrent": "concurrency",
}


@dataclass(frozen=True)
class Fault:
    name: str
    family: str
    says: str
    rule: str
    operation: str
    law: str
    make: Callable[[], Api]
    style: frozenset[str] = frozenset()
    also: frozenset[str] = frozenset()

    @property
    def accusers(self) -> frozenset[str]:
        """The rules that may accuse it, judged by its law; any other accusation is one too many."""
        return self.also | {self.rule}

    @property
    def depth(self) -> str:
        """The least depth that is sure to catch it: what takes several steps in a row needs many tries."""
        return "standard" if self.law.startswith("machine") else "quick"


FAULTS: dict[str, Fault] = {}


def fault(  # noqa: PLR0913, PLR0917 - what a fault is known by
    family: str, rule: str, operation: str, law: str = "", style: str = "", also: str = ""
) -> Callable[[type[Api]], type[Api]]:
    """Enter a class into the catalogue under its name and its docstring.

    `also` names further rules, apart by blanks, that may accuse it: one fault can break several promises.
    """

    def enter(made: type[Api]) -> type[Api]:
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", made.__name__).lower()
        if name in FAULTS:
            raise ValueError(f"two faults are named {name}")
        says = (made.__doc__ or "").strip()
        chosen = law or LAWS.get(rule.partition(".")[0], "")
        FAULTS[name] = Fault(
            name,
            family,
            says,
            rule,
            operation,
            chosen,
            made,
            frozenset(style.split()),
            frozenset(also.split()),
        )
        return made

    return enter
