"""A Need may name many records: its answer is at most half a megabyte and one record; the client asks again for the
rest. The answers to Pings that a client does not read are bounded too."""

from connection import Ended, packet
from frames import Need, Ping, Rows, Subscribe, encode
from peer import Peer, Session


def run(hub):
    token, writer = hub.token(), Peer()
    for number in range(20):
        writer.insert("notes", {"n": number, "b": bytes(300_000)})
    with Session(hub, writer, token) as session:
        session.subscribe()
        session.synchronize()
    before = hub.forget_peak()
    with Session(hub, Peer(), token) as session:
        session.subscribe()
        session.send(Need(sorted(writer.rows, key=lambda key: key.id)))
        rows = session.see(Rows)
        print("twenty records of 300 KB are asked for, and", len(rows.changes), "come")
        assert rows.answers and len(rows.changes) == 2 and not rows.gone
    with Session(hub, Peer(), token) as session:
        session.see(Subscribe)
        session.connection.socket.settimeout(1)
        try:
            session.connection.socket.sendall(packet(0, encode(Ping(1))) * 3_000_000)
        except (OSError, Ended) as full:
            print("of three million Pings not all are taken:", full)
        else:
            raise AssertionError("it has read them all")
    print("the hub has grown by", hub.peak_memory() - before, "MiB")
    assert hub.peak_memory() < before + 80
