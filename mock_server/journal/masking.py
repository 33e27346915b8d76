"""What is a secret, and what is shown in its place: one table for everything that shows or stores a request.

A name is secret by its words, not by its letters: `apiKey`, `X-API-Key`, `api%5Fkey` and `user[apikey]` are the same name, and
`keyboard`, `author` and `sessions` are none. Every function here takes time in proportion to its text, whatever stands in it:
texts are split first, then names are compared. Masking what is masked changes nothing.
"""

import unicodedata
from collections.abc import Container, Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

import orjson

HIDDEN = "***"
QUOTED = '"***"'


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


WORDS = _words("""
    token secret password passwd passphrase passcode passkey pass pwd pswd psw pw pin otp totp hotp mfa
    key auth oauth authorization authentication credential cred session sess sid sessid sessionid
    cookie jwt jws jwe bearer dpop sig signature hmac csrf xsrf saml assertion verifier cvv cvc
""")
"""A name that has one of these words is secret."""
ENDINGS = (
    *_words("token secret password passwd passphrase passcode passkey credential cookie signature"),
    *_words("authorization auth jwt pwd sessid sessionid sessionkey usersession authsession"),
    *_words(
        "apikey accesskey secretkey privatekey sharedkey authkey signingkey subscriptionkey masterkey encryptionkey clientkey"
    ),
)
"""Names may be written as one word (`accesstoken`): these say at its end what it is, and no harmless word ends so."""
TAILS = _words("""
    id ids value values hash key secret data string text header cookie new old current next previous
    confirm confirmation repeat again enc encrypted b64
""")
"""What may follow one of `ENDINGS` in the same word: `passwordhash`, `tokenvalue`."""
ABOUT = _words(
    "type count length size expires expiry expiration lifetime ttl at in limit max min policy"
)
"""A name that ends in one of these says something about a secret: `token_type`, `session-expires-at`."""
OF_DATA = _words(
    "sort primary foreign cache partition public idempotency websocket socket i18n row map object routing"
)
"""Before `key` these words name a key that opens nothing."""
OPENING = _words("api access secret private auth")
"""Before `key` these words name one that opens something, also where more follows: `accessKeyId`."""
PROVING = _words(
    "verification recovery backup security sms login signin activation reset mfa device"
)
"""Before `code` these words name one that proves who somebody is."""
EXACT = _words("x-mock-control samlresponse samlrequest")
"""Names that are secret as they are."""
ONCE = _words("code ticket")
"""Names of parameters that are secret in a query or a form (RFC 6749, 4.1.2; CAS), and harmless elsewhere."""
CHALLENGES = _words("www-authenticate proxy-authenticate")
"""Headers that say how to authenticate, and no secret."""
SCHEMES = _words("basic bearer digest dpop hoba negotiate token apikey aws4-hmac-sha256")
"""Words before credentials (RFC 9110, 11.4)."""
HOLDERS = _words("session sessions token tokens secret secrets password passwords apikey apikeys")
"""What stands after such a part of a path is a secret: `/sessions/TOKEN`."""
STEMS = ("session", "token", "secret", "passw", "key")
"""All `HOLDERS` have one of these."""

SHORTEST = 8
"""A known secret is hidden wherever it stands; one of fewer characters would be found where it is none."""
REMEMBERED = 64
"""Names up to this length are remembered."""
SHORT = 256
"""Paths and queries likewise."""
DEEP = 3
"""How often text within text is looked into."""
BLANK = " \t\r\n"
BEFORE = frozenset(" \t\r\n,;&?#(){}<>|/")
"""What a name in a text does not go over, looking back from its `=` or `:`."""
AFTER = frozenset(" \t\r\n,;&#\"'<>)}|")
"""What ends the value of `name=value`."""
LINE = frozenset('\r\n"<>')
"""What ends the value of `name: value`, which may have blanks: `Authorization: Bearer …`."""
BETWEEN = {place: " " for place in range(128) if not chr(place).isalnum()}
"""What is between the words of a name."""
MARKS = frozenset(" \t\r\n\"'<>?&#=;,/")
"""What is between the parts of URLs that may be URLs themselves."""
LONGEST_NAME = 200
"""How many characters before a `=` or `:` are looked at."""

