"""The hub keeps nothing of an answer to Need except what it asked for, however slowly the answer comes."""

from connection import Ended, Refused
from encoding import Cell, State
from frames import Batch, Change, Need, Rows
from peer import Peer, Session, random_id


PROTOCOL_ERROR = 46


def state(peer, fields):
    base = peer.stamp(None)
    return State(base, cells={name: Cell(base, value) for name, value in fields.items()}).encode()


def run(hub):
    peer = Peer()
    with Session(hub, peer, hub.token("--write-only")) as session:
        while session.sent is None:
            session.receive()
        parts = []
        for place in range(1, 41):
            base = peer.stamp(None)
            stamps, fields = State(base, cells={"n": Cell(base, place)}, whole=False).encode()
            parts.append(Change("notes", random_id(), place, stamps, fields, complete=False))
        session.send(Batch(0, 40, parts))
        assert len(session.see(Need).keys) == 40
        before = hub.forget_peak()
        filler = [Change("notes", random_id(), 0, *state(peer, {"b": bytes(7 << 20)})) for _ in range(3)]
        try:
            for part in parts:
                session.send(Rows(True, [], [Change("notes", part.id, 0, *state(peer, {"n": 1}))] + filler))
                session.see(Need)
        except (Refused, Ended) as reason:
            end = reason
        print(end, "and the hub has grown by", hub.peak_memory() - before, "MiB")
        assert isinstance(end, Refused) and end.code == PROTOCOL_ERROR
        assert hub.peak_memory() < before + 150  # a frame of 21 MiB, a few times
        assert hub.count() == 0
