"""What was taken back, or is no longer held, is the word of an exporter: a client that says it of the hub's records takes
nothing away."""

from frames import Batch, Change, Key, Rows
from peer import Peer, Session


def run(hub):
    made_there = Key("notes", hub.insert({"made": "at the hub"}).bytes)
    honest = Peer()
    made_by_another = honest.insert("notes", {"made": "by another client"})
    with Session(hub, honest, hub.token()) as session:
        session.subscribe()
        session.synchronize()
    keys = [made_there, made_by_another]
    for what in ("taken back", "no longer held", "an answer that they are no longer held"):
        with Session(hub, Peer(), hub.token()) as session:
            session.subscribe()
            session.synchronize()
            if what == "taken back":
                places = enumerate(keys, session.sent + 1)
                changes = [Change(key.collection, key.id, place, taken_back=True) for place, key in places]
                session.send(Batch(session.sent, session.sent + 2, changes))
            else:
                session.send(Rows(what.startswith("an answer"), gone=keys))
            print(what, "->", session.outcome())
        assert hub.count() == 2
