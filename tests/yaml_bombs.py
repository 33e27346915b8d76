"""Documents that must be refused, each with the line and the reason: for the reader of either program."""


def _multiplied(first: bytes, each: bytes) -> bytes:
    """Return eleven lines that stand for nine times the one before."""
    lines = [b"a0: &a0 %s" % first]
    lines += [
        b"a%d: &a%d %s" % (n, n, each.replace(b"@", b",".join([b"*a%d" % (n - 1)] * 9)))
        for n in range(1, 11)
    ]
    return b"\n".join(lines)


BOMBS: dict[str, tuple[bytes, int, str]] = {
    "a billion laughs": (_multiplied(b"[ha, ha, ha]", b"[@]"), 7, "with its aliases written out"),
    "a billion merges": (
        _multiplied(b"{k: 1, l: 2}", b"{<<: [@]}"),
        7,
        "with its aliases written out",
    ),
    "one long text ten thousand times": (
        b"a: &a '" + b"x" * 10_000 + b"'\nb: [" + b"*a," * 10_000 + b"]",
        2,
        "with its aliases written out",
    ),
    "a list within itself": (b"&a [1, *a]", 1, "within what it stands for"),
    "a mapping within itself": (b"a: 1\nb: &b\n  c: *b\n", 3, "within what it stands for"),
    "an alias of nothing": (b"a: *b", 1, "no such anchor"),
    "a number of 5,000 digits": (b"a: 1\nb: " + b"9" * 5000, 2, "a number of 5,000 digits"),
    "a number of 300 digits": (b"a: -" + b"9" * 300, 1, "more than 64 bits"),
    "infinity": (b"a: .inf", 1, "no number in JSON"),
    "no number": (b"a: .NaN", 1, "no number in JSON"),
    "a number beyond all": (b"a: 1.0e+400", 1, "no number in JSON"),
    "900 lists": (b"a: 1\nb: " + b"[" * 900 + b"]" * 900, 2, "nested deeper than 100 levels"),
    "100,000 lists": (b"[" * 100_000, 1, "nested deeper than 100 levels"),
    "100,000 mappings": (b"{a: " * 100_000, 1, "nested deeper than 100 levels"),
    "100,000 lists in blocks": (b"- " * 100_000, 1, "nested deeper than 100 levels"),
    "100,000 keys of keys": (b"? " * 100_000, 1, "a key that is not text"),
    "a list as a key": (b"a: 1\n[b]: 2", 2, "a key that is not text"),
    "an alias as a key": (b"a: &a b\n*a : 2", 2, "a key that is not text"),
    "a key twice": (b"a: 1\nb: 2\na: 3", 3, "the key 'a' twice, first in line 1"),
    "a key twice in another spelling": (
        b"b:\n  ab: 1\n  'ab': 2",
        3,
        "the key 'ab' twice, first in line 2",
    ),
    "a key twice in JSON": (b'{"a": {"b": 1,\n"b": 2}}', 2, "the key 'b' twice, first in line 1"),
    "a call of Python": (
        b"a: !!python/object/apply:os.system [id]",
        1,
        "the tag !!python/object/apply:os.system",
    ),
    "bytes": (b"a: !!binary aGE=", 1, "the tag !!binary"),
    "a set": (b"a: !!set {b}", 1, "the tag !!set"),
    "a tag that lies": (b"a: !!int ha", 1, "'ha' where !!int says something else"),
    "a merge of text": (b"a: 1\n<<: b", 2, "something other than mappings"),
    "two documents": (b"a: 1\n---\nb: 2", 2, "more than one document"),
    "NUL": (b"a: 1\nb: \0", 2, "control characters are not allowed"),
    "no UTF-8": (b"a: 1\nb: \xff", 2, "invalid leading UTF-8 octet"),
    "a tabulator": (b"a:\n\tb: 1", 2, "YAML: found character"),
}
