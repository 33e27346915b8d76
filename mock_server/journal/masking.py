"""Masking of secrets: one table for everything that shows or stores a request.

A name is secret by its words, not by its letters: `apiKey`, `X-API-Key`, `api%5Fkey` and
`user[apikey]` are the same name, and `keyboard`, `author` and `sessions` are not secret. Every
function here takes time in proportion to its text, whatever stands in it: texts are split first,
then names are compared. (Patterns that backtrack let one long query stop the whole server.)
Masking a second time changes nothing.
"""

import unicodedata
from collections.abc import Container, Iterable, Iterator
from functools import lru_cache
from itertools import chain
from urllib.parse import quote, unquote_to_bytes

import orjson

HIDDEN = "***"
QUOTED = '"***"'


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


WORDS = _words("""
    token secret password passwd passphrase passcode passkey pass pwd pswd psw pw pin otp totp
    hotp mfa key auth oauth authorization authentication credential cred session sess sid sessid
    sessionid cookie jwt jws jwe bearer dpop sig signature hmac csrf xsrf saml assertion verifier
    cvv cvc
""")
"""A name that has one of these words is secret."""
ENDINGS = (
    *_words("token secret password passwd passphrase passcode passkey credential cookie signature"),
    *_words("authorization auth jwt pwd sessid sessionid sessionkey usersession authsession"),
    *_words("apikey accesskey secretkey privatekey sharedkey authkey signingkey"),
    *_words("subscriptionkey masterkey encryptionkey clientkey"),
)
"""Ends of secret names that are written as one word (`accesstoken`); no harmless word ends so."""
TAILS = _words("""
    id ids value values hash key secret data string text header cookie new old current next previous
    confirm confirmation repeat again enc encrypted b64
""")
"""What may follow one of `ENDINGS` in the same word: `passwordhash`, `tokenvalue`."""
ABOUT = _words(
    "type count length size expires expiry expiration lifetime ttl at in limit max min policy"
)
"""A name that ends in one of these is about a secret, and is none: `token_type`."""
OF_DATA = _words("""
    sort primary foreign cache partition public idempotency websocket socket i18n row map object
    routing
""")
"""Before `key` these words name a key that opens nothing."""
OPENING = _words("api access secret private auth")
"""Before `key` these words name one that opens something, whatever follows: `accessKeyId`."""
PROVING = _words(
    "verification recovery backup security sms login signin activation reset mfa device"
)
"""Before `code` these words name one that proves who somebody is."""
EXACT = _words("x-mock-control samlresponse samlrequest")
"""Names that are secret as they are."""
ONCE = _words("code ticket")
"""Parameters that are secret in a query or a form (RFC 6749, 4.1.2; CAS), and not elsewhere."""
CHALLENGES = _words("www-authenticate proxy-authenticate")
"""Headers that tell how to authenticate, and hold no secret."""
SCHEMES = _words("basic bearer digest dpop hoba negotiate token apikey aws4-hmac-sha256")
"""Words before credentials (RFC 9110, 11.4)."""
HOLDERS = _words("session sessions token tokens secret secrets password passwords apikey apikeys")
"""What stands after such a part of a path is a secret: `/sessions/TOKEN`."""
STEMS = ("session", "token", "secret", "passw", "key")
"""All `HOLDERS` have one of these."""

SHORTEST = 8
"""A known secret is hidden wherever it stands; a shorter one would be found in harmless words."""
REMEMBERED = 64
"""Names up to this length are remembered."""
SHORT = 256
"""Paths and queries likewise."""
DEEP = 3
"""How often text within text is looked into."""
BLANK = " \t\r\n"
BEFORE_NAME = frozenset(" \t\r\n,;&?#(){}<>|/\"'=:")
"""What ends the search for the start of a name, backwards from its `=` or `:`."""
AFTER_AUTHORITY = frozenset("/?# \t\r\n\"'<>")
"""What ends the authority of a URL, in any text."""
AFTER = frozenset(" \t\r\n,;&#\"'<>)}|")
"""What ends the value of `name=value`."""
LINE = frozenset('\r\n"<>')
"""What ends the value of `name: value`, which may have blanks: `Authorization: Bearer …`."""
BETWEEN = {place: " " for place in range(128) if not chr(place).isalnum()}
"""What is between the words of a name."""
AFTER_LITERAL = frozenset(",}] \t\r\n")
"""What ends a number, `true`, `false` or `null` of JSON."""
NUMBER_STARTS = frozenset("-0123456789")
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
    """Return a query, or an `application/x-www-form-urlencoded` form, without values of secrets."""
    if all(_is_harmless(part) for part in text.split("&")):
        return text
    parts = _split(text, "&;")
    return "".join(part if part in {"&", ";"} else _pair(part, depth) for part in parts)


