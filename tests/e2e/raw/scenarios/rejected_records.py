"""The hub sets aside a record that it cannot take, with the reason, and asks for it again later; everything else goes
on."""

import json

from encoding import Cell, Stamp, State
from frames import Ack, Key, Need, Rejected
from peer import Peer, Session

CLOCK_SKEW, NOT_ALLOWED = 44, 72


def listed(hub):
    return [json.loads(line) for line in hub.run("rejected", hub.file, "--json").stdout.splitlines()]


def run(hub):
    titles = ["as a server", "as the hub"]
    records = [hub.insert({"title": "the hub has written this"}) for _ in titles]
    peer, token = Peer(), hub.token("--name", "ann", "--user", "ann")
    with Session(hub, peer, token) as session:
        session.subscribe()
        session.synchronize()
        keys = [Key("notes", record.bytes) for record in records]
        held = peer.rows[keys[1]].state.base
        time = peer.stamp(keys[0]).time + 1
        forged = [Stamp(time, time, peer.incarnation), Stamp(held.authority, time, session.theirs.incarnation)]
        for key, stamp, title in zip(keys, forged, titles, strict=True):
            peer.merge(key, State(cells={"title": Cell(stamp, title)}))
        ahead = peer.insert("notes", {"title": "from the future"})
        late = Stamp(0, time + (20 * 60_000 << 16), peer.incarnation)
        peer.rows[ahead].state = State(base=late, cells={"title": Cell(late, "from the future")})
        good = peer.insert("notes", {"title": "a good one"})
        session.send_changes()
        rejected = session.until(Rejected)
        print("the hub says", rejected)
        assert {key: code for key, (code, _) in rejected.records.items()} == {
            keys[0]: NOT_ALLOWED,
            keys[1]: NOT_ALLOWED,
            ahead: CLOCK_SKEW,
        }
        assert session.until(Ack).applied == peer.feed_end
        assert [hub.get(record)["title"] for record in records] == ["the hub has written this"] * 2
        assert sorted(each["title"] for each in hub.records()) == ["a good one", *["the hub has written this"] * 2]
        assert {(each["code"], each["byPeer"]) for each in listed(hub)} == {("NotAllowed", False), ("ClockSkew", False)}
        # In every place that shows rejected records.
        assert {each["with"] for each in listed(hub)} == {"ann (token 1)"}
        assert json.loads(hub.run("info", hub.file, "--json").stdout)["rejected"] == len(rejected.records)
        assert hub.health()["rejected"] == len(rejected.records)
        (line,) = hub.logged("records are rejected", "")
        print("the log says", line)
        assert line["records"] == len(rejected.records) and line["client"].startswith("ann at ")
        assert line["reason"].split(":")[0] in ("NotAllowed", "ClockSkew")

    # The same with a token that may relay: the hub takes the stamp of another server, but not its own.
    with Session(hub, peer, hub.token("--relay", "--user", "ann")) as session:
        session.subscribe()
        need = session.until(Need)
        print("the hub asks again for", need.keys)
        assert sorted(key.id for key in need.keys) == sorted(key.id for key in (*keys, ahead))
        print("and then says", session.until(Rejected))
        session.synchronize()
        assert hub.get(records[0])["title"] == "as a server"
        assert hub.get(records[1])["title"] == "the hub has written this"
        assert len(listed(hub)) == 2
    assert good in peer.rows
