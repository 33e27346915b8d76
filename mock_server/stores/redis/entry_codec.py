"""Entries of the journal on the wire: by the names of their fields, so that one that another version added does no harm."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from mock_server.journal.capture import Wire
from mock_server.journal.entries import Entry

if TYPE_CHECKING:
    from collections.abc import Mapping


class Said(dict[str, str]):
    """A violation as the journal shows it."""

    def as_json(self) -> dict[str, str]:
        """Return what the journal shows of it."""
        return self


def pack_entry(entry: Entry) -> bytes:
    """Write an entry without its id, which the server gives."""
    said = entry._asdict()
    del said["id"]
    said["violations"] = [each.as_json() for each in entry.violations]
    said["wire"] = entry.wire and entry.wire.masked(keeps_session=entry.user is not None)
    return orjson.dumps(said)


def unpack_entry(raw: bytes) -> Entry:
    """Read an id and an entry."""
    identity, _, packed = raw.partition(b" ")
    said: dict[str, Any] = orjson.loads(packed)
    known: dict[str, Any] = {name: said[name] for name in Entry._fields if name in said}
    known["at"] = datetime.fromisoformat(known["at"])
    known["violations"] = tuple(map(Said, known["violations"]))
    known["wire"] = known.get("wire") and _unpack_wire(known["wire"])
    return Entry(**{**known, "id": int(identity)})


def _unpack_wire(packed: Mapping[str, Any]) -> Wire:
    said = {name: packed[name] for name in Wire._fields if name in packed}
    said["headers"] = [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in packed["headers"]
    ]
    bodies = {name: packed[name].encode() for name in ("body", "answer")}
    return Wire(**{**said, **bodies})
