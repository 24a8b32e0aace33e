"""The hub counts each kind of item in a frame before it keeps it: one more than the limit ends the conversation."""

import struct

from connection import Refused
from encoding import varint
from frames import Batch, Bye, Change, Hello, Key, Need
from peer import Peer, Session, now_ms, random_id

PROTOCOL_ERROR = 46


def run(hub):
    hub.insert({"n": 1})
    token = hub.token()
    keys = [Key("notes", number.to_bytes(16, "big")) for number in range(1_001)]
    gone = [Change("notes", random_id(), place, taken_back=True) for place in range(1, 10_002)]
    huge = varint(2**62)
    for what, frame in (
        ("a Batch of 10,001 changes", Batch(0, 10_001, gone)),
        ("a Batch whose positions stay", Batch(0, 2, [gone[0], gone[0]])),
        ("a Need of 1,001 keys", Need(keys)),
        ("a Need that repeats a key", Need([keys[0], keys[0]])),
        ("a Need whose keys fall", Need([keys[1], keys[0]])),
        ("a Need that says it has more than it has", b"\x06" + huge),
        ("a Rows that says it has more than it has", b"\x07\0" + huge),
        ("a Digest that says it has more than it has", b"\x08\0\0" + huge),
        ("a Batch that says it has more than it has", b"\x04\0\1\1\0" + huge),
        ("a Batch whose end is beyond any position", Batch(0, 2**64 - 1)),
        ("a Ping with something behind it", b"\x0c\1\0"),
        ("a varint that is longer than it needs be", b"\x0c\x81\0"),
        ("a frame of no known type", b"\xc8"),
        ("an empty frame of a known type", b"\x06"),
        ("Hello again", Hello(random_id(), 1, now_ms())),
    ):
        with Session(hub, Peer(), token) as session:
            session.subscribe()
            session.synchronize()
            before = hub.forget_peak()
            session.send(frame)
            end = session.outcome()
            print(what, "->", end)
            assert isinstance(end, Refused) and end.code == PROTOCOL_ERROR
            assert hub.peak_memory() < before + 30
    with Session(hub, Peer(), token) as session:
        session.send(Bye(1, "x" * 100_000))
        print("a Bye of 100,000 bytes ->", session.connection.how_it_ends())
    assert all(len(str(line)) < 10_000 for line in hub.log())
    # The hub checks the length of a packet before it allocates memory for it.
    with Session(hub, Peer(), token) as session:
        session.connection.send_bytes(struct.pack("<I", (24 << 20) + 1))
        end = session.connection.how_it_ends()
        print("a packet above 24 MiB ->", end)
        assert isinstance(end, Refused) and end.code == PROTOCOL_ERROR