Headers = Iterable[tuple[str, str]]


def target(path_text: str, query_text: str) -> tuple[str, str]:
    """Return path and query without secrets; those of most requests come again and again."""
    mask = _known_target if len(path_text) + len(query_text) <= SHORT else _target
    return mask(path_text, query_text)


def is_secret(name: str) -> bool:
    """Tell whether what has this name is a secret, however the name is spelt."""
    return _remembered(name) if len(name) <= REMEMBERED else _is_secret(name)


def query(text: str, depth: int = 0) -> str:
    """Return a query, or a form (`application/x-www-form-urlencoded`), without the values of secrets."""
    if all(_is_harmless(part) for part in text.split("&")):
        return text
    return "".join(
        part if part in {"&", ";"} else _pair(part, depth) for part in _split(text, "&;")
    )


def path(text: str) -> str:
    """Return a path without what follows the name of something secret, in it or as its next part."""
    if {"=", ":", "%"}.isdisjoint(text) and not any(stem in text.lower() for stem in STEMS):
        return text
    shown, hides = [], False
    for part in text.split("/"):
        name = unquoted(part).partition(";")[0].lower().replace("-", "").replace("_", "")
        shown.append(
            HIDDEN
            if hides and part
            else plain(part)
            if not {"=", ":", "%"}.isdisjoint(part)
            else part
        )
        hides = name in HOLDERS
    return "/".join(shown)


def headers(given: Headers) -> list[tuple[str, str]]:
    """Return headers without secrets: whole values of secret ones, and what is secret within others, such as URLs."""
    return [(name, header(name, value)) for name, value in given]


def header(name: str, value: str) -> str:
    """Return the value of a header as it may be shown."""
    lower = name.lower()
    if lower == "set-cookie":
        pair, semicolon, attributes = value.partition(";")
        cookie, equals, _ = pair.partition("=")
        return f"{cookie}={HIDDEN}{semicolon}{attributes}" if equals else HIDDEN
    if lower in CHALLENGES:
        return value
    scheme, _, credentials = value.partition(" ")
    if is_secret(name) or _is_token(value) or (credentials.strip() and scheme.lower() in SCHEMES):
        return HIDDEN
    return plain(value)


def body(text: str, media_type: str = "") -> str:
    """Return the text of a body, which may have been cut, without secrets; its form is told by the type and by its start."""
    return _body(text, media_type, 0)


def plain(text: str, depth: int = 0) -> str:
    """Return a text without the values of secrets named in it (`token=…`, `Password: …`), and without credentials in URLs."""
    if "=" in text or ":" in text:
        text = _named(_without_userinfo(text))
    if "%" in text:
        text = "".join(
            _nested(part, depth) if "%" in part else part for part in _split(text, MARKS)
        )
    return _elements(text) if "<" in text else text


def value(name: str, found: object) -> object:
    """Return a value that stands under a name, without secrets."""
    if found is None:
        return None
    if is_secret(name):
        return HIDDEN
    return _text(found, 0) if isinstance(found, str) else found


def without(text: str, secrets: Iterable[str]) -> str:
    """Return a text in which known secrets do not stand, as they are or percent-encoded."""
    for secret in secrets:
        if SHORTEST <= len(secret) <= len(text):
            if secret in text:
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
        name, equals, said = part.partition("=")
        if equals and said and said != HIDDEN and _is_parameter(name):
            found += [said, unquoted(said)]
    return list(dict.fromkeys(found))


def unquoted(text: str) -> str:
    """Return percent-encoded text decoded, as far as it can be; `+` is a blank."""
    if "+" in text:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    return unquote_to_bytes(text.encode("utf-8", "replace")).decode("utf-8", "replace")


def _target(path_text: str, query_text: str) -> tuple[str, str]:
    return path(path_text), query(query_text)


_known_target = lru_cache(1024)(_target)


@lru_cache(4096)
def _remembered(name: str) -> bool:
    return _is_secret(name)


@lru_cache(4096)
def _remembered_parameter(name: str) -> bool:
    return _is_secret(name) or unquoted(name).strip().lower() in ONCE


