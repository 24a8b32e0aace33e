"""A client that connects with other wishes gets nothing of what its user may not read: with other collections, teams or
fields, with cursors of its own invention, and with a list of refusals that names hidden records."""

import uuid

from connection import Ended, Refused
from frames import Ack, Cursor, Rejected, Scope, Subscribe, Welcome
from peer import random64, random_id
from restricted import NOT_ALLOWED, PERMISSION_DENIED, PROTOCOL_ERROR, SECRET, Restricted, expect

FAR = 2**63 - 1
TAKEN, TOO_LARGE = 0, 2


def run(hub):
    world = Restricted(hub)
    collections(world)
    teams(world)
    cursors(world)
    refusals(world)


def gets(world, what, token, wanted, **options):
    """A new client gets exactly this, and one that has been there before gets nothing hidden either."""
    with world.session(token, **options) as session:
        expect(f"{what}: she gets what she may read of it", {*session.peer.rows} == wanted, session.peer.rows.keys())
    with world.session(token, world.ann, **options):
        world.nothing_came(what)
    return session


def collections(world):
    try:
        with world.session(world.limited, scope=Scope(("journal",))):
            end = None
    except Refused as refused:
        end = refused
    expect("a collection that is not granted is refused", end and end.code == NOT_ALLOWED, end)
    notes = {*world.visible}
    hers = world.insert("journal", owner="ann", title="of ann, too")
    world.visible.add(hers)
    for what, scope in {
        "all collections": Scope(),
        "more collections than are granted": Scope(("journal", "notes")),
        "few fields": Scope(("journal", "notes"), fields=("title",)),
        "no field that policies look at": Scope(("journal", "notes"), without=("owner", "public")),
    }.items():
        gets(world, f"{what}, with a token for notes", world.limited, notes, scope=scope)
        gets(world, f"{what}, with a token for all", world.anns, world.visible, scope=scope)
    gets(world, "one collection, with a token for all", world.anns, {hers}, scope=Scope(("journal",)))


def teams(world):
    def add(name):
        return world.hub.run("team", "add", world.hub.file, name).stdout[:36]

    north, south = add("north"), add("south")
    world.policy("--read", "team_id IN $user.teams", "plans")
    ours, theirs = (
        world.insert("plans", team_id={"$uuid": team}, title=title)
        for team, title in ((north, "of the north"), (south, SECRET))
    )
    world.hidden["a record of another team"] = theirs
    world.hub.run("user", "put", world.hub.file, "ann")
    world.hub.run("team", "join", world.hub.file, "north", "ann")
    north, south = uuid.UUID(north).bytes, uuid.UUID(south).bytes
    for what, asked, refused, wanted in (
        ("her team", [north], 0, {ours}),
        ("another team", [south], 1, set()),
        ("both teams", [north, south], 1, {ours}),
        ("a team that does not exist", [random_id()], 1, set()),
        ("no team", [], 0, set()),
    ):
        session = gets(world, what, world.anns, wanted, teams=sorted(asked), scope=Scope(("plans",)))
        world.visible |= wanted
        expect(f"{what}: the hub counts the teams that she is not in", session.welcome.teams_refused == refused)


def cursors(world):
    with world.session(world.anns) as session:
        hub, end = session.theirs.incarnation, session.welcome.feed_end
    incarnations = {"the hub's": hub, "an unknown": random64(), "no": 0}
    for whose, incarnation in incarnations.items():
        for place in (
            Cursor(incarnation, 1),
            Cursor(incarnation, end - 1),
            Cursor(incarnation, end + 1000),
            Cursor(incarnation, end, end),
            Cursor(incarnation, end, 0, 1000),
            Cursor(incarnation, FAR, FAR - 1, 0),
            Cursor(incarnation, FAR // 2, FAR // 4, FAR // 4),
            Cursor(incarnation, FAR + 1),
        ):
            for holds_records in (False, True):
                subscribes(world, f"{whose} incarnation at {place.position}", Subscribe(place, holds_records))
    for what, frame in {
        "an Ack of what was not sent": Ack(FAR, FAR),
        "a start of hers beyond what was asked for": Welcome(FAR, FAR, applied=Cursor(hub, FAR)),
    }.items():
        with world.session(world.anns) as session:
            session.send(frame)
            ended = session.outcome()
            expect(f"{what} breaks the protocol", isinstance(ended, Refused) and ended.code == PROTOCOL_ERROR, ended)
        world.nothing_came(what)
    with world.session(world.anns, synchronizes=False) as session:
        session.subscribe()
        session.send(Welcome(0, FAR, FAR, applied=Cursor(hub, end, end)))
        session.outcome()
    world.nothing_came("a Welcome that names a far end of her own feed")


def subscribes(world, what, subscribe):
    with world.session(world.anns, synchronizes=False) as session:
        session.send(subscribe)
        try:
            while not session.up_to_date:
                session.receive()
            session.barrier()
        except (Refused, Ended) as ended:
            readable = subscribe.cursor.position <= FAR
            code = getattr(ended, "code", None)
            expect(f"{what} ends with a reason", not readable and code == PROTOCOL_ERROR, ended)
        came = {*session.peer.rows}
        expect(f"{what} brings what she may read alone", came <= world.visible, came - world.visible)
    world.nothing_came(what)


def refusals(world):
    keys = sorted(world.guess(key) for key in world.hidden.values())
    before = world.held()
    for code in (TAKEN, TOO_LARGE, PERMISSION_DENIED):
        rejected = Rejected(True, {key: (code, "") for key in keys})
        with world.session(world.anns, synchronizes=False) as session:
            session.send(Subscribe(session.peer.cursor, True, True))
            session.send(rejected)
            session.synchronize()
            session.send(Rejected(False, {key: (TAKEN, "") for key in keys}))
            session.barrier()
        with world.session(world.anns, session.peer):
            expect("the hub holds what it held", world.held() == before, world.held())
        world.nothing_came(f"a list of refusals with code {code}")
