"""A frame that breaks the protocol ends the conversation. The peer and the operator get the reason."""

import os

from connection import Refused
from encoding import Cell, Stamp, State
from frames import Batch, Change, Scope
from peer import Peer, Session, now_ms

PROTOCOL_ERROR = 46


def run(hub):
    stamp = Stamp(0, now_ms() << 16, 77)

    def insert(fields):
        return State(base=stamp, cells={name: Cell(stamp, value) for name, value in fields.items()}).encode()

    stamps, fields = insert({"x": 1})
    cases = {
        "a collection outside of the token": ("secret", stamps, fields),
        "a field that is excluded": ("notes", *insert({"draft": 1})),
        "a key twice": ("notes", stamps, b"\xa2\x61x\x01\x61x\x01"),
        "keys in another order than by name": ("notes", stamps, b"\xa2\x61n\x01\x62by\x01"),
        "stamps that cannot be read": ("notes", b"\xff" * 40, fields),
        "a time of 0": ("notes", stamps.replace(stamp.time.to_bytes(8, "little"), bytes(8)), fields),
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
