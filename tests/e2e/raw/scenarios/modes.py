"""A client may leave out in its Hello a direction that its token grants. Nothing goes that way then, and a frame of that
direction breaks the protocol, whatever the token grants. The next conversation may go both ways and loses nothing."""

from connection import Refused
from frames import Batch, Hello, Key, Rows, Subscribe, Welcome
from peer import Peer, Session

PROTOCOL_ERROR = 46


def run(hub):
    theirs = Key("notes", hub.insert({"title": "the hub's"}).bytes)
    peer = Peer()
    mine = peer.insert("notes", {"title": "the client's"})
    token = hub.token()

    with Session(hub, peer, token, flags=Hello.RECEIVES) as session:
        session.subscribe()
        session.synchronize()
        print("receiving only, it has", [peer.fields(key) for key in peer.rows])
        assert peer.fields(theirs) and hub.count() == 1
        assert session.sent is None, "the hub does not subscribe to what is not sent"

    out_of_place = {
        "Welcome": Welcome(0, peer.feed_end, 1),
        "a Batch": Batch(0, peer.feed_end, [peer.change(mine)]),
        "Rows": Rows(True, [], session.rows([mine])),
    }
    for what, frame in out_of_place.items():
        with Session(hub, peer, token, flags=Hello.RECEIVES) as session:
            session.subscribe()
            session.send(frame)
            end = session.outcome()
            print(what, "of a client that said it sends nothing -", end)
            assert isinstance(end, Refused) and end.code == PROTOCOL_ERROR, what
    with Session(hub, peer, token, flags=Hello.SENDS) as session:
        session.send(Subscribe())
        end = session.outcome()
        print("Subscribe of a client that said it receives nothing -", end)
        assert isinstance(end, Refused) and end.code == PROTOCOL_ERROR
    assert hub.count() == 1

    other = Key("notes", hub.insert({"title": "the hub's, later"}).bytes)
    with Session(hub, peer, token, flags=Hello.SENDS) as session:
        session.synchronize()
        print("sending only, the hub has", hub.records())
        assert hub.count() == 3 and other not in peer.rows

    with Session(hub, peer, token) as session:
        session.subscribe()
        session.synchronize()
        print("both ways, it has", [peer.fields(key) for key in peer.rows])
        assert peer.fields(other) and hub.count() == 3
