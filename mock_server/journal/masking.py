"""Masking: what a request or a reply holds, as it may be shown or stored.

Every function here takes time in proportion to its text, whatever stands in it, so that no query
stops the server. Therefore no pattern goes back over what it has read: repetitions are possessive
(`*+`), or end before a character that they cannot hold. Masking a second time changes nothing.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote, unquote_plus

import orjson

from .secret_names import (
    CHALLENGES,
    SCHEMES,
    is_secret,
    is_secret_holder,
    is_secret_parameter,
)

HIDDEN = "***"
QUOTED = '"***"'

SHORTEST = 8
"""A known secret is hidden wherever it stands; a shorter one would be found in harmless words."""
SHORT = 256
"""Paths and queries up to this length are remembered."""
DEEP = 3
"""How often text within text is looked into."""
BLANK = " \t\r\n"
LONGEST_NAME = 200
"""How many characters before a `=` or `:` are looked at."""

_BETWEEN_URLS = r""" \t\r\n"'<>?&#=;,/"""
"""What is between the parts of URLs that may be URLs themselves."""
_BETWEEN_NAMES = r""" \t\r\n,;&?#(){}<>|/"'=:"""
"""What ends the search for the start of a name, backwards from its `=` or `:`."""
_AFTER_VALUE = r""" \t\r\n,;&#"'<>)}|"""
"""What ends the value of `name=value`."""
_AFTER_LINE = r"""\r\n"<>"""
"""What ends the value of `name: value`, which may have blanks: `Authorization: Bearer …`."""
_AFTER_AUTHORITY = r"""/?# \t\r\n"'<>"""
"""What ends the authority of a URL, in any text."""
# A text in quotes ends at the next one that no backslash precedes, or where it was cut.
_IN_DOUBLE_QUOTES = r'"(?:[^"\\]++|\\.?+)*+"?+'
_IN_SINGLE_QUOTES = _IN_DOUBLE_QUOTES.replace('"', "'")
_IN_QUOTES = f"{_IN_DOUBLE_QUOTES}|{_IN_SINGLE_QUOTES}"

_PARAMETER = re.compile("[^&;]++")
# User information (RFC 3986, 3.2.1) goes up to the last `@` of the authority.
_USERINFO = re.compile(f"(?<=://)[^{_AFTER_AUTHORITY}]+(?=@)")
_ENCODED = re.compile(f"(?<![^{_BETWEEN_URLS}])[^{_BETWEEN_URLS}%]*+%[^{_BETWEEN_URLS}]*+")
# Quotes around a name do not belong to it.
_NAME = re.compile(f"(?<![^{_BETWEEN_NAMES}])([^{_BETWEEN_NAMES}]++)[ \\t\"']*+([=:])")
_VALUES = {
    "=": re.compile(rf"[ \t\r\n]*+({_IN_QUOTES}|[^{_AFTER_VALUE}]*+)", re.DOTALL),
    ":": re.compile(rf"[ \t\r\n]*+({_IN_QUOTES}|[^{_AFTER_LINE}]*+)", re.DOTALL),
}
_ELEMENT = re.compile(r"(<\s*+([^<>/\s][^<>\s]*+)[^<>]*+>)[^<]++")
_STRING = re.compile(_IN_DOUBLE_QUOTES, re.DOTALL)
_COLON = re.compile(r"[ \t\r\n]*+:[ \t\r\n]*+")
_STRING_OR_BRACKET = re.compile(rf"{_IN_DOUBLE_QUOTES}|[\[\]{{}}]", re.DOTALL)
_LEVELS = {
    "{": 1,
    "[": 1,
    "}": -1,
    "]": -1,
}
_LITERAL = re.compile(r"(?:true|false|null|-?[0-9](?:[-+.0-9eE]*[0-9])?)(?=[,}\] \t\r\n]|\Z)")
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{1,4})")


def target(path_text: str, query_text: str) -> tuple[str, str]:
    """Return path and query without secrets; those of most requests come again and again."""
    mask = _known_target if len(path_text) + len(query_text) <= SHORT else _target
    return mask(path_text, query_text)


def _target(path_text: str, query_text: str) -> tuple[str, str]:
    return path(path_text), query(query_text)


_known_target = lru_cache(1024)(_target)


def query(text: str, depth: int = 0) -> str:
    """Return a query, or an `application/x-www-form-urlencoded` form, without values of secrets."""
    return _PARAMETER.sub(lambda parameter: _parameter(parameter[0], depth), text)


def path(text: str) -> str:
    """Return a path without secrets: within a part, or a part that follows `/sessions/`."""
    shown = []
    hides = False
    for part in text.split("/"):
        shown.append(HIDDEN if hides and part else plain(part))
        hides = is_secret_holder(part)
    return "/".join(shown)


