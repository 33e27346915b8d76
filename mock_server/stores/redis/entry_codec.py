"""Entries of the journal as other processes read them.

Fields have names, so that one which another version added does no harm.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from mock_server.errors import Violation
from mock_server.journal.capture import Capture
from mock_server.journal.entries import Entry


def pack_entry(entry: Entry) -> bytes:
    """Write an entry without its id, which the server gives."""
    fields = entry._asdict()
    del fields["id"]
    fields["violations"] = [each.as_json() for each in entry.violations]
    # Another process may have to recognise the session.
    fields["wire"] = entry.wire and entry.wire.masked(keeps_session=entry.user is not None)
    return orjson.dumps(fields)


def unpack_entry(raw: bytes) -> Entry:
    """Read an id and an entry."""
    identity, _, packed = raw.partition(b" ")
    fields = _known_fields(Entry, orjson.loads(packed))
    fields["id"] = int(identity)
    fields["at"] = datetime.fromisoformat(fields["at"])
    fields["violations"] = [
        Violation(each["in"], each["name"], each["reason"]) for each in fields["violations"]
    ]
    fields["wire"] = fields.get("wire") and _unpack_wire(fields["wire"])
    return Entry(**fields)


def _unpack_wire(packed: dict[str, Any]) -> Capture:
    fields = _known_fields(Capture, packed)
    fields["headers"] = [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in packed["headers"]
    ]
    for name in ("body", "answer"):
        fields[name] = packed[name].encode()
    return Capture(**fields)


def _known_fields(kind: type[Entry | Capture], packed: dict[str, Any]) -> dict[str, Any]:
    return {name: packed[name] for name in kind._fields if name in packed}
