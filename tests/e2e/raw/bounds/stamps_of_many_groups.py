"""Reading the stamps of a record takes memory in proportion to their size; groups that no cell refers to are
refused."""

from encoding import HAS_BASE, IS_WHOLE, STAMP_OF_BASE, encode_value, varint
from frames import Batch, Change
from peer import Peer, Session, random_id

GROUPS = 10_000_000


def run(hub):
    peer = Peer()
    with Session(hub, peer, hub.token()) as session:
        session.subscribe()
        session.synchronize()
        before = hub.forget_peak()
        base = peer.stamp(None).encode() + varint(0)
        group = bytes([STAMP_OF_BASE]) + varint(0)
        stamps = bytes([HAS_BASE | IS_WHOLE]) + base + varint(GROUPS) + group * GROUPS + varint(0)
        session.send(Batch(0, 1, [Change("notes", random_id(), 1, stamps, encode_value({"n": 1}))]))
        print(session.outcome(), "and the hub has grown by", hub.peak_memory() - before, "MiB")
        assert hub.peak_memory() < before + 120  # for a frame of 20 MB
        assert hub.count() == 0
