"""A hub with policies, and a client that has a valid token of the user ann and tries to get more than she may.

Everybody reads what is public or their own, and writes what is their own. Each hidden record is hidden in another way,
and all have the same secret. expect() names what it checks; nothing_came() searches every byte that the hub has sent.
"""

import uuid

from connection import Connection
from frames import Key
from peer import Peer, Session, random_id

PROTOCOL_ERROR, PERMISSION_DENIED, NOT_ALLOWED, DUPLICATE_REPLICA = 46, 74, 72, 41
SECRET = "the secret of bob"


def expect(what, holds, otherwise=None):
    print("  ok:" if holds else "  FAILS:", what, flush=True)
    assert holds, f"{what}: {otherwise!r}"[:1000]


def absent(collection="notes"):
    return Key(collection, random_id())


class Restricted:
    def __init__(self, hub):
        self.hub = hub
        Connection.heard = []
        for collection in ("notes", "journal"):
            self.policy("--read", "public OR owner = $user.name", collection)
            self.policy("--write", "owner = $user.name", collection)
        self.anns, self.bobs = (hub.token("--user", user, "--name", user) for user in ("ann", "bob"))
        self.limited = hub.token("--user", "ann", "--collections", "notes")
        self.hers = self.insert(owner="ann", title="of ann")
        self.public = self.insert(owner="bob", title="for all", public=True)
        self.visible = {self.hers, self.public}
        self.bob = Peer()
        with self.session(self.bobs, self.bob):
            pass
        self.hidden = {
            "a record that the hub has made": self.insert(owner="bob", title=SECRET),
            "a record that another client has made": self.bob.insert("notes", {"owner": "bob", "title": SECRET}),
            "a deleted record": self.bob.insert("notes", {"owner": "bob", "title": SECRET}),
            "a record that was hers once": self.insert(owner="ann", title="hers still"),
            "a large record": self.bob.insert("notes", {"owner": "bob", "title": SECRET * 5_000}),
            "a record of another collection": self.insert("journal", owner="bob", title=SECRET),
        }
        with self.session(self.bobs, self.bob):  # the hub hears of them
            pass
        self.bob.delete(self.hidden["a deleted record"])
        with self.session(self.bobs, self.bob):
            pass
        self.ann = Peer()
        with self.session(self.anns, self.ann):
            pass
        once = self.hidden["a record that was hers once"]
        hub.update(uuid.UUID(bytes=once.id), {"owner": "bob", "title": SECRET})
        with self.session(self.anns, self.ann):
            expect("a record that changes its owner leaves", self.ann.rows.keys() == self.visible, self.ann.rows.keys())
        self.named = {once.id}  # ids that she knows from the hub
        Connection.heard.clear()

    def policy(self, operation, expression, collection):
        self.hub.run("rls", "add", self.hub.file, "-c", collection, operation, expression)

    def insert(self, collection="notes", **fields):
        return Key(collection, self.hub.insert(fields, collection).bytes)

    def session(self, token, peer=None, synchronizes=True, **options):
        """A conversation in which both ends have what they may have. What bob hears does not count."""
        before = len(Connection.heard)
        session = Session(self.hub, peer or Peer(), token, **options)
        if synchronizes:
            session.subscribe()
            session.synchronize()
        if token == self.bobs:
            del Connection.heard[before:]
        return session

    def guess(self, key):
        """She names the id herself; so the hub may name it, too."""
        self.named.add(key.id)
        return key

    def held(self):
        """What the hub holds of the hidden records; an id that bob has given up is free."""
        ids = {str(uuid.UUID(bytes=key.id)) for what, key in self.hidden.items() if what != "a deleted record"}
        records = [*self.hub.records(), *self.hub.records(collection="journal")]
        return [each for each in records if each["_id"] in ids]

    def nothing_came(self, what):
        """Neither the secret, nor the id of a hidden record that she has not named, in any byte since the last time."""
        wanted = [SECRET.encode(), *(key.id for key in self.hidden.values() if key.id not in self.named)]
        found = [frame[:80] for frame in Connection.heard if any(each in frame for each in wanted)]
        Connection.heard.clear()
        expect(f"{what}: nothing hidden comes", not found, found)
