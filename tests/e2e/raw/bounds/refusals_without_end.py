"""What a hub notes of the records that its clients refuse is bounded, for all replicas of one token together."""

import json
import os

from connection import Refused
from frames import Key, Rejected
from peer import Peer, Session, random_id

PROTOCOL_ERROR, CLOCK_SKEW = 46, 44
RECORDS, REPLICAS, NOTED_MAX, REASON_BYTES = 3_000, 5, 10_000, 512


def refuse(hub, token, keys, text):
    """Connects as a new replica that refuses everything it is sent. Returns None if the hub goes on."""
    with Session(hub, Peer(), token) as session:
        session.subscribe()
        session.send(Rejected(False, {key: (CLOCK_SKEW, text) for key in keys}))
        return session.outcome()


def noted(hub):
    return json.loads(hub.run("info", hub.file, "--json").stdout)["rejected"]


def run(hub):
    writer = Peer()
    keys = [writer.insert("notes", {"n": number}) for number in range(RECORDS)]
    with Session(hub, writer, hub.token()) as session:
        session.subscribe()
        session.synchronize()
    reader, text = hub.token("--read-only"), "x" * REASON_BYTES

    end = refuse(hub, reader, keys[:1], text + "x")
    print("a reason of 513 bytes ->", end)
    assert isinstance(end, Refused) and end.code == PROTOCOL_ERROR
    assert refuse(hub, reader, [Key("notes", random_id()) for _ in range(RECORDS)], text) is None
    print("of records that the hub does not have it notes", noted(hub))
    assert noted(hub) == 0

    before = hub.forget_peak()
    for _ in range(REPLICAS):
        assert refuse(hub, reader, keys, text) is None
    backup = os.path.join(hub.folder, "backup.blazedb")
    hub.run("backup", hub.file, backup)
    print(REPLICAS, "replicas refuse", RECORDS, "each, and the hub notes", noted(hub), "in", os.path.getsize(backup), end=" ")
    print("bytes; it has grown by", hub.peak_memory() - before, "MiB")
    assert noted(hub) == NOTED_MAX
    assert os.path.getsize(backup) < 20_000_000
    assert hub.peak_memory() < before + 60
    # Another token has its own room.
    assert refuse(hub, hub.token("--read-only"), keys[:1], text) is None
    assert noted(hub) == NOTED_MAX + 1
