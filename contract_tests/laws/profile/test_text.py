"""Text of every kind is stored and answered exactly as sent."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from contract_tests.api import resources
from contract_tests.api.request_templates import fields, public, update

if TYPE_CHECKING:
    from contract_tests.api.context import Lab

TEXTS = {
    "plain": "Ada Lovelace",
    "leading and trailing space": "  x  ",
    "inner spaces": "a  b   c",
    "tab and newline": "a\tb\nc",
    "carriage return": "a\r\nb\rc",
    "no-break and other spaces": "\u00a0x\u2003y\u3000",
    "only space": " ",
    "composed": "\u00e9\u00c5",
    "decomposed": "e\u0301A\u030a",
    "compatibility": "ﬁ①ｆ\u212b",
    "case": "\u00df\u1e9e\u0130\u0131\u017f\u212aaAzZ",
    "right to left": "שלום مرحبا \u202babc\u202c",
    "zero width": "a\u200bb\u200d\u2060c\ufeff",
    "leading byte order mark": "\ufeffx",
    "emoji sequence": "👩‍👩‍👧‍👦🏳️‍🌈👍🏽🇩🇪",
    "outside the BMP": "𝒜𐍈😀🀄",
    "quotes": "'\"`\u00b4\u2018\u2019\u201c\u201d",
    "lone quote": "'",
    "lone double quote": '"',
    "html": "<b>x</b> &amp; <script>1</script>",
    "ampersands": "a&b=c;d",
    "entities": "&lt;&#39;&quot;",
    "backslashes": "a\\b\\\\c\\n\\u0041",
    "percent": "100% %41 %zz +",
    "sql": "x'); DROP TABLE users;--",
    "template": "{{7*7}} ${7*7} #{7*7} %s {0}",
    "numbers": "007",
    "words that are values": "null",
    "true": "true",
    "null character": "a\u0000b",
    "control characters": "a\u0001\u001f\u007fb",
    "line separators": "a\u2028b\u2029c\u0085d",
    "private use and noncharacters": "\ue000\ufffe\U0010ffff",
    "replacement": "\ufffd?",
    "latin-1": "Ã©ÿ¡",
    "combining pile": "Z\u0351\u036b\u0343",
    "slashes": "a/b//c",
    "soft hyphen and variation selectors": "a\u00adb\u2764\ufe0e\u2764\ufe0f",
    "tag characters": "\U0001f3f4\U000e0067\U000e0062\U000e007f",
    "marks of direction": "a\u200e\u200f\u061c\u2066b\u2069",
    "invisible operators": "a\u2061\u2062\u2063\u180e\u034fb",
    "conjoining jamo": "\u1112\u1161\u11ab",
    "address": "http://a.io/b?c=d#e a.b@c.io @x #y",
    "typography": ":) ... -- (c) 1/2 <3 'x' \"y\"",
    "formula": "=1+1",
    "plus first": "+1",
    "minus first": "-1",
    "at first": "@SUM(1)",
    "decimal": "1.50",
    "long number": "12345678901234567890",
    "markdown": "*a* _b_ [c](d) `e` ~~f~~",
    "harmless words": "hell Scunthorpe",
    "json": '{"a": [1]}',
    "newline at the end": "x\n",
    "newline at the beginning": "\nx",
    "zero": "0",
    "false": "false",
    "keycaps": "1\ufe0f\u20e3#\u20e3",
    "one combining mark": "\u0301",
}

SMALL_STEPS = (
    "Ada e\u0301",
    "Ada \u00e9",
    "ada \u00e9",
    "ada \u00e9 ",
    "ada  \u00e9",
    "ada \u00e9\u200b",
    "ada \u00e9\ufe0f",
    "ada e",
)


@pytest.mark.parametrize("kind", TEXTS)
def test_text_round_trips(lab: Lab, kind: str) -> None:
    """What was sent is what is read, in the answer, in the profile and in the public profile."""
    for who in lab.roles():
        for name in ("displayName", "biography"):
            _round_trip(lab, who, name, TEXTS[kind])


@pytest.mark.parametrize("name", ["displayName", "biography"])
def test_escaped_json(lab: Lab, name: str) -> None:
    """It does not matter how the JSON of the request spells a character."""
    for number, spelled in enumerate(
        (b"\\u00e9\\ud83d\\ude00", b'\\/\\b\\f\\n\\r\\t\\"\\\\', "é😀".encode())
    ):
        body = b'{ "%s" :\n"%s" }' % (name.encode(), spelled)
        wanted = ("é😀", '/\b\f\n\r\t"\\', "é😀")[number]
        exchange = lab.accepted(update(body), rule="input.accepted")
        got = resources.profile(lab, "primary", name)[name]
        if got != wanted:
            lab.find(
                "text.exact",
                "updateProfile",
                f"{name} is {got!r}",
                repr(wanted),
                exchange,
                field=name,
            )


def test_long_text(lab: Lab) -> None:
    """Long text of mixed kinds keeps every character."""
    schema = lab.contract.property_schema("biography")
    for who in lab.roles():
        chance = lab.random(who)
        for _ in range(4):
            text = "".join(
                chance.choice("abc é漢😀\u0301\n\"\\<&'ש") for _ in range(schema["maxLength"])
            )
            _round_trip(lab, who, "biography", text)
        _same_for_every_reader(lab, who)


def _same_for_every_reader(lab: Lab, who: str) -> None:
    for container in resources.own_homes(lab, who)[:1] if lab.target.containers else ():
        reads = [
            lab.ask(public(resources.username(lab, who), container), reader)
            for reader in lab.roles()
        ]
        if len({str(lab.object(read).get("biography")) for read in reads if read.ok}) > 1:
            documented = f"for every reader {reads[0].shown()}"
            lab.find("public.any-reader", "getPublicProfile", reads[-1].shown(), documented, *reads)


def test_the_smallest_change_counts(lab: Lab) -> None:
    """A text that differs from the stored one by its form only replaces it."""
    for who in lab.roles():
        for name in ("displayName", "biography"):
            for old, new in itertools.pairwise(SMALL_STEPS):
                lab.accepted(update({name: old}), who, "input.accepted")
                written = lab.accepted(update({name: new}), who, "input.accepted")
                got = resources.profile(lab, who, name)[name]
                if got == old:
                    lab.find(
                        "text.exact",
                        "updateProfile",
                        f"{name} is still {got!r}",
                        repr(new),
                        written,
                        field=name,
                    )


def _round_trip(lab: Lab, who: str, name: str, text: str) -> None:
    # Something else first, so that a stored text that is silently not replaced cannot pass for the new one.
    before = lab.marker(who, name)
    lab.ask(update({name: before}), who)
    exchange = lab.accepted(update({name: text}), who, "input.accepted")
    read = lab.accepted(fields(name), who)
    got = resources.profile_of(lab, read, (name,))[name]
    rule = "update.seen" if got == before else "text.exact"
    if got != text:
        lab.find(
            rule, "updateProfile", f"{name} is {got!r}", repr(text), exchange, read, field=name
        )
    answered = lab.body(exchange)
    if isinstance(answered, dict) and name in answered and answered[name] != text:
        lab.find(
            "update.answer",
            "updateProfile",
            f"{name} is {answered[name]!r}",
            repr(text),
            exchange,
            field=name,
        )
    _public(lab, who, name, text)


def _public(lab: Lab, who: str, name: str, text: str) -> None:
    if not lab.target.containers:
        return
    for container in resources.own_homes(lab, who)[:1]:
        read = lab.accepted(public(resources.username(lab, who), container), who)
        body = lab.object(read)
        if name in body and body[name] != text:
            lab.find(
                "text.exact",
                "getPublicProfile",
                f"{name} is {body[name]!r}",
                repr(text),
                read,
                field=name,
            )
