"""A new conversation continues where the last one ended: at the cursor, in both directions."""

from peer import Peer, Session


def run(hub):
    first = hub.insert({"n": 1})
    peer, token = Peer(), hub.token()
    peer.insert("notes", {"n": 2})
    with Session(hub, peer, token) as session:
        session.subscribe()
        session.synchronize()
    hub.insert({"n": 3})
    peer.insert("notes", {"n": 4})
    with Session(hub, peer, token) as session:
        session.subscribe()
        cursor = peer.cursor
        session.synchronize()
        got = [change for batch in session.batches for change in batch.changes]
        print("welcomed with", session.welcome, "and given", len(got), "records; at the cursor", cursor)
        assert session.welcome.start == cursor.position and session.welcome.ahead == 1
        assert len(got) == 1 and got[0].id != first.bytes
        assert session.acknowledged == peer.feed_end
        assert hub.count() == 4 and len(peer.live("notes")) == 4
