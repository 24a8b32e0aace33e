"""A client that asks for records by their ids learns nothing of those that its user may not read: the answer is that to
an id which does not exist, byte for byte."""

from connection import Connection
from frames import Key, Need, Rows
from restricted import Restricted, absent, expect


def answer(session, keys):
    """The bytes of the answer to a Need, without the ids that were asked for."""
    session.send(Need(sorted(keys)))
    session.see(Rows)
    data = Connection.heard[-1]
    for key in keys:
        data = data.replace(key.id, bytes(16))
    return data


def run(hub):
    world = Restricted(hub)
    with world.session(world.anns, world.ann) as session:
        for what, key in world.hidden.items():
            world.guess(key)
            hidden, none = answer(session, [key]), answer(session, [absent(key.collection)])
            expect(f"{what} is answered as one that does not exist", hidden == none, (hidden[:80], none[:80]))
        keys = [*world.hidden.values()]
        hidden, none = answer(session, keys), answer(session, [absent(key.collection) for key in keys])
        expect("all of them at once are, too", hidden == none, (hidden[:80], none[:80]))
        nowhere = [Key("nowhere", key.id) for key in keys]
        hidden, none = answer(session, nowhere), answer(session, [absent("nowhere") for _ in keys])
        expect("and so are their ids in another collection", hidden == none, (hidden[:80], none[:80]))
        world.nothing_came("by Need")
    with world.session(world.limited) as session:
        key = world.hidden["a record of another collection"]
        hidden, none = answer(session, [key]), answer(session, [absent(key.collection)])
        expect("beyond the token's collections one answer is like the other", hidden == none, (hidden, none))
        world.nothing_came("by Need with a limited token")
    # The same questions of a user who may read them: the answers differ.
    with world.session(world.bobs) as session:
        for what, key in world.hidden.items():
            if what != "a deleted record":
                expect(f"bob gets {what}", answer(session, [key]) != answer(session, [absent(key.collection)]))
