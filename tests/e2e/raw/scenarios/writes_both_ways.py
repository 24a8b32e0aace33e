"""Updates of single fields, removed fields and deletes travel as parts in both directions and are merged into the held
record."""

from encoding import REMOVED
from frames import Batch, Key
from peer import Peer, Session


def run(hub):
    theirs = hub.insert({"title": "one", "stars": 1, "text": "x" * 10_000})
    peer = Peer()
    mine = peer.insert("notes", {"title": "two", "stars": 2, "draft": True})
    with Session(hub, peer, hub.token()) as session:
        session.subscribe()
        session.synchronize()
        key = Key("notes", theirs.bytes)

        peer.update(key, {"stars": 10})
        peer.update(mine, {"draft": REMOVED})
        session.synchronize()
        print("the hub has", {**hub.get(theirs), "text": "..."}, "and", hub.records()[0].keys())
        assert hub.get(theirs)["stars"] == 10 and hub.get(theirs)["title"] == "one"
        assert all("draft" not in record for record in hub.records())

        hub.update(theirs, {"title": "one, again"})
        batch = session.until(Batch)
        print("a part comes:", batch.changes)
        assert len(batch.changes) == 1 and not batch.changes[0].complete and len(batch.changes[0].fields) < 100
        assert peer.fields(key) == {"title": "one, again", "stars": 10, "text": "x" * 10_000}

        peer.delete(mine)
        session.synchronize()
        assert hub.count() == 1

        hub.delete(theirs)
        session.until(Batch)
        assert peer.fields(key) is None and hub.count() == 0
