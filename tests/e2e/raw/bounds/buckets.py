"""Buckets whose sums all differ: the answer is one Inventory of bounded size, and other clients are served meanwhile. A
second question before the answer ends the conversation, and so does an answer or a repair that the hub did not ask
for."""

from connection import Refused
from frames import Buckets, Inventory, Rows
from peer import Peer, Session

PROTOCOL_ERROR, RECORDS = 46, 3_000


def run(hub):
    token, writer = hub.token(), Peer()
    with Session(hub, writer, token) as session:
        for number in range(RECORDS):
            writer.insert("notes", {"n": number})
        session.subscribe()
        session.synchronize()
    ends = [number.to_bytes(1, "big") + bytes(15) for number in range(1, 256)] + [b"\xff" * 16]
    wrong = Buckets("notes", bytes(16), [(end, 1) for end in ends])
    hostile = []
    for _ in range(2):
        session = Session(hub, Peer(), token)
        session.subscribe()
        session.synchronize()
        hostile.append(session)
    for session in hostile:
        session.send(wrong)
    with Session(hub, Peer(), token) as honest:
        honest.subscribe()
        honest.synchronize()
        assert len(honest.peer.rows) == RECORDS
    for session in hostile:
        inventory = session.see(Inventory)
        print("the hub lists", len(inventory.hashes), "records")
        assert inventory.differs and 2_048 <= len(inventory.hashes) < 2_500  # up to the end of a range
    listed = next(iter(inventory.hashes))
    unheard_of = hostile[1].peer.insert("notes", {"n": "unheard of"})
    for what, frames in (
        ("a question before the answer", [wrong, wrong, wrong]),  # the second one starts over, so it waits
        ("an answer that nobody asked for", [Inventory("notes", listed, listed, True, {listed: 1})]),
        ("a repair that nobody asked for", [Rows(False, [], hostile[1].rows([unheard_of]))]),
    ):
        with Session(hub, Peer(), token) as session:
            session.subscribe()
            session.synchronize()
            for frame in frames:
                session.send(frame)
            end = session.connection.how_it_ends()
            print(what, "->", end)
            assert isinstance(end, Refused) and end.code == PROTOCOL_ERROR
    for session in hostile:
        session.close()
