"""A client that breaks the framing or is refused gets the reason. The hub's log has the reason too, and stays
bounded."""

import struct
import time

import connection
from frames import Ping
from peer import Peer, Session

PROTOCOL_ERROR, WRONG_TOKEN, STRANGERS = 46, 60, 60


def run(hub):
    token = hub.token("--name", "the-clumsy-one")
    for what, data in {
        "too long": struct.pack("<I", (24 << 20) + 1),
        "not unpackable": struct.pack("<I", 2 << 30 | 4) + b"\1\2\3\4",
    }.items():
        with Session(hub, Peer(), token, capabilities=connection.ZSTD) as session:
            session.connection.send_bytes(data)
            end = session.connection.how_it_ends()
        print(what, "->", end)
        assert isinstance(end, connection.Refused) and end.code == PROTOCOL_ERROR, end
    assert "the-clumsy-one" in hub.logged("a client has gone", "ProtocolError")[0]["client"]

    with connection.Connection(hub) as stranger:
        try:
            stranger.knock("hub", "blz_wrong")
            raise AssertionError("it was let in")
        except connection.Refused as refusal:
            assert refusal.code == WRONG_TOKEN, refusal
    assert "127.0.0.1" in hub.logged("a client was refused", "WrongToken")[0]["client"]

    for _ in range(STRANGERS):
        with connection.Connection(hub) as stranger:
            stranger.send(Ping(1))
            end = stranger.how_it_ends()
            assert isinstance(end, connection.Refused) and end.code == PROTOCOL_ERROR, end
    deadline = time.monotonic() + connection.PATIENCE
    while time.monotonic() < deadline:
        refused = [line for line in hub.log() if line["event"] == "a client was refused"][1:]
        left_out = [line["count"] for line in hub.log() if line["event"] == "more of the same were left out"]
        if len(refused) + sum(left_out) >= STRANGERS:
            break
    print("the log has", len(refused), "of them, and counts", sum(left_out))
    assert len(refused) + sum(left_out) == STRANGERS
    assert all("blz_wrong" not in str(line) for line in hub.log())
