"""Only an exporter may say that a record was taken back or is no longer held. A client that says so of the hub's
records removes nothing."""

import uuid

from frames import Batch, Change, Key, Rows
from peer import Peer, Session

PROTOCOL_ERROR = 46


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
    # Nor can it take back what it has just written itself: that would be a delete without a trace.
    for frame in (Batch, Rows):
        with Session(hub, Peer(), hub.token()) as session:
            session.subscribe()
            session.synchronize()
            session.peer.update(keys[0], {"touched": frame.__name__})
            session.synchronize()
            if frame is Batch:
                change = Change(keys[0].collection, keys[0].id, session.sent + 1, taken_back=True)
                session.send(Batch(session.sent, session.sent + 1, [change]))
                assert session.outcome() is None
            else:
                session.send(Rows(False, changes=[Change(keys[0].collection, keys[0].id, 0, taken_back=True)]))
                end = session.outcome()
                assert end and end.code == PROTOCOL_ERROR
        assert hub.get(uuid.UUID(bytes=made_there.id))["touched"] == frame.__name__
