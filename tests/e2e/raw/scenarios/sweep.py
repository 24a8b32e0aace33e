"""No client can make the hub sweep: only a token of the role server may, and only when a sweep is due."""

from frames import Batch, Cursor, Hello, Welcome
from peer import Peer, Session

PROTOCOL_ERROR, NOT_ALLOWED = 46, 72


def told_to_sweep(session, horizon):
    """Sends a Welcome and an empty batch; the scenario has seen none of the hub's records."""
    session.send(Welcome(0, 0, 0, True, horizon, applied=Cursor(session.theirs.incarnation, 10**6, 0, 0)))
    session.send(Batch(0, 0, [], True))
    return session.outcome()


def run(hub):
    for n in range(5):
        hub.insert({"n": n})
    with Session(hub, Peer(), hub.token()) as session:
        session.peer.insert("notes", {"made": "by a client"})
        session.subscribe()
        session.synchronize()
        assert session.theirs.flags & Hello.KEEPS
    assert hub.count() == 6
    for rights in (["--write-only"], ["--collections", "notes"], []):
        with Session(hub, Peer(), hub.token(*rights)) as session:
            end = told_to_sweep(session, 10**6)
            print("a token of", rights or "all rights", "->", end)
            assert end and end.code == NOT_ALLOWED
            assert hub.count() == 6
    peer = Peer(role=1)
    server = hub.token("--role", "server")
    peer.insert("notes", {"made": "by a server"})
    with Session(hub, peer, server) as session:
        assert not session.theirs.flags & Hello.KEEPS
        session.subscribe()
        session.synchronize()
    with Session(hub, peer, server) as session:
        end = told_to_sweep(session, 0)
        print("a server, where it is not due ->", end)
        assert end and end.code == PROTOCOL_ERROR
    assert hub.count() == 7
