"""Frames may be compressed in both directions, in one stream for each direction."""

import connection
from frames import encode
from peer import Peer, Session


def run(hub):
    text = "the same words again and again " * 2_000
    hub.insert({"text": text})
    peer = Peer()
    with Session(hub, peer, hub.token(), capabilities=connection.ZSTD) as session:
        assert session.admit.capabilities == connection.ZSTD
        session.subscribe()
        session.synchronize()
        print("got", [len(row.state.visible()["text"]) for row in peer.rows.values()], "characters")
        assert [row.state.visible()["text"] for row in peer.rows.values()] == [text]

        packing, kind = connection.Packing(), connection.NEW_CONTEXT
        for number in range(3):
            peer.insert("notes", {"text": f"{number} words of this end " * 50})
            packet = packing.take(encode(session.next_batch()))
            session.connection.send_packet(kind, packet)
            kind = connection.COMPRESSED
            print("sent a packet of", len(packet), "bytes")
        session.connection.send_packet(connection.END_OF_CONTEXT, b"")
        while session.acknowledged < session.sent:
            session.receive()
        assert hub.count() == 4