def header(name: str, value: str) -> str:
    """Return the value of a header as it may be shown."""
    lower = name.lower()
    if lower == "set-cookie":
        pair, semicolon, attributes = value.partition(";")
        cookie, equals, _ = pair.partition("=")
        return f"{cookie}={HIDDEN}{semicolon}{attributes}" if equals else HIDDEN
    if lower in CHALLENGES:
        return value
    if is_secret(name) or _is_token(value):
        return HIDDEN
    scheme, _, credentials = value.partition(" ")
    if credentials.strip() and scheme.lower() in SCHEMES:
        return HIDDEN
    return plain(value)


def body(
    text: str,
    media_type: str = "",
    depth: int = 0,
) -> str:
    """Return the text of a body, which may have been cut, without secrets.

    Its media type tells its form, or else the way it begins.
    """
    essence = media_type.partition(";")[0].strip().lower()
    start = text.lstrip(BLANK)[:1]
    if essence.startswith("multipart/") or text.startswith("--"):
        return _multipart(text, depth)
    if start in {"{", "[", '"'} or essence.endswith("json"):
        return _json(text, depth)
    if essence == "application/x-www-form-urlencoded" or _looks_like_form(text, start):
        return query(text, depth)
    return _text(text, depth)


def plain(text: str, depth: int = 0) -> str:
    """Return a text without secrets named in it (`token=…`, `Password: …`) or in URLs."""
    if "=" in text or ":" in text:
        text = _without_named(_USERINFO.sub(HIDDEN, text))
    if "%" in text:
        text = _ENCODED.sub(lambda part: _nested(part[0], depth), text)
    return _ELEMENT.sub(_element, text) if "<" in text else text


def value(name: str, found: object) -> object:
    """Return the value of a name, without secrets."""
    if found is None:
        return None
    if is_secret(name):
        return HIDDEN
    return _text(found, 0) if isinstance(found, str) else found


def without(text: str, secrets: Iterable[str]) -> str:
    """Return a text in which known secrets do not stand, as they are or percent-encoded."""
    for secret in secrets:
        if SHORTEST <= len(secret) <= len(text):
            text = text.replace(secret, HIDDEN)
            if "%" in text:
                text = text.replace(quote(secret, safe=""), HIDDEN)
    return text


def credential(authorization: str | None) -> str:
    """Return what is secret in an `Authorization` header: what follows the scheme."""
    scheme, blank, rest = (authorization or "").partition(" ")
    return rest.strip() if blank else scheme


def secrets_in(text: str) -> list[str]:
    """List the values of secrets in a query, as they stand and decoded."""
    found = []
    for part in text.split("&"):
        name, _, raw = part.partition("=")
        if raw not in {"", HIDDEN} and is_secret_parameter(name):
            found += [raw, unquote_plus(raw)]
    return list(dict.fromkeys(found))


def _is_token(text: str) -> bool:
    """Tell whether a text is a JSON Web Token (RFC 7519), or bearer credentials."""
    # A token is three parts with points between, of which the first encodes `{"…`.
    if text.startswith("eyJ") and text.count(".") > 1:
        return True
    scheme, _, rest = text.partition(" ")
    return scheme.lower() == "bearer" and len(rest) >= SHORTEST and " " not in rest


def _parameter(text: str, depth: int) -> str:
    name, _, content = text.partition("=")
    if not content:
        return _text(text, depth)
    if is_secret_parameter(name):
        return f"{name}={HIDDEN}"
    is_encoded = "%" in content or "+" in content
    shown = _nested(content, depth) if is_encoded else _text(content, depth)
    return f"{name}={shown}"


def _nested(text: str, depth: int) -> str:
    """Return percent-encoded text, such as a URL within a URL, without the secrets in it."""
    decoded = unquote_plus(text)
    if depth >= DEEP:
        return text if decoded == text else HIDDEN
    shown = _text(decoded, depth + 1)
    return text if shown == decoded else quote(shown, safe="*/")


def _text(text: str, depth: int) -> str:
    """Return a text of any kind without secrets: it may be a URL, a form, or JSON in JSON."""
    if _is_token(text):
        return HIDDEN
    if depth < DEEP and text.lstrip(BLANK)[:1] in {"{", "["}:
        return body(text, depth=depth + 1)
    return plain(text, depth)


def _without_named(text: str) -> str:
    """Return a text without what follows the name of a secret and `=` or `:`."""
    shown: list[str] = []
    done = 0
    for name in _NAME.finditer(text):
        # A name within a value that is hidden already counts no more.
        if name.start() < done or not _names_secret(name, text):
            continue
        found = _VALUES[name[2]].match(text, name.end())
        assert found is not None, "a value may be empty"
        if found[1]:
            # Quotation marks stay.
            mark = found[1][0] if found[1][0] in "\"'" else ""
            shown += [text[done : found.start(1)], f"{mark}{HIDDEN}{mark}"]
            done = found.end()
    return "".join([*shown, text[done:]])


def _names_secret(name: re.Match[str], text: str) -> bool:
    known = name[1][-LONGEST_NAME:]
    is_parameter = text.endswith(("?", "&", "#"), 0, name.start())
    return is_secret_parameter(known) if is_parameter else is_secret(known)


