"""A frame that breaks the protocol ends the conversation. The peer and the operator get the reason."""

import os

from connection import Refused
from encoding import ASSIGNED, Cell, Stamp, State, encode_value, fixed64, head, part_key
from frames import Batch, Change, Scope
from peer import Peer, Session, now_ms

PROTOCOL_ERROR = 46


def run(hub):
    stamp = Stamp(0, now_ms() << 16, 77)

    def insert(fields):
        return State(base=stamp, cells={name: Cell(stamp, value) for name, value in fields.items()}).encode()

    stamps, fields = insert({"x": 1})

    def counted(*cells):
        """An insert with these cells, each the bytes of a key and of a value."""
        fields = head(5, len(cells)) + b"".join(encode_value(key) + value for key, value in cells)
        return "notes", stamps, fields

    part, writer = part_key("x", 1), encode_value(fixed64(1))
    tag = head(6, ASSIGNED)
    cases = {
        "a collection outside of the token": ("secret", stamps, fields),
        "a field that is excluded": ("notes", *insert({"draft": 1})),
        "a key twice": ("notes", stamps, b"\xa2\x61x\x01\x61x\x01"),
        "keys in another order than by name": ("notes", stamps, b"\xa2\x61n\x01\x62by\x01"),
        "stamps that cannot be read": ("notes", b"\xff" * 40, fields),
        "a time of 0": ("notes", stamps.replace(stamp.time.to_bytes(8, "little"), bytes(8)), fields),
        "a key of bytes without FF": counted((b"x" * 10, b"\x01")),
        "a part of no field": counted((part[1:], b"\x01")),
        "a part of a name that is no text": counted((b"\xfe" + part, b"\x01")),
        "a part before its field": counted((part, b"\x01"), ("x", b"\x01")),
        "a part of a field that is excluded": counted((part_key("draft", 1), b"\x01")),
        "a part with a text": counted((part, b"\x61x")),
        "a part in a tag": counted((part, tag + b"\x83\x01" + writer + b"\x01")),
        "a part that includes nobody": counted((part, b"\x81\x01")),
        "a part that includes half a pair": counted((part, b"\x82\x01" + writer)),
        "a part that includes half a writer": counted((part, b"\x83\x01" + encode_value(fixed64(1)[:4]) + b"\x01")),
        "a part that includes a text": counted((part, b"\x83\x01" + writer + b"\x61x")),
        "a part that includes one twice": counted((part, b"\x85\x01" + (writer + b"\x01") * 2)),
        "included writers that do not ascend": counted(
            (part, b"\x85\x01" + encode_value(fixed64(2)) + b"\x01" + writer + b"\x01")
        ),
        "a tag without pairs": counted(("x", tag + b"\x81\x01")),
        "a tag over no array": counted(("x", tag + b"\x01")),
        "a tag with half a pair": counted(("x", tag + b"\x82\x01" + writer)),
        "a writer twice in a tag": counted(("x", tag + b"\x85\x01" + (writer + b"\x01") * 2)),
        "a tag inside of a value": counted(("x", b"\x81" + tag + b"\x83\x01" + writer + b"\x01")),
        "a part inside of a value": counted(("x", b"\xa1" + encode_value(part) + b"\x01")),
        "a group of kind 1 without a base": ("notes", b"\x10" + b"\x01\x01\x00", fields),
    }
    for what, (collection, each, content) in cases.items():
        token = hub.token("--collections", "notes")
        with Session(hub, Peer(), token, scope=Scope(without=("draft",))) as session:
            session.subscribe()
            session.synchronize()
            session.send(Batch(0, 1, [Change(collection, os.urandom(16), 1, each, content)]))
            end = session.outcome()
            print(what, "-", end)
            assert isinstance(end, Refused) and end.code == PROTOCOL_ERROR, what
    assert hub.count() == 0
    assert hub.logged("a client has gone", "the peer sent")
