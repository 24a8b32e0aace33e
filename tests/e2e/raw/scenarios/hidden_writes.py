"""A client that guesses ids and writes to them changes nothing that its user may not see, and no write brings the
record. A refusal has the same bytes whether she may not write the record or may not see it."""

from dataclasses import replace

from connection import Connection, Refused
from encoding import REMOVED, Cell, State
from frames import Batch, Change, Rejected
from restricted import PROTOCOL_ERROR, Restricted, absent, expect


def attempts(peer):
    """What she may try with a record that she has not seen, each as a state and whether it is complete."""
    stamp = peer.stamp(None)

    def part(**fields):
        return State(cells={name: Cell(stamp, value) for name, value in fields.items()}, whole=False), False

    def whole(stamp, tomb=None, **fields):
        return State(stamp, tomb, {name: Cell(stamp, value) for name, value in fields.items()}, floor=tomb), True

    return {
        "an insert as bob's": whole(stamp, owner="bob", title="guessed"),
        "an insert as hers": whole(stamp, owner="ann", title="guessed"),
        "a delete and an insert": whole(replace(stamp, time=stamp.time + 1), stamp, owner="ann"),
        "a delete": (State(tomb=stamp, whole=False), False),
        "a new title": part(title="guessed"),
        "a new owner": part(owner="ann"),
        "the flag that shows it to all": part(public=True),
        "the removal of its owner": part(owner=REMOVED),
    }


def attempt(session, key, state, complete):
    """Sends the change. Returns the bytes of the hub's Rejected, without the id; none if it refuses nothing."""
    start, (stamps, fields) = session.sent, state.encode()
    session.peer.feed_end = session.sent = start + 1
    heard = len(Connection.heard)
    session.send(Batch(start, start + 1, [Change(key.collection, key.id, start + 1, stamps, fields, complete)]))
    session.barrier()
    rejected = [frame for frame in Connection.heard[heard:] if frame[0] == Rejected.TYPE]
    return b"".join(rejected).replace(key.id, bytes(16))


def run(hub):
    world = Restricted(hub)
    shown = world.bob.insert("notes", {"owner": "bob", "title": "for all", "public": True})
    with world.session(world.bobs, world.bob):
        before = world.held()
    like_shown = ("a record that another client has made", "a large record")
    with world.session(world.anns) as session:
        for what, (state, complete) in attempts(session.peer).items():
            for which, key in world.hidden.items():
                said = attempt(session, world.guess(key), state, complete)
                if which in like_shown:
                    seen = attempt(session, shown, state, complete)
                    expect(f"{what} of {which} is refused as of one that she sees", said and said == seen, (said, seen))
                world.nothing_came(f"{what} of {which}")
            expect(f"after {what} the hub holds what it held", world.held() == before, world.held())
        # Where she may not make the record, either, the refusal does not tell whether it is there.
        state, complete = attempts(session.peer)["an insert as bob's"]
        for which, key in world.hidden.items():
            there = attempt(session, key, state, complete)
            none = attempt(session, absent(key.collection), state, complete)
            alike = there and there == none
            expect(f"an insert as bob's is refused alike for {which} and for none", alike, (there, none))
        # What is her own goes on, also under an id that she has made up.
        state, complete = attempts(session.peer)["an insert as hers"]
        expect("an insert of her own is taken", attempt(session, absent(), state, complete) == b"")
    with world.session(world.anns, session.peer):  # the hub asks again about what it has refused
        world.nothing_came("in the next conversation")
    expect("in the end the hub holds what it held", world.held() == before, world.held())
    ends = []
    for key in (world.hidden["a record of another collection"], absent("journal")):
        with world.session(world.limited) as session:
            try:
                attempt(session, key, state, complete)
            except Refused as refused:
                ends.append((refused.code, refused.text))
    expect("beyond the token's collections all ends alike", len(ends) == 2 and ends[0] == ends[1], ends)
    expect("and breaks the protocol", ends[0][0] == PROTOCOL_ERROR, ends)
    world.nothing_came("beyond the token's collections")