def _element(element: re.Match[str]) -> str:
    """Return an element of XML without its content where its name is that of a secret."""
    local_name = element[2].rpartition(":")[2]
    return f"{element[1]}{HIDDEN}" if is_secret(local_name) else element[0]


def _looks_like_form(text: str, start: str) -> bool:
    return start != "<" and "=" in text and not any(blank in text for blank in BLANK)


def _multipart(text: str, depth: int) -> str:
    """Return a multipart body (RFC 7578) without the content of parts with secret names."""
    first_line, _, _ = text.partition("\n")
    boundary = first_line.strip()
    if not boundary.startswith("--") or boundary == "--":
        # Something else, or cut off.
        return _text(text, depth) if depth < DEEP else HIDDEN
    first, *parts = text.split(boundary)
    shown = [_part_of_body(part, depth) for part in parts]
    return boundary.join([first, *shown])


def _part_of_body(part: str, depth: int) -> str:
    """Return a part of a multipart body, its headers included, without secrets."""
    head, blank, content = part.partition("\r\n\r\n")
    if not blank:
        head, blank, content = part.partition("\n\n")
    stripped = content.rstrip("\r\n")
    tail = content[len(stripped) :]
    shown = _content_of_part(head, stripped, depth)
    return f"{_without_named(head)}{blank}{shown}{tail}"


def _content_of_part(
    head: str,
    content: str,
    depth: int,
) -> str:
    if not content:
        return ""
    if depth >= DEEP or any(map(is_secret_parameter, _names_of_part(head))):
        return HIDDEN
    return body(content, depth=depth + 1)


def _names_of_part(head: str) -> Iterator[str]:
    for parameter in head.replace("\n", ";").split(";"):
        key, _, name = parameter.partition("=")
        if key.strip().lower() in {"name", "name*"}:
            yield name.strip().strip('"').rpartition("''")[2]


def _json(text: str, depth: int) -> str:
    """Return JSON, whole or cut anywhere, without the values of secret members, strings or not.

    Between its strings are no letters but those of `true`, `false`, `null` and numbers. Where there
    are others the text is not JSON, and is treated as any text.
    """
    shown: list[str] = []
    done = 0
    for string in _STRING.finditer(text):
        start, end = string.span()
        # A string within a value that is hidden already counts no more.
        if start < done:
            continue
        gap = text[done:start]
        shown.append(_gap(gap, depth))
        done = end
        colon = _COLON.match(text, end)
        if _ends_with_secret_name(gap):
            shown.append(QUOTED)
        elif colon and is_secret(_decoded(string[0])):
            done = _end_of_json(text, colon.end())
            shown += [text[start : colon.end()], _secret_value(text, colon.end(), done)]
        else:
            shown.append(_string(string[0], depth))
    shown.append(_gap(text[done:], depth))
    return "".join(shown)


def _secret_value(
    text: str,
    start: int,
    end: int,
) -> str:
    """Return what is shown of the value of a secret member: `null` is no secret."""
    found = text[start:end]
    # At the end of a text that was cut, `null` may be the start of something else.
    is_null = found == "null" and end < len(text)
    return found if is_null or not found else QUOTED


def _gap(gap: str, depth: int) -> str:
    # Most gaps are short; `:true,` is the shortest with a value.
    return gap if len(gap) <= len(":true") else plain(gap, depth)


def _ends_with_secret_name(gap: str) -> bool:
    """Tell whether a secret name without quotes stands before a string, as in JavaScript."""
    names = list(_NAME.finditer(gap))
    if not names:
        return False
    name = names[-1]
    rest = gap[name.end() :]
    return not rest.strip(BLANK) and is_secret(name[1])


def _string(token: str, depth: int) -> str:
    """Return a string of JSON as it was written, unless something in it is a secret."""
    if token[1:-1].isalnum():
        return token
    text = _decoded(token)
    shown = _text(text, depth)
    return token if shown == text else orjson.dumps(shown).decode()


def _decoded(token: str) -> str:
    """Return the text of a string of JSON, as far as it can be read."""
    if "\\" not in token:
        return token[1:].removesuffix('"')
    # It may have been cut, even behind a backslash.
    for closed in (token, f'{token}"', f'{token[:-1]}"'):
        try:
            return str(orjson.loads(closed))
        except ValueError:
            continue
    readable = _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), token.strip('"'))
    return readable.replace("\\", "")


def _end_of_json(text: str, start: int) -> int:
    """Return where a value ends; the end of the text where it was cut, or is no JSON."""
    first = text[start : start + 1]
    if first in {"{", "["}:
        return _end_of_brackets(text, start)
    pattern = _STRING if first == '"' else _LITERAL
    found = pattern.match(text, start)
    return found.end() if found else len(text)


def _end_of_brackets(text: str, start: int) -> int:
    level = 0
    for token in _STRING_OR_BRACKET.finditer(text, start):
        level += _LEVELS.get(token[0], 0)
        if level == 0:
            return token.end()
    return len(text)