def path(text: str) -> str:
    """Return a path without secrets: within a part, or a part that follows one of `HOLDERS`."""
    if {"=", ":", "%"}.isdisjoint(text) and not any(stem in text.lower() for stem in STEMS):
        return text
    shown = []
    hides = False
    for part in text.split("/"):
        if hides and part:
            shown.append(HIDDEN)
        elif {"=", ":", "%"}.isdisjoint(part):
            shown.append(part)
        else:
            shown.append(plain(part))
        name = unquoted(part).partition(";")[0].lower().replace("-", "").replace("_", "")
        hides = name in HOLDERS
    return "/".join(shown)


def headers(given: Headers) -> list[tuple[str, str]]:
    """Return headers without secrets: neither in secret ones, nor within others, such as URLs."""
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
    if is_secret(name) or _is_token(value):
        return HIDDEN
    scheme, _, credentials = value.partition(" ")
    if credentials.strip() and scheme.lower() in SCHEMES:
        return HIDDEN
    return plain(value)


def body(text: str, media_type: str = "") -> str:
    """Return the text of a body, which may have been cut, without secrets.

    Its media type tells its form, or else the way it begins.
    """
    return _body(text, media_type, 0)


def plain(text: str, depth: int = 0) -> str:
    """Return a text without secrets named in it (`token=…`, `Password: …`) or in URLs."""
    if "=" in text or ":" in text:
        text = _named(_without_userinfo(text))
    if "%" in text:
        parts = _split(text, MARKS)
        text = "".join(_nested(part, depth) if "%" in part else part for part in parts)
    return _elements(text) if "<" in text else text


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
        name, equals, raw = part.partition("=")
        if equals and raw and raw != HIDDEN and _is_parameter(name):
            found += [raw, unquoted(raw)]
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


def _in_plain_letters(name: str) -> str:
    """Return a name without percent-encoding, and with plain letters for their variants."""
    for _ in range(DEEP):
        if "%" not in name:
            break
        name = unquoted(name)
    if name.isascii():
        return name
    # Letter by letter: a long name as a whole takes quadratic time.
    return "".join(unicodedata.normalize("NFKC", letter) for letter in name)


def _is_secret(name: str) -> bool:
    name = _in_plain_letters(name)
    if name.strip().lower().replace("_", "-") in EXACT:
        return True
    parts = _parts(name)
    words = list(chain.from_iterable(map(_camels, parts)))
    if not words or words[-1] in ABOUT:
        return False
    # Capitals may also stand within a word: `tokeN`.
    stripped = [part.lower().strip("0123456789") for part in parts]
    lower = [word for word in stripped if word]
    return _has_secret(words) or _has_secret(lower) or _ends_secret("".join(lower))


def _has_secret(words: list[str]) -> bool:
    last = len(words) - 1
    before = ""
    for place, word in enumerate(words):
        if _is_secret_word(word, before, is_last=place == last):
            return True
        before = word
    return False


def _is_secret_word(word: str, before: str, *, is_last: bool) -> bool:
    """Tell whether a word of a name, and the one before it, name a secret."""
    if word == "key":
        # `sortKey` and `keyFrame` open nothing; `key` alone may, and so may `accessKeyId`.
        return before not in OF_DATA and (is_last or before in OPENING)
    if word == "code" and before in PROVING:
        return True
    # A header that begins with `X-` may be written as one word: `xsession`.
    is_extension = word[0] == "x" and word[1:] in WORDS
    return word in WORDS or is_extension or _ends_secret(word)


def _ends_secret(word: str) -> bool:
    """Tell whether a word, or its singular, ends as secrets do, perhaps with a tail (`TAILS`)."""
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
    """Yield the words of a part of a name, which begin with capitals; digits belong to no word."""
    if part.isalpha() and (part.islower() or part.isupper()):
        yield part.lower()
        return
    start = 0
    for place in range(1, len(part) + 1):
        if place < len(part) and not _begins_word(part, place):
            continue
        if not part[start].isdigit():
            yield part[start:place].lower()
        start = place


def _begins_word(part: str, place: int) -> bool:
    last = part[place - 1]
    letter = part[place]
    if letter.isdigit() != last.isdigit():
        return True
    # Several capitals are one word, and the last of them begins the next: `XAPIKey` is XAPI, Key.
    is_followed_by_lower = part[place + 1 : place + 2].islower()
    return letter.isupper() and (not last.isupper() or is_followed_by_lower)


