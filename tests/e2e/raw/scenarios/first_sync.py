"""A new client gets what the hub has and sends what it has; both then hold the same."""

from peer import Peer, Session


def run(hub):
    theirs = hub.insert({"title": "made at the hub", "stars": 5})
    peer = Peer()
    mine = peer.insert("notes", {"title": "made here", "tags": ["a", "b"], "open": True})
    with Session(hub, peer, hub.token()) as session:
        session.subscribe()
        session.synchronize()
        print("welcomed with", session.welcome)
        assert session.welcome.start == 0 and session.welcome.ahead == 1 and not session.welcome.sweep
        (got,) = (row.state.visible() for key, row in peer.live("notes").items() if key.id == theirs.bytes)
        print("got", got)
        assert got == {"title": "made at the hub", "stars": 5}
        assert hub.count() == 2
        fields = [each for each in hub.records() if each["title"] == "made here"]
        print("the hub has", fields)
        assert fields[0]["tags"] == ["a", "b"] and fields[0]["open"] is True
    assert mine in peer.rows
