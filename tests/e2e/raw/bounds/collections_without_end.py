"""The number of collections that clients can make is bounded; a record that needs one more is set aside."""

import json

from frames import Batch, Change, Rejected
from peer import Peer, Session, random_id
from encoding import Stamp, State

TOO_LARGE, COLLECTIONS_MAX, SENT = 2, 10_000, 12_000


def run(hub):
    record = hub.insert({"n": 1})
    token, peer = hub.token("--write-only"), Peer()
    with Session(hub, peer, token) as session:
        while session.sent is None:
            session.receive()
        rejected, time = 0, session.theirs.clock << 16
        for first in range(0, SENT, 2_000):
            changes = []
            for number in range(first, first + 2_000):
                stamp = Stamp(0, time + number, peer.incarnation)
                stamps, fields = State(stamp).encode()
                changes.append(Change(f"c{number}", random_id(), number + 1, stamps, fields, complete=True))
            session.send(Batch(first, first + 2_000, changes))
        while rejected < SENT - COLLECTIONS_MAX + 1:  # one collection holds the hub's own record
            frame = session.until(Rejected)
            assert {code for code, _ in frame.records.values()} == {TOO_LARGE}, frame
            rejected += len(frame.records)
        print("the hub sets aside", rejected, "of", SENT, "records, each in a collection of its own")
    info = json.loads(hub.run("info", hub.file, "--json").stdout)
    print("and has", len(info["collections"]), "collections")
    assert len(info["collections"]) == COLLECTIONS_MAX and rejected == SENT - COLLECTIONS_MAX + 1
    assert hub.get(record)["n"] == 1
