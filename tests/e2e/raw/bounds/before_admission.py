"""A client that is not admitted yet may send 64 KiB, and no larger frame; the hub does not read more."""

import struct

from connection import Connection, Ended, Refused
from peer import Peer, Session

PROTOCOL_ERROR, CONNECTIONS = 46, 100


def run(hub):
    token = hub.token()
    with Connection(hub) as connection:
        connection.send_bytes(struct.pack("<I", 65_537))
        end = connection.how_it_ends()
        print("a first frame of more ->", end)
        assert isinstance(end, Refused) and end.code == PROTOCOL_ERROR
    before, strangers = hub.forget_peak(), []
    for _ in range(CONNECTIONS):
        connection = Connection(hub)
        connection.socket.settimeout(0)  # sends only what there is room for
        try:
            for _ in range(64):
                connection.socket.send(struct.pack("<I", 65_536) + bytes(65_535))
        except (OSError, Ended):
            pass
        strangers.append(connection)
    with Session(hub, Peer(), token) as session:
        session.subscribe()
        session.synchronize()
    print("with", CONNECTIONS, "strangers the hub has grown by", hub.peak_memory() - before, "MiB")
    assert hub.peak_memory() < before + 60
    for connection in strangers:
        connection.close()
