"""Packets of a few bytes that each expand to 64 KiB, whether they are frames or nonsense: the hub expands a packet only
when it reads it."""

import connection
from frames import Key, Need, encode
from peer import Peer, Session

PACKETS = 13_000


def run(hub):
    token = hub.token("--read-only")
    for what, frame in (
        ("a frame of no known type", bytes(64 << 10)),
        ("Need", encode(Need([Key("n", bytes(12) + number.to_bytes(4, "big")) for number in range(1_000)]))),
    ):
        with Session(hub, Peer(), token, capabilities=connection.ZSTD) as session:
            session.subscribe()
            session.synchronize()
            before = hub.forget_peak()
            packing = connection.Packing()
            packets = [packing.take(frame) for _ in range(PACKETS)]
            kinds = [connection.NEW_CONTEXT] + [connection.COMPRESSED] * PACKETS
            wire = b"".join(connection.packet(kind, each) for kind, each in zip(kinds, packets))
            print(f"{what}: {len(wire)} bytes in {PACKETS} packets")
            try:
                session.connection.send_bytes(wire)
                # The hub must read what is already on its way and answer some of it; it does not read the rest.
                session.connection.receive()
            except (connection.Ended, connection.Refused) as end:
                print("->", end)
        print("the hub has grown by", hub.peak_memory() - before, "MiB")
        assert hub.peak_memory() < before + 60
