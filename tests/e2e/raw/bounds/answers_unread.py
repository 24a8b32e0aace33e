"""The hub does not read from clients that ask for everything and read no answers. They share one bounded budget; other
clients are served."""

from frames import Need
from peer import Peer, Session

CLIENTS, RECORDS = 40, 8  # of 1 MiB


def run(hub):
    token = hub.token()
    writer = Peer()
    for number in range(RECORDS):
        writer.insert("notes", {"n": number, "b": bytes(range(256)) * 4_096})
    with Session(hub, writer, token) as session:
        session.subscribe()
        session.synchronize()
    before = hub.forget_peak()
    deaf = []
    for _ in range(CLIENTS):
        session = Session(hub, Peer(), token)
        session.subscribe()
        for key in sorted(writer.rows, key=lambda key: key.id):
            session.send(Need([key]))
        deaf.append(session)
    reader = Peer()
    with Session(hub, reader, token) as session:
        session.subscribe()
        session.synchronize()
        assert len(reader.live("notes")) == RECORDS
    print("with", CLIENTS, "that do not read the hub has grown by", hub.peak_memory() - before, "MiB")
    assert hub.peak_memory() < before + 250  # two shares of 48 MiB, frames in progress, what the allocator keeps
    for session in deaf:
        session.close()
