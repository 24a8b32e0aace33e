"""The hub checks the claims of a stamp when it arrives. If a client claims a server's authority, or another writer, the
hub refuses that record and keeps what it has. It takes the records beside it, and the conversation goes on."""

from dataclasses import replace

from encoding import Cell, State
from frames import Batch, Change, Key
from peer import Peer, Session, random_id

MINUTE = 60_000 << 16


def later(stamp):
    return replace(stamp, time=stamp.time + MINUTE, authority=stamp.time + MINUTE)


def run(hub):
    servers = Key("notes", hub.insert({"title": "of the server"}).bytes)
    other = Peer()
    others = other.insert("notes", {"title": "of another client"})
    with Session(hub, other, hub.token()) as session:
        session.subscribe()
        session.synchronize()

    unheld = Key("notes", random_id())
    for what, key, claim in (
        ("a server's authority", servers, lambda stamp: replace(stamp, authority=stamp.time)),
        ("more authority than anybody has had", others, lambda stamp: replace(stamp, authority=stamp.time - 1)),
        ("an authority that is still to come", unheld, later),
        ("the hub as the writer", servers, lambda stamp: replace(stamp, writer=session.theirs.incarnation)),
    ):
        with Session(hub, Peer(), hub.token()) as session:
            session.subscribe()
            session.synchronize()
            peer, start = session.peer, session.sent
            stamp = claim(peer.stamp(key))
            base = stamp if key is unheld else None
            stamps, fields = State(base, cells={"title": Cell(stamp, "forged")}, whole=key is unheld).encode()
            forged = Change(key.collection, key.id, start + 1, stamps, fields, complete=key is unheld)
            beside = replace(peer.change(peer.insert("notes", {"title": f"beside {what}"})), position=start + 2)
            session.send(Batch(start, start + 2, [forged, beside]))
            print(what, "->", session.outcome())
        titles = [each["title"] for each in hub.records()]
        assert {"of the server", "of another client", f"beside {what}"} <= {*titles}, titles
        assert "forged" not in titles, titles
