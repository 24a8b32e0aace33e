"""A replica id belongs to one token and may be connected once, in one incarnation. That incarnation may connect again
when it has lost a connection that the hub still believes to be alive."""

from connection import Refused
from peer import Peer, Session, random64

DUPLICATE_REPLICA = 41


def refusal(hub, peer, token):
    try:
        with Session(hub, peer, token) as session:
            session.subscribe()
            session.synchronize()
    except Refused as refused:
        return refused.code
    return None


def run(hub):
    anns, bobs = hub.token("--user", "ann"), hub.token("--user", "bob")
    ann = Peer()
    copy = Peer(replica=ann.replica, incarnation=random64())
    with Session(hub, ann, anns) as session:
        session.subscribe()
        session.synchronize()
        for token in (anns, bobs):
            assert refusal(hub, copy, token) == DUPLICATE_REPLICA
        assert refusal(hub, Peer(replica=ann.replica, incarnation=ann.incarnation), anns) is None
        assert session.outcome() is None
    assert refusal(hub, copy, bobs) == DUPLICATE_REPLICA
    assert refusal(hub, Peer(), bobs) is None
    (number,) = (line.split()[0] for line in hub.run("token", "list", hub.file).stdout.splitlines() if "ann" in line)
    hub.run("token", "revoke", hub.file, number)
    assert refusal(hub, copy, bobs) is None
