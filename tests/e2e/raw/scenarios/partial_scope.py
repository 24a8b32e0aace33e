"""A link may carry only some collections and leave out fields: the rest is not sent and stays where it is."""

from frames import Digest, Key, Need, Rows, Scope
from peer import Peer, Session


def run(hub):
    shown = hub.insert({"title": "shown", "secret": "s"}, "notes")
    hidden = hub.insert({"title": "hidden"}, "journal")
    peer = Peer()
    scope = Scope(collections=("notes", "people"), without=("secret",))
    with Session(hub, peer, hub.token(), scope=scope) as session:
        session.subscribe()
        session.synchronize()
        key = Key("notes", shown.bytes)
        print("got", {key: peer.fields(key) for key in peer.rows})
        assert [*peer.rows] == [key] and peer.fields(key) == {"title": "shown"}
        assert session.welcome.ahead == 1

        peer.update(key, {"title": "changed here"})
        peer.insert("people", {"name": "Ada"})
        session.synchronize()
        print("the hub has", hub.get(shown))
        assert hub.get(shown) == {"_id": str(shown), "title": "changed here", "secret": "s"}
        assert hub.count("people") == 1

        session.send(Need([Key("journal", hidden.bytes)]))
        rows = session.until(Rows)
        assert rows.gone == [Key("journal", hidden.bytes)] and not rows.changes

        # Digests are not compared on such a link: the hub does not answer a wrong one.
        session.send(Digest(peer.feed_end, peer.cursor.position, {"notes": (7, 7)}))
        assert session.outcome() is None