def _is_secret(name: str) -> bool:
    for _ in range(DEEP):
        if "%" not in name:
            break
        name = unquoted(name)
    if not name.isascii():
        name = "".join(
            unicodedata.normalize("NFKC", letter) for letter in name
        )  # a whole name would take quadratic time
    if name.strip().lower() in EXACT:
        return True
    parts = _parts(name)
    words = [word for part in parts for word in _camels(part)]
    if not words or words[-1] in ABOUT:
        return False
    lower = [word for part in parts if (word := part.lower().strip("0123456789"))]
    return _has_secret(words) or _has_secret(lower) or _ends_secret("".join(lower))


def _has_secret(words: list[str]) -> bool:
    before = ""
    for place, word in enumerate(words):
        if word == "key":
            is_last = place == len(words) - 1
            if before in OF_DATA or not (is_last or before in OPENING):
                before = word
                continue
            return True
        if word == "code" and before in PROVING:
            return True
        if word in WORDS or (word[0] == "x" and word[1:] in WORDS) or _ends_secret(word):
            return True
        before = word
    return False


def _ends_secret(word: str) -> bool:
    """Tell whether a word, or its singular, ends as a secret does, or begins so and goes on with a harmless tail."""
    if word.endswith(ENDINGS) or (word.endswith("s") and word[:-1].endswith(ENDINGS)):
        return True
    for ending in ENDINGS:
        _, found, tail = word.rpartition(ending)
        if found and tail in TAILS:
            return True
    return False


def _parts(name: str) -> list[str]:
    """Split a name at everything that is no letter and no digit."""
    if name.isascii():
        return name.translate(BETWEEN).split()
    return "".join(letter if letter.isalnum() else " " for letter in name).split()


def _camels(part: str) -> Iterator[str]:
    """Split a part of a name before capitals; several are one word: `XAPIKey` is XAPI, Key. Digits belong to no word."""
    if part.isalpha() and (part.islower() or part.isupper()):
        yield part.lower()
        return
    start = 0
    for place in range(1, len(part) + 1):
        is_end = place == len(part)
        if not is_end:
            last, letter = part[place - 1], part[place]
            follows = part[place + 1 : place + 2].islower()
            is_end = (
                letter.isupper() and (not last.isupper() or follows)
            ) or letter.isdigit() != last.isdigit()
        if is_end:
            if not part[start].isdigit():
                yield part[start:place].lower()
            start = place


def _is_parameter(name: str) -> bool:
    return _remembered_parameter(name) if len(name) <= REMEMBERED else _is_secret(name)


def _is_token(text: str) -> bool:
    """Tell whether a text is a JSON Web Token (RFC 7519), or bearer credentials, whatever it is called."""
    scheme, _, rest = text.partition(" ")
    return (text.startswith("eyJ") and text.count(".") > 1) or (
        scheme.lower() == "bearer" and len(rest) >= SHORTEST and " " not in rest
    )


def _split(text: str, marks: Container[str]) -> Iterator[str]:
    """Split at single characters, which stay."""
    start = 0
    for place, character in enumerate(text):
        if character in marks:
            yield text[start:place]
            yield character
            start = place + 1
    yield text[start:]


def _is_harmless(part: str) -> bool:
    """Tell at a glance of most parameters that there is nothing secret in them."""
    name, _, said = part.partition("=")
    return (said.isalnum() or not said) and name.isalnum() and not _is_parameter(name)


def _pair(part: str, depth: int) -> str:
    name, equals, said = part.partition("=")
    if equals and said and _is_parameter(name):
        return f"{name}={HIDDEN}"
    if not said:
        return _text(part, depth)
    return f"{name}={_text(said, depth) if '%' not in said and '+' not in said else _nested(said, depth)}"


def _nested(text: str, depth: int) -> str:
    """Return percent-encoded text, such as a URL within a URL, without the secrets that are in what it says."""
    said = unquoted(text)
    if depth >= DEEP:
        return text if said == text else HIDDEN
    shown = _text(said, depth + 1)
    return text if shown == said else quote(shown, safe="*/")


def _text(text: str, depth: int) -> str:
    """Return a text, whatever it is, without secrets: it may be a URL, a form, or JSON in JSON."""
    if _is_token(text):
        return HIDDEN
    if depth < DEEP and text.lstrip(BLANK)[:1] in {"{", "["}:
        return _body(text, "", depth + 1)
    return plain(text, depth)


