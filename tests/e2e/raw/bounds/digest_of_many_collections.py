"""A Digest may name as many collections as fit into a frame; those that do not exist cost the hub nothing."""

import itertools
import string

from frames import Digest
from peer import Peer, Session


def run(hub):
    hub.insert({"n": 1})
    names = itertools.product(string.ascii_lowercase + string.digits, repeat=4)
    many = {"".join(each): (1, 1) for each in itertools.islice(names, 150_000)}
    with Session(hub, Peer(), hub.token()) as session:
        session.subscribe()
        session.synchronize()
        before = hub.forget_peak()
        session.send(Digest(session.peer.feed_end, session.peer.cursor.position, dict(sorted(many.items()))))
        print(session.outcome(), "and the hub has grown by", hub.peak_memory() - before, "MiB")
        assert hub.peak_memory() < before + 60  # for a frame of 3.3 MB
