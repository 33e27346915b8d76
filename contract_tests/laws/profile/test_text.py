"""Text of every kind is stored and returned exactly as sent."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from contract_tests.api import resources
from contract_tests.api.request_templates import fields, public, update
from contract_tests.findings.evidence import Text, Value
from contract_tests.laws._support import find_value

if TYPE_CHECKING:
    from contract_tests.api.context import Context

# What encodings, databases, templates, filters and spreadsheets change in a text.
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

# The text of a JSON string, and what it means.
SPELLINGS = (
    (b"\\u00e9\\ud83d\\ude00", "é😀"),
    (b'\\/\\b\\f\\n\\r\\t\\"\\\\', '/\b\f\n\r\t"\\'),
    ("é😀".encode(), "é😀"),
)
# Each of these differs from the one before in form only: composed, case, spaces, invisible marks.
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
def test_text_round_trips(context: Context, kind: str) -> None:
    """What was sent is what is read, in the answer, in the profile and in the public profile."""
    for role in context.roles():
        for name in ("displayName", "biography"):
            _round_trip(context, role, name, TEXTS[kind])


@pytest.mark.parametrize("name", ["displayName", "biography"])
def test_escaped_json(context: Context, name: str) -> None:
    """It does not matter how the JSON of the request spells a character."""
    for spelled, wanted in SPELLINGS:
        body = b'{ "%s" :\n"%s" }' % (name.encode(), spelled)
        exchange = context.accepted(update(body), rule="input.accepted")
        got = resources.field(context, "primary", name)
        if got != wanted:
            find_value(
                context,
                "text.exact",
                name,
                (got, wanted),
                exchange,
            )


def test_long_text(context: Context) -> None:
    """Long text of mixed kinds keeps every character."""
    longest = context.contract.property_schema("biography")["maxLength"]
    for role in context.roles():
        chance = context.random(role)
        for _ in range(4):
            letters = chance.choices("abc é漢😀\u0301\n\"\\<&'ש", k=longest)
            _round_trip(context, role, "biography", "".join(letters))
        _same_for_every_reader(context, role)


def _same_for_every_reader(context: Context, role: str) -> None:
    for container in resources.own_homes(context, role)[:1] if context.target.containers else ():
        template = public(resources.username(context, role), container)
        reads = [context.send(template, reader) for reader in context.roles()]
        texts = {str(context.object(read).get("biography")) for read in reads if read.ok}
        if len(texts) > 1:
            context.find(
                "public.any-reader",
                "getPublicProfile",
                reads[-1],
                Text("for every reader {}", reads[0]),
                *reads,
            )


def test_the_smallest_change_counts(context: Context) -> None:
    """A text that differs from the stored one by its form only replaces it."""
    steps = itertools.pairwise(SMALL_STEPS)
    names = ("displayName", "biography")
    for role, name, (old, new) in itertools.product(context.roles(), names, steps):
        context.accepted(update({name: old}), role, "input.accepted")
        written = context.accepted(update({name: new}), role, "input.accepted")
        got = resources.field(context, role, name)
        if got == old:
            context.find(
                "text.exact",
                "updateProfile",
                Text("{} is still {}", name, Value(got)),
                Value(new),
                written,
                field=name,
            )


def _round_trip(
    context: Context,
    role: str,
    name: str,
    text: str,
) -> None:
    # Something else first, so that a stored text that is silently not replaced cannot pass for the
    # new one.
    before = context.marker(role, name)
    context.send(update({name: before}), role)
    exchange = context.accepted(update({name: text}), role, "input.accepted")
    read = context.accepted(fields(name), role)
    got = resources.profile_of(context, read, (name,))[name]
    if got != text:
        rule = "update.seen" if got == before else "text.exact"
        find_value(
            context,
            rule,
            name,
            (got, text),
            exchange,
            read,
        )
    returned = context.object(exchange).get(name, text)
    if returned != text:
        find_value(
            context,
            "update.answer",
            name,
            (returned, text),
            exchange,
        )
    _judge_public(context, role, name, text)


def _judge_public(
    context: Context,
    role: str,
    name: str,
    text: str,
) -> None:
    for container in resources.own_homes(context, role)[:1] if context.target.containers else ():
        read = context.accepted(public(resources.username(context, role), container), role)
        got = context.object(read).get(name, text)
        if got != text:
            context.find(
                "text.exact",
                "getPublicProfile",
                Value(got),
                Value(text),
                read,
                field=name,
            )