def _without_userinfo(text: str) -> str:
    """Hide the user information of URLs (RFC 3986, 3.2.1) that has a password."""
    if "://" not in text:
        return text
    first, *rest = text.split("://")
    shown = [first]
    for piece in rest:
        end = next(
            (place for place, character in enumerate(piece) if character in "/?# \t\r\n\"'<>"),
            len(piece),
        )
        userinfo, at, host = piece[:end].rpartition("@")
        shown.append(f"{HIDDEN if userinfo else ''}{at}{host}{piece[end:]}")
    return "://".join(shown)


def _named(text: str) -> str:
    """Hide what follows the name of a secret and `=` or `:`; XML elements hide what is within."""
    shown: list[str] = []
    done = 0
    for place in [place for place, character in enumerate(text) if character in "=:"]:
        if place < done:
            continue
        name = _name_before(text, done, place)
        if not is_secret(name) and not (
            name in ONCE and text[place - len(name) - 1 : place - len(name)] in {"?", "&", "#"}
        ):
            continue
        start = _past_blanks(text, place + 1)
        end = _end_of_value(text, start, AFTER if text[place] == "=" else LINE)
        if end > start:
            mark = text[start] if text[start] in "\"'" else ""
            shown += [text[done:start], mark, HIDDEN, mark]
            done = end
    shown.append(text[done:])
    return "".join(shown)


def _name_before(text: str, least: int, end: int) -> str:
    """Return the name that ends here; quotes about it do not belong to it."""
    while end > least and text[end - 1] in " \t\"'":
        end -= 1
    start = end
    while (
        start > least
        and end - start < LONGEST_NAME
        and text[start - 1] not in BEFORE
        and text[start - 1] not in "\"'=:"
    ):
        start -= 1
    return text[start:end]


def _end_of_value(text: str, start: int, ends: frozenset[str]) -> int:
    if start < len(text) and text[start] in "\"'":
        return _end_of_string(text, start, text[start])
    return next((place for place in range(start, len(text)) if text[place] in ends), len(text))


def _elements(text: str) -> str:
    """Hide the content of XML elements with secret names."""
    first, *rest = text.split("<")
    shown = [first]
    for piece in rest:
        tag, end, content = piece.partition(">")
        name = tag.split(None, 1)[0] if tag.strip() else ""
        is_hidden = (
            end and content and not name.startswith("/") and is_secret(name.rpartition(":")[2])
        )
        shown.append(f"{tag}>{HIDDEN}" if is_hidden else piece)
    return "<".join(shown)


def _body(text: str, media_type: str, depth: int) -> str:
    kind = media_type.partition(";")[0].strip().lower()
    start = text.lstrip(BLANK)[:1]
    if kind.startswith("multipart/") or text.startswith("--"):
        return _multipart(text, depth)
    if start in {"{", "[", '"'} or kind.endswith("json"):
        return _json(text, depth)
    if kind == "application/x-www-form-urlencoded" or (
        start != "<" and "=" in text and not any(c in text for c in BLANK)
    ):
        return query(text, depth)
    return _text(text, depth)


def _multipart(text: str, depth: int) -> str:
    """Return a multipart body (RFC 7578) without the content of parts with secret names."""
    boundary = text.partition("\n")[0].strip()
    if not boundary.startswith("--") or len(boundary) < 3:  # noqa: PLR2004 - something else, or cut off
        return _text(text, depth) if depth < DEEP else HIDDEN
    first, *parts = text.split(boundary)
    shown = [first]
    for part in parts:
        head, blank, content = part.partition("\r\n\r\n")
        if not blank:
            head, blank, content = part.partition("\n\n")
        stripped = content.rstrip("\r\n")
        tail = content[len(stripped) :]
        is_hidden = stripped and any(_is_parameter(name) for name in _names_of_part(head))
        inside = HIDDEN if is_hidden else _body(stripped, "", depth + 1) if depth < DEEP else HIDDEN
        shown.append(f"{_named(head)}{blank}{inside if stripped else ''}{tail}")
    return boundary.join(shown)


def _names_of_part(head: str) -> Iterator[str]:
    for parameter in head.replace("\n", ";").split(";"):
        key, equals, name = parameter.partition("=")
        if equals and key.strip().lower() in {"name", "name*"}:
            yield name.strip().strip('"').rpartition("''")[2]


