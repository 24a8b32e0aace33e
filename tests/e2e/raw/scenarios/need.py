"""An end that gets a part of a record that it does not hold asks for the whole record, and waits for it."""

from encoding import State
from frames import Ack, Batch, Key, Need, Rows
from peer import Peer, Session


def run(hub):
    peer = Peer()
    with Session(hub, peer, hub.token()) as session:
        session.subscribe()
        session.synchronize()

        # This end sends a part of a record that the hub has never seen.
        key = peer.insert("notes", {"title": "a whole record", "stars": 1})
        peer.update(key, {"stars": 2})
        part = peer.change(key, above=peer.rows[key].position - 1)
        assert not part.complete
        session.send(Batch(0, peer.feed_end, [part]))
        need = session.until(Need)
        print("the hub asks for", need.keys)
        assert need.keys == [key]
        ack = session.until(Ack)
        print("and then says", ack)
        assert ack.applied == peer.feed_end
        assert [(each["title"], each["stars"]) for each in hub.records()] == [("a whole record", 2)]

        # This end asks in turn: for a record that exists and for one that does not.
        unknown = Key("notes", bytes(16))
        session.send(Need(sorted([key, unknown])))
        rows = session.until(Rows)
        print("the hub answers with", rows)
        assert rows.answers and rows.gone == [unknown] and len(rows.changes) == 1 and rows.changes[0].complete
        assert State.decode(rows.changes[0].stamps, rows.changes[0].fields).visible() == peer.fields(key)