def _is_parameter(name: str) -> bool:
    return _remembered_parameter(name) if len(name) <= REMEMBERED else _is_secret(name)


def _is_token(text: str) -> bool:
    """Tell whether a text is a JSON Web Token (RFC 7519), or bearer credentials."""
    # A token is three parts with points between, of which the first encodes `{"…`.
    if text.startswith("eyJ") and text.count(".") > 1:
        return True
    scheme, _, rest = text.partition(" ")
    return scheme.lower() == "bearer" and len(rest) >= SHORTEST and " " not in rest


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
    """Tell quickly that a parameter holds no secret; most are so simple."""
    name, _, content = part.partition("=")
    is_simple = name.isalnum() and (content.isalnum() or not content)
    return is_simple and not _is_parameter(name)


def _pair(part: str, depth: int) -> str:
    name, equals, content = part.partition("=")
    if equals and content and _is_parameter(name):
        return f"{name}={HIDDEN}"
    if not content:
        return _text(part, depth)
    is_encoded = "%" in content or "+" in content
    return f"{name}={_nested(content, depth) if is_encoded else _text(content, depth)}"


def _nested(text: str, depth: int) -> str:
    """Return percent-encoded text, such as a URL within a URL, without the secrets in it."""
    decoded = unquoted(text)
    if depth >= DEEP:
        return text if decoded == text else HIDDEN
    shown = _text(decoded, depth + 1)
    return text if shown == decoded else quote(shown, safe="*/")


def _text(text: str, depth: int) -> str:
    """Return a text of any kind without secrets: it may be a URL, a form, or JSON in JSON."""
    if _is_token(text):
        return HIDDEN
    if depth < DEEP and text.lstrip(BLANK)[:1] in {"{", "["}:
        return _body(text, "", depth + 1)
    return plain(text, depth)


def _without_userinfo(text: str) -> str:
    """Return a text without the user information of URLs (RFC 3986, 3.2.1)."""
    if "://" not in text:
        return text
    first, *rest = text.split("://")
    shown = [first]
    for piece in rest:
        end = _first_of(piece, 0, AFTER_AUTHORITY)
        userinfo, at, host = piece[:end].rpartition("@")
        shown.append(f"{HIDDEN if userinfo else ''}{at}{host}{piece[end:]}")
    return "://".join(shown)


def _named(text: str) -> str:
    """Return a text without what follows the name of a secret and `=` or `:`."""
    shown: list[str] = []
    done = 0
    places = [place for place, character in enumerate(text) if character in "=:"]
    for place in places:
        if place < done or not _follows_secret_name(text, done, place):
            continue
        start, end = _value_after(text, place)
        if end > start:
            shown += [text[done:start], _hidden(text[start])]
            done = end
    shown.append(text[done:])
    return "".join(shown)


def _hidden(first: str) -> str:
    """Return what is shown of a value that begins so: quotation marks stay."""
    return f"{first}{HIDDEN}{first}" if first in "\"'" else HIDDEN


def _value_after(text: str, place: int) -> tuple[int, int]:
    """Return where the value after a `=` or `:` starts and ends."""
    start = _past_blanks(text, place + 1)
    if start < len(text) and text[start] in "\"'":
        return start, _end_of_string(text, start, text[start])
    return start, _first_of(text, start, AFTER if text[place] == "=" else LINE)


def _follows_secret_name(text: str, least: int, place: int) -> bool:
    name = _name_before(text, least, place)
    if is_secret(name):
        return True
    # `code` and `ticket` are secret as parameters of a URL only.
    start = place - len(name)
    return name in ONCE and text[start - 1 : start] in {"?", "&", "#"}


def _name_before(text: str, least: int, end: int) -> str:
    """Return the name that ends at a place; quotes around it do not belong to it."""
    while end > least and text[end - 1] in " \t\"'":
        end -= 1
    start = end
    least = max(least, end - LONGEST_NAME)
    while start > least and text[start - 1] not in BEFORE_NAME:
        start -= 1
    return text[start:end]


def _first_of(text: str, start: int, characters: Container[str]) -> int:
    """Return the first place of one of some characters, the end of the text where there is none."""
    for place in range(start, len(text)):
        if text[place] in characters:
            return place
    return len(text)


def _elements(text: str) -> str:
    """Return a text without the content of XML elements with secret names."""
    first, *rest = text.split("<")
    shown = [first]
    for piece in rest:
        tag, end, content = piece.partition(">")
        name = tag.split(None, 1)[0] if tag.strip() else ""
        has_content = end and content and not name.startswith("/")
        local_name = name.rpartition(":")[2]
        is_hidden = has_content and is_secret(local_name)
        shown.append(f"{tag}>{HIDDEN}" if is_hidden else piece)
    return "<".join(shown)


