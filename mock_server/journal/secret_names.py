"""Names of secrets: the one table of what is secret, for all that shows or stores a request.

A name is secret by its words, not by its letters: `apiKey`, `X-API-Key`, `api%5Fkey` and
`user[apikey]` are the same name, and `keyboard`, `author` and `sessions` are not secret.
"""

import re
import unicodedata
from functools import lru_cache
from urllib.parse import unquote_plus


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


WORDS = _words("""
    token secret password passwd passphrase passcode passkey pass pwd pswd psw pw pin otp totp
    hotp mfa key auth oauth authorization authentication credential cred session sess sid sessid
    sessionid cookie jwt jws jwe bearer dpop sig signature hmac csrf xsrf saml assertion verifier
    cvv cvc
""")
"""A name that has one of these words is secret."""
ENDINGS = _words("""
    token secret password passwd passphrase passcode passkey credential cookie signature
    authorization auth jwt pwd sessid sessionid sessionkey usersession authsession
    apikey accesskey secretkey privatekey sharedkey authkey signingkey
    subscriptionkey masterkey encryptionkey clientkey
""")
"""Ends of secret names that are written as one word (`accesstoken`); no harmless word ends so."""
TAILS = _words("""
    s id ids value values hash key secret data string text header cookie new old current next
    previous confirm confirmation repeat again enc encrypted b64
""")
"""What may follow one of `ENDINGS` in the same word: `passwordhash`, `tokenvalue`."""
ABOUT = _words("""
    type count length size expires expiry expiration lifetime ttl at in limit max min policy
""")
"""A name that ends in one of these is about a secret, and is none: `token_type`."""
OF_DATA = _words("""
    sort primary foreign cache partition public idempotency websocket socket i18n row map object
    routing
""")
"""Before `key` these words name a key that opens nothing."""
OPENING = _words("api access secret private auth")
"""Before `key` these words name one that opens something, whatever follows: `accessKeyId`."""
PROVING = _words("""
    verification recovery backup security sms login signin activation reset mfa device
""")
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

# A header that begins with `X-` may be written as one word: `xsession`.
_WHOLE_WORDS = WORDS | {f"x{word}" for word in WORDS}
_WORD_ENDS = tuple(ending + tail for ending in ENDINGS for tail in ("", *TAILS))

REMEMBERED = 64
"""Names up to this length are remembered; longer ones would let a client fill the memory."""
ENCODED_TIMES = 3
"""How often a name may be percent-encoded."""

# A word begins with its capital. Several capitals are one word, and the last of them begins the
# next: `XAPIKey` is XAPI, Key. Digits belong to no word.
_CAPITALIZED_WORD = re.compile("[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
# Digits within a word stay, since `i18n` is one.
_PART = re.compile("[a-z](?:[a-z0-9]*[a-z])?")


def is_secret(name: str) -> bool:
    """Tell whether what has this name is a secret, however the name is spelt."""
    return _remembered(name) if len(name) <= REMEMBERED else _is_secret(name)


def is_secret_parameter(name: str) -> bool:
    """Tell whether a parameter of a query or a form is a secret."""
    return is_secret(name) or unquote_plus(name).strip().lower() in ONCE


def is_secret_holder(part: str) -> bool:
    """Tell whether the next part of a path is a secret."""
    decoded = unquote_plus(part) if "%" in part else part
    name = decoded.partition(";")[0].lower()
    return name.replace("-", "").replace("_", "") in HOLDERS


def _is_secret(name: str) -> bool:
    name = _in_plain_letters(name)
    if name.strip().lower().replace("_", "-") in EXACT:
        return True
    words = [word.lower() for word in _CAPITALIZED_WORD.findall(name)]
    if not words or words[-1] in ABOUT:
        return False
    # Capitals may also stand within a word (`tokeN`), and words may be cut in two (`to_ken`).
    parts = _PART.findall(name.lower())
    return _has_secret(words) or _has_secret(parts) or "".join(parts).endswith(_WORD_ENDS)


_remembered = lru_cache(4096)(_is_secret)


def _in_plain_letters(name: str) -> str:
    """Return a name without percent-encoding, and with plain letters for their variants."""
    for _ in range(ENCODED_TIMES):
        if "%" not in name:
            break
        name = unquote_plus(name)
    if name.isascii():
        return name
    # Letter by letter: a long name as a whole takes quadratic time.
    return "".join(map(_plain_letters_of, name))


def _plain_letters_of(letter: str) -> str:
    """Return the letters of ASCII for one that has an accent or another width, else a blank."""
    return unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode() or " "


def _has_secret(words: list[str]) -> bool:
    befores = ["", *words]
    afters = [*words[1:], ""]
    triples = zip(befores, words, afters, strict=False)
    return any(_is_secret_word(before, word, after) for before, word, after in triples)


def _is_secret_word(
    before: str,
    word: str,
    after: str,
) -> bool:
    """Tell whether a word of a name, between the two beside it, names a secret."""
    if word == "key":
        # `sortKey` and `keyFrame` open nothing; `key` alone may, and so may `accessKeyId`.
        return before not in OF_DATA and (not after or before in OPENING)
    if word == "code" and before in PROVING:
        return True
    return word in _WHOLE_WORDS or word.endswith(_WORD_ENDS)
