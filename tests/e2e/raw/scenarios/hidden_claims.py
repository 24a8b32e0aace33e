"""A client that claims what it is not gets nothing of what its user may not read: by a second Hello, by that of another
client, by a server's role, by flags of an end that chooses or keeps, and by comparisons at rest."""

import itertools

from connection import Connection, Refused
from frames import Buckets, Digest, Hello, Inventory, Rows
from peer import Peer, now_ms, random64
from restricted import DUPLICATE_REPLICA, NOT_ALLOWED, PROTOCOL_ERROR, Restricted, expect

ALL = b"\xff" * 16


def run(hub):
    world = Restricted(hub)
    hellos(world)
    roles_and_flags(world)
    comparisons(world)


def refusal(world, what, code, token, peer, **hello):
    """Connects and expects this end; what came before it shows nothing hidden."""
    try:
        with world.session(token, peer, **hello) as session:
            end = f"it goes on, with {session.peer.rows.keys()}"
    except Refused as refused:
        end = refused
    expect(f"{what}: refused", isinstance(end, Refused) and end.code == code, end)
    expect(f"{what}: no record came", not peer.rows, peer.rows.keys())
    world.nothing_came(what)


def hellos(world):
    with world.session(world.anns) as session:
        peer = session.peer
        for what, whose in {"her own Hello": peer, "bob's Hello": world.bob, "a new Hello": Peer()}.items():
            with world.session(world.anns, peer) as again:
                again.send(Hello(whose.replica, whose.incarnation, now_ms()))
                end = again.outcome()
                expect(f"{what}, second: refused", isinstance(end, Refused) and end.code == PROTOCOL_ERROR, end)
            world.nothing_came(f"{what}, second")
    bob = world.bob
    copies = {
        "the Hello of a client that is away": Peer(bob.replica, bob.incarnation),
        "its replica id, anew": Peer(bob.replica, random64()),
    }
    for what, peer in copies.items():
        refusal(world, what, DUPLICATE_REPLICA, world.anns, peer)
    with world.session(world.bobs, bob) as session:
        copy = Peer(bob.replica, bob.incarnation)
        refusal(world, "the Hello of a client that is connected", DUPLICATE_REPLICA, world.anns, copy)
        expect("bob's connection goes on", session.outcome() is None)
        Connection.heard.clear()


def roles_and_flags(world):
    for role, flags in itertools.product((0, 1), range(16)):
        what = f"role {role} with flags {flags}"
        sends, receives = flags & Hello.SENDS, flags & Hello.RECEIVES
        if role == 1 and sends:
            refusal(world, what, NOT_ALLOWED, world.anns, Peer(role=role), flags=flags)
            continue
        for writes in (False, True) if sends else (False,):
            peer, wanted = Peer(role=role), {*world.visible} if receives else set()
            if writes:
                wanted.add(peer.insert("notes", {"owner": "ann", "title": what}))
            with world.session(world.anns, peer, flags=flags):
                expect(f"{what}: she gets what she may read alone", {*peer.rows} == wanted, peer.rows.keys())
            world.visible |= wanted
            world.nothing_came(what)
    for flag in (32, 64, 128):
        what = f"a flag {flag} that no table has"
        refusal(world, what, PROTOCOL_ERROR, world.anns, Peer(), flags=Hello.SENDS | Hello.RECEIVES | flag)


def comparisons(world):
    world.hub.run("user", "put", world.hub.file, "root", "--roles", "admin")
    roots = world.hub.token("--user", "root")
    wishes = {
        "as a client": {},
        "as one that keeps": {"flags": Hello.SENDS | Hello.RECEIVES | Hello.KEEPS},
        "as one that chooses": {"flags": Hello.SENDS | Hello.RECEIVES | Hello.CHOOSES},
        "as one that only receives": {"flags": Hello.RECEIVES},
    }
    sums = [(bytes([number]) + ALL[1:], number) for number in range(0, 256)]
    frames = {
        "Buckets": Buckets("notes", bytes(16), sums),
        "Buckets of one range": Buckets("notes", bytes(16), [(ALL, 1)]),
        "Inventory": Inventory("notes", bytes(16), ALL, True, {}),
        "a repair": Rows(False, [], []),
    }
    for (how, hello), (what, frame) in itertools.product(wishes.items(), frames.items()):
        with world.session(world.anns, **hello) as session:
            session.send(frame)
            end = session.outcome()
            expect(f"{what} {how}: refused", isinstance(end, Refused) and end.code == PROTOCOL_ERROR, end)
        no_sums(world, f"{what} {how}")

    # One that reads everything is told the sums at rest, and asked about what differs.
    with world.session(world.anns) as session, world.session(roots) as another:
        for what, kind in {"at rest": Digest, "after a wrong Digest": Buckets}.items():
            another.until(kind)
            Connection.heard.clear()
            expect(f"{what}: her connection goes on", session.outcome() is None)
            no_sums(world, what)
            for each in (session, another):
                each.send(Digest(each.peer.feed_end, each.peer.cursor.position, {"notes": (1, 1)}))


def no_sums(world, what):
    came = {each[0] for each in Connection.heard} & {Digest.TYPE, Buckets.TYPE, Inventory.TYPE}
    expect(f"{what}: she is told no sums", not came, came)
    world.nothing_came(what)
