"""An Ack names the end of the oldest batch that is not yet acknowledged; any other Ack ends the conversation. A reader
whose cursor names an incarnation that never existed begins again at 0."""

from frames import Ack, Batch, Cursor, Subscribe
from peer import Peer, Session

PROTOCOL_ERROR = 46


def run(hub):
    hub.insert({"n": 1})
    token = hub.token()
    for position in (0, 10**6):
        with Session(hub, Peer(), token) as session:
            session.welcome_hub(session.see(Subscribe))
            session.subscribe()
            batch = session.see(Batch)
            session.send(Ack(position, 0))
            end = session.outcome()
            print(f"Ack {position} for a batch up to {batch.end} ->", end)
            assert end and end.code == PROTOCOL_ERROR
    with Session(hub, Peer(), token) as session:
        session.subscribe()
        session.synchronize()
        session.send(Ack(session.peer.cursor.position, 0))
        end = session.outcome()
        print("the same Ack twice ->", end)
        assert end and end.code == PROTOCOL_ERROR
    peer = Peer(cursor=Cursor(12345, 10**9))
    with Session(hub, peer, token) as session:
        session.subscribe()
        while not peer.rows:
            session.receive()
        print("a cursor of an incarnation that never was: welcomed with", session.welcome)
        assert session.welcome.start == 0
