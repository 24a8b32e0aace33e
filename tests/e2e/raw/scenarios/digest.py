"""At rest both ends compare digests. A difference is found by ranges of ids, and repaired in both directions."""

from frames import Buckets, Digest
from peer import Peer, Session


def run(hub):
    hub.insert({"n": "made at the hub"})
    peer = Peer()
    for number in range(19):
        peer.insert("notes", {"n": number})
    with Session(hub, peer, hub.token()) as session:
        session.subscribe()
        session.synchronize()
        digest = session.until(Digest)
        print("the hub's digest is", digest)
        assert digest.collections == peer.digest()

        # This end has lost a record, and holds one that it never sent to the hub.
        lost = next(key for key in peer.live("notes"))
        before = peer.fields(lost)
        del peer.rows[lost]
        own = peer.insert("notes", {"n": "never told"})
        peer.rows[own].position = peer.feed_end = peer.feed_end - 1
        session.send_digest()
        buckets = session.until(Buckets)
        assert buckets.collection == "notes"
        session.send(peer.buckets("notes"))
        while peer.fields(lost) != before or hub.count() != 21:
            session.receive()
        print("each has", len(peer.live("notes")), "records again")
