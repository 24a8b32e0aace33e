"""While the hub asks for the whole of a record that came as a part, the batches behind it wait: as many as may be under
way, and one more."""

from connection import Ended, Refused
from encoding import Cell, State
from frames import Batch, Change, Need
from peer import Peer, Session, random_id

PROTOCOL_ERROR = 46


def run(hub):
    peer = Peer()
    with Session(hub, peer, hub.token("--write-only")) as session:
        while session.sent is None:
            session.receive()

        def change(place, fields, complete=True):
            base = peer.stamp(None)
            state = State(base, cells={name: Cell(base, value) for name, value in fields.items()}, whole=complete)
            return Change("notes", random_id(), place, *state.encode(), complete=complete)

        session.send(Batch(0, 1, [change(1, {"n": 1}, complete=False)]))
        session.see(Need)
        before, end = hub.forget_peak(), None
        try:
            for place in range(2, 100):
                session.send(Batch(place - 1, place, [change(place, {"b": bytes(1 << 20)})]))
            session.connection.receive()
        except Refused as refused:
            end = refused
        except Ended:
            end = session.connection.how_it_ends()
        print(end, "and the hub has grown by", hub.peak_memory() - before, "MiB")
        assert isinstance(end, Refused) and end.code == PROTOCOL_ERROR
        assert hub.peak_memory() < before + 60