def _json(text: str, depth: int) -> str:
    """Return JSON, whole or cut anywhere, without the values of secret members, strings or not.

    What is between its strings has no letters but those of `true`, `false`, `null` and numbers; where it has, it is not JSON,
    and is treated as any text.
    """
    shown: list[str] = []
    place = 0
    while (start := text.find('"', place)) >= 0:
        end = _end_of_string(text, start, '"')
        gap = text[place:start]
        after = _past_blanks(text, end)
        is_hidden = _is_named(gap)
        shown.append(_gap(gap, depth))
        place = end
        if is_hidden:
            shown.append(QUOTED)
        elif text[after : after + 1] == ":" and is_secret(_said(text[start:end])):
            begin = _past_blanks(text, after + 1)
            place = _end_of_json(text, begin)
            is_nothing = text[begin:place] == "null" and place < len(text)
            shown += [
                text[start:begin],
                text[begin:place] if is_nothing or begin == place else QUOTED,
            ]
        else:
            shown.append(_string(text[start:end], depth))
    shown.append(_gap(text[place:], depth))
    return "".join(shown)


def _gap(gap: str, depth: int) -> str:
    return gap if len(gap) <= 5 or {"=", ":", "<"}.isdisjoint(gap) else plain(gap, depth)  # noqa: PLR2004 - `:true,` at least


def _is_named(gap: str) -> bool:
    """Tell whether a name that has no quotes about it, and is secret, stands before a string."""
    stripped = gap.rstrip(BLANK)
    return stripped[-1:] in {":", "="} and is_secret(_name_before(stripped, 0, len(stripped) - 1))


def _string(token: str, depth: int) -> str:
    """Return a string of JSON as it was written, unless something in it is a secret."""
    if token[1:-1].isalnum():
        return token
    is_plain = "\\" not in token
    said = token[1:].removesuffix('"') if is_plain else _said(token)
    shown = _text(said, depth)
    return token if shown == said else orjson.dumps(shown).decode()


def _said(token: str) -> str:
    """Return what a string of JSON says, as far as it can be read."""
    if "\\" not in token:
        return token[1:].removesuffix('"')
    for closed in (token, token + '"', token[:-1] + '"'):
        try:
            return str(orjson.loads(closed))
        except ValueError:
            continue
    return _roughly(token.strip('"'))


def _roughly(text: str) -> str:
    """Decode the escapes of a broken string that can be decoded."""
    first, *rest = text.split("\\u")
    shown = [first]
    for piece in rest:
        try:
            shown.append(chr(int(piece[:4], 16)) + piece[4:] if piece[:4].isalnum() else piece)
        except ValueError:
            shown.append(piece)
    return "".join(shown).replace("\\", "")


def _past_blanks(text: str, place: int) -> int:
    while place < len(text) and text[place] in BLANK:
        place += 1
    return place


def _end_of_string(text: str, start: int, mark: str) -> int:
    """Return where a string ends that starts here; the end of the text where it was cut."""
    place = start + 1
    close = text.find(mark, place)
    while close >= 0:
        escape = text.find("\\", place, close)
        if escape < 0:
            return close + 1
        place = escape + 2
        if place > close:
            close = text.find(mark, place)
    return len(text)


def _end_of_json(text: str, start: int) -> int:
    """Return where a value ends; the end of the text where it was cut, or is no JSON."""
    first = text[start : start + 1]
    if first == '"':
        return _end_of_string(text, start, '"')
    if first in {"{", "["}:
        return _end_of_brackets(text, start)
    end = next(
        (place for place in range(start, len(text)) if text[place] in ",}] \t\r\n"), len(text)
    )
    literal = text[start:end]
    is_literal = literal in {"true", "false", "null"} or (
        literal[:1] in set("-0123456789") and literal[-1:].isdigit()
    )
    return end if is_literal else len(text)


def _end_of_brackets(text: str, start: int) -> int:
    depth, place = 0, start
    while place < len(text):
        character = text[place]
        if character == '"':
            place = _end_of_string(text, place, '"')
            continue
        depth += (character in "{[") - (character in "}]")
        place += 1
        if depth == 0:
            return place
    return len(text)