def _body(text: str, media_type: str, depth: int) -> str:
    essence = media_type.partition(";")[0].strip().lower()
    start = text.lstrip(BLANK)[:1]
    if essence.startswith("multipart/") or text.startswith("--"):
        return _multipart(text, depth)
    if start in {"{", "[", '"'} or essence.endswith("json"):
        return _json(text, depth)
    if essence == "application/x-www-form-urlencoded" or _looks_like_form(text, start):
        return query(text, depth)
    return _text(text, depth)


def _looks_like_form(text: str, start: str) -> bool:
    return start != "<" and "=" in text and not any(blank in text for blank in BLANK)


def _multipart(text: str, depth: int) -> str:
    """Return a multipart body (RFC 7578) without the content of parts with secret names."""
    boundary = text.partition("\n")[0].strip()
    if not boundary.startswith("--") or len(boundary) < 3:  # noqa: PLR2004 - something else, or cut off
        return _text(text, depth) if depth < DEEP else HIDDEN
    first, *parts = text.split(boundary)
    return boundary.join([first, *(_part_of_body(part, depth) for part in parts)])


def _part_of_body(part: str, depth: int) -> str:
    """Return a part of a multipart body, its headers included, without secrets."""
    head, blank, content = part.partition("\r\n\r\n")
    if not blank:
        head, blank, content = part.partition("\n\n")
    stripped = content.rstrip("\r\n")
    tail = content[len(stripped) :]
    if not stripped:
        shown = ""
    elif depth >= DEEP or any(_is_parameter(name) for name in _names_of_part(head)):
        shown = HIDDEN
    else:
        shown = _body(stripped, "", depth + 1)
    return f"{_named(head)}{blank}{shown}{tail}"


def _names_of_part(head: str) -> Iterator[str]:
    for parameter in head.replace("\n", ";").split(";"):
        key, equals, name = parameter.partition("=")
        if equals and key.strip().lower() in {"name", "name*"}:
            yield name.strip().strip('"').rpartition("''")[2]


def _json(text: str, depth: int) -> str:
    """Return JSON, whole or cut anywhere, without the values of secret members, strings or not.

    Between its strings are no letters but those of `true`, `false`, `null` and numbers. Where there
    are others the text is not JSON, and is treated as any text.
    """
    shown: list[str] = []
    place = 0
    while (start := text.find('"', place)) >= 0:
        end = _end_of_string(text, start, '"')
        gap = text[place:start]
        shown.append(_gap(gap, depth))
        place = end
        if _is_named(gap):
            shown.append(QUOTED)
            continue
        string = text[start:end]
        colon = _past_blanks(text, end)
        if text[colon : colon + 1] == ":" and is_secret(_decoded(string)):
            begin = _past_blanks(text, colon + 1)
            place = _end_of_json(text, begin)
            shown += [text[start:begin], _secret_value(text, begin, place)]
        else:
            shown.append(_string(string, depth))
    shown.append(_gap(text[place:], depth))
    return "".join(shown)


def _secret_value(text: str, start: int, end: int) -> str:
    """Return what is shown of the value of a secret member: `null` is no secret."""
    value = text[start:end]
    # At the end of a text that was cut, `null` may be the start of something else.
    is_null = value == "null" and end < len(text)
    return value if is_null or not value else QUOTED


def _gap(gap: str, depth: int) -> str:
    # Most gaps are short or plain; `:true,` is the shortest with a value.
    if len(gap) <= 5 or {"=", ":", "<"}.isdisjoint(gap):  # noqa: PLR2004
        return gap
    return plain(gap, depth)


def _is_named(gap: str) -> bool:
    """Tell whether a secret name without quotes stands before a string, as in JavaScript."""
    stripped = gap.rstrip(BLANK)
    return stripped[-1:] in {":", "="} and is_secret(_name_before(stripped, 0, len(stripped) - 1))


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
    for closed in (token, token + '"', token[:-1] + '"'):
        try:
            return str(orjson.loads(closed))
        except ValueError:
            continue
    return _roughly(token.strip('"'))


def _roughly(text: str) -> str:
    """Return a broken string with those escapes decoded that can be."""
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
    end = _first_of(text, start, AFTER_LITERAL)
    literal = text[start:end]
    is_number = literal[:1] in NUMBER_STARTS and literal[-1:].isdigit()
    is_literal = is_number or literal in {"true", "false", "null"}
    return end if is_literal else len(text)


def _end_of_brackets(text: str, start: int) -> int:
    depth = 0
    place = start
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
