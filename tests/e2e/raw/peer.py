"""A replica in memory and its conversation with a hub, as docs/protocol.md describes them.

It is honest unless a scenario makes it send something else. While it waits it answers, applies and acknowledges.
"""

import dataclasses
import os
import time
from dataclasses import dataclass, field

from connection import Connection, Ended, Refused
from encoding import REMOVED, Cell, Part, Stamp, State, added, hash_of, part_key
from frames import Ack, Batch, Buckets, Change, Cursor, Digest, Hello, Inventory, Key, Need, Ping, Pong, Rows, Scope
from frames import Subscribe, Welcome


def random_id():
    return os.urandom(16)


def next_id(record):
    return (int.from_bytes(record, "big") + 1).to_bytes(17, "big")[1:]


def random64():
    return int.from_bytes(os.urandom(8), "little") | 1


def now_ms():
    return int(time.time() * 1000)


@dataclass
class Row:
    """A record at its place in the feed; `changed` has the position of each part: of a cell under its name, of base and
    tomb under 0."""

    state: State
    position: int
    changed: dict
    from_hub: bool


@dataclass
class Peer:
    replica: bytes = field(default_factory=random_id)
    incarnation: int = field(default_factory=random64)
    role: int = 0
    rows: dict = field(default_factory=dict)  # Key: Row
    cursor: Cursor = Cursor()  # on the hub's feed
    feed_end: int = 0
    clock: int = 0

    # ---- Writing

    def stamp(self, key):
        self.clock = max(self.clock + 1, now_ms() << 16)
        row = self.rows.get(key)
        seen = [cell.stamp for cell in row.state.cells.values()] + [row.state.base, row.state.tomb] if row else []
        return Stamp(max((each.authority for each in seen if each), default=0), self.clock, self.incarnation)

    def insert(self, collection, fields):
        key = Key(collection, random_id())
        base = self.stamp(key)
        self.merge(key, State(base=base, cells={name: Cell(base, value) for name, value in fields.items()}))
        return key

    def update(self, key, fields):
        """Writes some fields; the value may be REMOVED."""
        stamp, state = self.stamp(key), self.rows[key].state
        self.merge(key, State(cells={n: Cell(stamp, state.counter(n).assigned(each)) for n, each in fields.items()}))

    def increment(self, key, increments, former=()):
        """Adds to fields, and takes over the parts of these former incarnations."""
        stamp, cells = self.stamp(key), {}
        for name, by in increments.items():
            counter = self.rows[key].state.counter(name)
            taken = {writer: part for writer, part in counter.parts.items() if writer in former}
            own = counter.part_of(self.incarnation)
            includes = own.includes
            for writer, part in taken.items():
                includes = {writer: part.sum} | part.includes | includes
            cells |= {part_key(name, writer): Cell(stamp, REMOVED) for writer in taken}
            cells[part_key(name, self.incarnation)] = Cell(stamp, Part(added(own.sum, by), includes))
        self.merge(key, State(cells=cells))

    def delete(self, key):
        self.merge(key, State(tomb=self.stamp(key)))

    def fields(self, key):
        """The fields that a reader sees of a record; None if there is no such record."""
        row = self.rows.get(key)
        return row.state.visible() if row and row.state.is_alive() else None

    def live(self, collection):
        return {key: row for key, row in self.rows.items() if key.collection == collection and row.state.is_alive()}

    # ---- Merging

    def merge(self, key, new, from_hub=False):
        row = self.rows.get(key) or Row(State(whole=new.whole), 0, {}, from_hub)
        held, changed = row.state, []
        if new.base and (not held.base or new.base > held.base):
            held.base = new.base
            changed.append(0)
        if new.tomb and (not held.tomb or new.tomb > held.tomb):
            held.tomb = new.tomb
            changed.append(0)
        if new.floor and (not held.floor or new.floor > held.floor):
            held.floor = new.floor
            held.cells = {name: cell for name, cell in held.cells.items() if cell.stamp > held.floor}
            changed.append(0)
        for name, cell in new.cells.items():
            if held.floor and cell.stamp <= held.floor:
                continue
            if name not in held.cells or cell.stamp > held.cells[name].stamp:
                held.cells[name] = cell
                changed.append(name)
        if changed:
            self.feed_end += 1
            row.position, row.from_hub = self.feed_end, from_hub
            row.changed.update(dict.fromkeys(changed, self.feed_end))
            self.rows[key] = row

    # ---- What it says about its records

    def change(self, key, above=None):
        """The parts of a record that changed after this position; None: the whole record."""
        row = self.rows[key]
        cells = row.state.cells
        if above is not None:
            cells = {name: cell for name, cell in cells.items() if row.changed[name] > above}
        complete = len(cells) == len(row.state.cells)
        stamps, fields = State(row.state.base, row.state.tomb, cells, complete, row.state.floor).encode()
        return Change(key.collection, key.id, row.position, stamps, fields, complete=complete)

    def digest(self):
        collections = {}
        for key, row in self.rows.items():
            if row.state.is_alive():
                live, total = collections.get(key.collection, (0, 0))
                collections[key.collection] = live + 1, (total + hash_of(key.id, row.state)) % 2**128
        return dict(sorted(collections.items()))

    def hashes(self, collection):
        return {key.id: hash_of(key.id, row.state) for key, row in self.live(collection).items()}

    def buckets(self, collection, start=bytes(16)):
        """The sums from this id on, in ranges of eight records."""
        hashes, sums = sorted(each for each in self.hashes(collection).items() if each[0] >= start), []
        for first in range(0, max(len(hashes), 1), 8):
            some = hashes[first : first + 8]
            end = some[-1][0] if first + 8 < len(hashes) else b"\xff" * 16
            sums.append((end, sum(hash for _, hash in some) % 2**128))
        return Buckets(collection, start, sums)


