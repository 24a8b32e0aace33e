"""A field that both ends increment, assign and remove while they are apart holds the same number at both."""

from encoding import REMOVED, Part, field_of, part_key
from frames import Digest, Key, Scope
from peer import Peer, Session, random64


def run(hub):
    record = hub.insert({"stock": 100, "name": "bolt"})
    key, peer, token = Key("notes", record.bytes), Peer(), hub.token()

    def agree(session, value):
        session.synchronize()
        here, there = session.peer.fields(key), hub.get(record)
        there.pop("_id")
        print("both have", there)
        assert here == there, (here, there)
        assert here.get("stock") == value and type(here.get("stock")) is type(value), (here, value)
        other = Peer()
        with Session(hub, other, hub.token()) as new:
            new.subscribe()
            new.synchronize()
        assert other.fields(key) == here, other.fields(key)

    with Session(hub, peer, token) as session:
        session.subscribe()
        agree(session, 100)

        hub.increment(record, stock=5, seen=1)
        peer.increment(key, {"stock": -3})
        peer.increment(key, {"stock": -1, "seen": 2})
        agree(session, 101)
        assert peer.fields(key)["seen"] == 3

        peer.update(key, {"stock": 50})  # has seen all of that
        hub.increment(record, stock=7)
        agree(session, 57)

        hub.update(record, {"stock": 10})  # a server's write; it has not seen the next one
        peer.increment(key, {"stock": -1})
        agree(session, 9)

        hub.update(record, {"stock": 20})
        peer.update(key, {"stock": 30})  # loses; its increment stays
        peer.increment(key, {"stock": 4})
        agree(session, 24)

        hub.increment(record, stock=1.5)
        agree(session, 25.5)

        # Removed here, while the hub counts on: the field comes back with what the removal had not seen.
        peer.update(key, {"stock": REMOVED})
        hub.increment(record, stock=2)
        agree(session, 2.0)
        hub.run("update", hub.file, str(record), "--unset", "stock", "-c", "notes")
        agree(session, None)
        assert session.until(Digest).collections == peer.digest(), "a counter without a value has no part in the hash"
        peer.increment(key, {"stock": 6})
        agree(session, 6)

        hub.update(record, {"stock": "sold out"})  # hides what is counted meanwhile
        peer.increment(key, {"stock": 1})
        agree(session, "sold out")
        peer.update(key, {"stock": 3})
        agree(session, 3)

        assert session.until(Digest).collections == peer.digest(), "the hash of a record has its parts"

    # Another opening takes over the part of the first one, while the hub, which does not know of that, assigns.
    former, peer.incarnation = peer.incarnation, random64()
    twin = Peer()  # as from a copy of the first one's file
    with Session(hub, peer, token) as session, Session(hub, twin, hub.token()) as second:
        for each in (session, second):
            each.subscribe()
            each.synchronize()
        hub.update(record, {"stock": 1000})
        peer.increment(key, {"stock": 8, "seen": 0}, former={former})
        agree(session, 1008)
        assert hub.get(record)["seen"] == 3
        cells = peer.rows[key].state.cells
        assert cells[part_key("stock", former)].value is REMOVED
        assert list(cells[part_key("stock", peer.incarnation)].value.includes) == [former]
        assert cells[part_key("seen", peer.incarnation)].value == Part(0, {former: 2})
        hub.increment(record, stock=1)
        agree(session, 1009.0)  # the hub's part has been a real since the 1.5

        # The copy does not know of that and takes over the same part: its sum counts once, also for assignments.
        twin.increment(key, {"stock": 30}, former={former})
        assert list(twin.rows[key].state.cells[part_key("stock", twin.incarnation)].value.includes) == [former]
        agree(second, 1039.0)
        hub.update(record, {"stock": 500})
        peer.increment(key, {"stock": 1})
        agree(session, 501)
        agree(second, 501)
        twin.update(key, {"stock": 400})
        hub.increment(record, stock=1)
        agree(second, 401.0)
        agree(session, 401.0)

        # A scope that leaves the field out leaves out its parts.
        other = Peer()
        with Session(hub, other, hub.token(), scope=Scope(without=("stock",))) as new:
            new.subscribe()
            new.synchronize()
        assert {field_of(each) for each in other.rows[key].state.cells} == {"name", "seen"}

        # Deleted and inserted again at the hub: what this end counts without knowing of that is lost, and what it
        # counts afterwards is not.
        hub.delete(record)
        hub.run("insert", hub.file, f'{{"_id": "{record}", "stock": 5}}', "-c", "notes")
        peer.increment(key, {"stock": 100})
        agree(session, 5)
        peer.increment(key, {"stock": 2})
        hub.increment(record, stock=10)
        agree(session, 17.0)
        assert session.until(Digest).collections == peer.digest()

    client = hub.client("client")
    hub.sync(client, hub.token())
    assert hub.get(record, file=client)["stock"] == 17