class Session:
    """One conversation of `peer` with the hub's database "hub", from Hello on. `hello` overrides fields of its
    Hello."""

    def __init__(self, hub, peer, token, scope=Scope(), capabilities=0, **hello):
        self.hub, self.peer = hub, peer
        self.connection = Connection(hub, capabilities)
        self.admit = self.connection.knock("hub", token)
        mine = Hello(peer.replica, peer.incarnation, now_ms(), peer.role, scope=scope.encode(), **hello)
        self.send(mine)
        self.theirs = self.connection.receive()
        assert isinstance(self.theirs, Hello), self.theirs
        self.receives = bool(mine.flags & Hello.RECEIVES and self.theirs.flags & Hello.SENDS)
        self.sends = bool(mine.flags & Hello.SENDS and self.theirs.flags & Hello.RECEIVES)
        self.welcome = None  # the hub's Welcome to this end
        self.sent = None  # up to which position of this end's feed; None before the hub's Subscribe
        self.acknowledged = 0
        self.up_to_date = False  # whether it has the hub's whole feed
        self.digest = None  # the hub's latest Digest
        self.batches = []  # all batches that have come
        self.waiting = []  # batches that wait for whole records; the first one has asked for them
        self.next_ping = 1

    def subscribe(self):
        if self.receives:
            self.send(Subscribe(self.peer.cursor, bool(self.peer.rows)))

    def send(self, frame):
        self.connection.send(frame)

    # ---- Waiting

    def receive(self):
        """Returns the next frame, after this end has handled it."""
        frame = self.connection.receive()
        handler = self.HANDLERS.get(type(frame))
        if handler:
            handler(self, frame)
        return frame

    def until(self, kind):
        while not isinstance(frame := self.receive(), kind):
            pass
        return frame

    def see(self, kind):
        """Returns the next frame of this kind without handling it or the frames before it."""
        while not isinstance(frame := self.connection.receive(), kind):
            pass
        return frame

    def barrier(self):
        """Waits until the hub has answered everything sent so far: its Pong comes after those answers."""
        number, self.next_ping = self.next_ping, self.next_ping + 1
        self.send(Ping(number))
        while self.until(Pong).number != number:
            pass

    def synchronize(self):
        """Waits until each end has what the other one had."""
        if self.receives:
            while not self.up_to_date:
                self.receive()
        if self.sends:
            while self.sent is None:
                self.receive()
            self.send_changes()
            while self.acknowledged < self.sent:
                self.receive()
        self.barrier()

    def outcome(self):
        """How the hub reacts to what was sent: None if it goes on, else the Refused or the Ended."""
        try:
            self.send(Ping(0))
            self.see(Pong)
        except (Refused, Ended) as end:
            return end
        return None

    # ---- What it does on each frame

    def answer_ping(self, ping):
        self.send(Pong(ping.number, self.peer.feed_end))

    def welcome_hub(self, subscribe):
        known = subscribe.cursor.incarnation == self.peer.incarnation
        self.sent = self.acknowledged = subscribe.cursor.position if known else 0
        ahead = sum(row.position > self.sent for row in self.peer.rows.values())
        self.send(Welcome(self.sent, self.peer.feed_end, ahead, applied=self.peer.cursor))

    def take_welcome(self, welcome):
        self.welcome = welcome
        self.up_to_date = welcome.start == welcome.feed_end  # else a later batch says so

    def take_batch(self, batch):
        self.batches.append(batch)
        self.waiting.append(batch)
        if len(self.waiting) == 1:
            self.ask_or_apply()

    def ask_or_apply(self):
        while self.waiting:
            missing = [
                key
                for change in self.waiting[0].changes
                if (key := Key(change.collection, change.id)) not in self.peer.rows
                and not (change.complete or change.taken_back)
                and State.decode(change.stamps, change.fields).is_alive()
            ]
            if missing:
                self.send(Need(sorted(missing)))
                return
            self.apply(self.waiting.pop(0))

    def apply(self, batch):
        for change in batch.changes:
            self.merge(change)
        self.peer.cursor = self.peer.cursor.moved(self.theirs.incarnation, batch)
        self.up_to_date = self.up_to_date or batch.feed_ends
        self.send(Ack(batch.end, self.peer.feed_end))

    def merge(self, change):
        key = Key(change.collection, change.id)
        if change.taken_back:
            self.peer.rows.pop(key, None)
        else:
            self.peer.merge(key, State.decode(change.stamps, change.fields), from_hub=True)

    def take_rows(self, rows):
        for change in rows.changes:
            self.merge(change)
        if rows.answers and self.waiting:
            # If the hub no longer holds a record, that arrives as a separate change, if at all.
            gone = {(key.collection, key.id) for key in rows.gone}
            first = self.waiting[0]
            first.changes = [change for change in first.changes if (change.collection, change.id) not in gone]
            self.ask_or_apply()

    def answer_need(self, need):
        held = [key for key in need.keys if key in self.peer.rows]
        self.send(Rows(True, [key for key in need.keys if key not in held], self.rows(held)))

    def take_ack(self, ack):
        self.acknowledged = ack.applied

    def take_digest(self, digest):
        self.digest = digest

    def answer_buckets(self, buckets):
        """Answers with this end's records in the first range that differs."""
        hashes, start = self.peer.hashes(buckets.collection), buckets.start
        for end, total in buckets.sums:
            listed = {record: hash for record, hash in hashes.items() if start <= record <= end}
            if sum(listed.values()) % 2**128 != total:
                return self.send(Inventory(buckets.collection, start, end, True, listed))
            start = next_id(end)
        self.send(Inventory(buckets.collection, end, end, False))

    def answer_inventory(self, inventory):
        """Answers with each record whose hash differs and those that only this end has, and asks about the rest."""
        hashes = self.peer.hashes(inventory.collection)
        keys = [
            Key(inventory.collection, record)
            for record, hash in hashes.items()
            if inventory.start <= record <= inventory.end and inventory.hashes.get(record) != hash
        ]
        self.send(Rows(False, [], self.rows(keys)))
        if inventory.end != b"\xff" * 16:
            self.send(self.peer.buckets(inventory.collection, next_id(inventory.end)))

    def rows(self, keys):
        """Returns whole records, as Rows carries them."""
        return [dataclasses.replace(self.peer.change(key), position=0) for key in keys]

    HANDLERS = {
        Ping: answer_ping,
        Subscribe: welcome_hub,
        Welcome: take_welcome,
        Batch: take_batch,
        Rows: take_rows,
        Need: answer_need,
        Ack: take_ack,
        Digest: take_digest,
        Buckets: answer_buckets,
        Inventory: answer_inventory,
    }

    # ---- Sending

    def next_batch(self):
        """Returns the changes after the last sent position, in order, except those that came from the hub."""
        keys = [key for key, row in self.peer.rows.items() if row.position > self.sent and not row.from_hub]
        keys.sort(key=lambda key: self.peer.rows[key].position)
        batch = Batch(self.sent, self.peer.feed_end, [self.peer.change(key, above=self.sent) for key in keys])
        self.sent = self.peer.feed_end
        return batch

    def send_changes(self):
        if self.peer.feed_end > self.sent:
            self.send(self.next_batch())

    def send_digest(self):
        self.send(Digest(self.peer.feed_end, self.peer.cursor.position, self.peer.digest()))

    def close(self):
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
