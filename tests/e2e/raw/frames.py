"""The frames that two ends exchange: a type byte and a body. Written from docs/protocol.md alone.

Each frame is a class with the fields of its body in their order. encode() accepts any fields, because a scenario may
send nonsense to a hub. decode() is strict, because a hub may not.
"""

import dataclasses
from dataclasses import field

from encoding import Reader, boolean, fixed64, name, sized, varint

# ---- What frames are made of


@dataclasses.dataclass(frozen=True)
class Cursor:
    """How far a feed has been applied."""

    incarnation: int = 0
    position: int = 0
    behind: int = 0  # how far the position up to which nothing is lacking is behind `position`
    reach: int = 0  # how far beyond `position` the skipped changes reach
    place: bytes = b""  # the hub's own positions, sealed, if it hides them

    def encode(self):
        return fixed64(self.incarnation) + varint(self.position) + varint(self.behind) + varint(self.reach)

    def moved(self, incarnation, batch):
        """Advances by a batch of a feed whose owner has this incarnation."""
        if batch.reach == 0:
            return Cursor(incarnation, batch.end, place=batch.place)
        lacks_nothing_to = self.position - self.behind
        reaches_to = max(batch.end + batch.reach, self.position + self.reach)
        return Cursor(incarnation, batch.end, batch.end - lacks_nothing_to, reaches_to - batch.end, batch.place)

    @staticmethod
    def read(reader):
        return Cursor(reader.fixed64(), reader.varint(), reader.varint(), reader.varint())


@dataclasses.dataclass(frozen=True, order=True)
class Key:
    collection: str
    id: bytes

    def encode(self):
        return name(self.collection) + self.id

    @staticmethod
    def read(reader):
        return Key(reader.name(), reader.take(16))


ENDS_TRANSACTION, COMPLETE, SAME_COLLECTION, TAKEN_BACK = 1, 2, 4, 8


@dataclasses.dataclass
class Change:
    collection: str
    id: bytes
    position: int
    stamps: bytes = b""
    fields: bytes = b""
    complete: bool = True
    ends: bool = True  # whether its transaction ends here
    taken_back: bool = False


def encode_changes(changes):
    out, before = bytearray(varint(len(changes))), None
    for change in changes:
        same = before is not None and change.collection == before.collection
        flags = (
            (change.ends and ENDS_TRANSACTION)
            | (change.complete and COMPLETE)
            | (same and SAME_COLLECTION)
            | (change.taken_back and TAKEN_BACK)
        )
        out.append(flags)
        out += (b"" if same else name(change.collection)) + change.id
        out += varint(change.position - (before.position if before else 0))
        out += sized(change.stamps) + sized(change.fields)
        before = change
    return bytes(out)


def read_changes(reader):
    changes = []
    for _ in range(reader.varint()):
        flags = reader.byte()
        collection = changes[-1].collection if flags & SAME_COLLECTION else reader.name()
        record, step = reader.take(16), reader.varint()
        position = step + (changes[-1].position if changes else 0)
        stamps, fields = reader.sized(), reader.sized()
        changes.append(
            Change(
                collection,
                record,
                position,
                stamps,
                fields,
                complete=bool(flags & COMPLETE),
                ends=bool(flags & ENDS_TRANSACTION),
                taken_back=bool(flags & TAKEN_BACK),
            )
        )
    return changes


def encode_list(items):
    return varint(len(items)) + b"".join(item.encode() for item in items)


def read_list(reader, read):
    return [read(reader) for _ in range(reader.varint())]


def encode_sum(number):
    return number.to_bytes(16, "little")


def read_sum(reader):
    return int.from_bytes(reader.take(16), "little")


@dataclasses.dataclass(frozen=True)
class Scope:
    """None: all collections, all fields. `fields`: the only fields that are carried; `without`: fields that are not
    carried."""

    collections: tuple | None = None
    fields: tuple | None = None
    without: tuple = ()

    def encode(self):
        if self == Scope():
            return b""
        flags = (self.collections is not None and 1) | (self.fields is not None and 2)
        out = bytes([flags])
        if self.collections is not None:
            out += varint(len(self.collections)) + b"".join(map(name, sorted(self.collections)))
        names = sorted((self.without if self.fields is None else self.fields), key=str.encode)
        return out + varint(len(names)) + b"".join(map(name, names))


# ---- The frames


@dataclasses.dataclass
class Hello:
    TYPE = 1
    SENDS, RECEIVES, CHOOSES, KEEPS, TEAMS = 1, 2, 4, 8, 16

    replica: bytes
    incarnation: int
    clock: int  # milliseconds since 1970
    role: int = 0
    database: str = "raw"
    flags: int = SENDS | RECEIVES
    scope: bytes = b""
    version: int = 1
    teams: list | None = None  # ids; None: all records

    def encode(self):
        who = varint(self.version) + self.replica + fixed64(self.incarnation) + bytes([self.role])
        flags = self.flags | (self.teams is not None and Hello.TEAMS)
        teams = b"" if self.teams is None else varint(len(self.teams)) + b"".join(self.teams)
        return who + name(self.database) + fixed64(self.clock) + bytes([flags]) + sized(self.scope) + teams

    @staticmethod
    def read(r):
        version, replica, incarnation, role, database = r.varint(), r.take(16), r.fixed64(), r.byte(), r.name()
        return Hello(replica, incarnation, r.fixed64(), role, database, r.byte(), r.sized(), version)


@dataclasses.dataclass
class Subscribe:
    TYPE = 2

    cursor: Cursor = Cursor()
    holds_records: bool = False
    rejects: bool = False  # the next frame is Rejected

    def encode(self):
        flags = self.holds_records | self.rejects << 1 | bool(self.cursor.place) << 2
        return self.cursor.encode() + bytes([flags]) + self.cursor.place

    @staticmethod
    def read(r):
        cursor, flags = Cursor.read(r), r.byte()
        assert flags < 4  # this end seals no places
        return Subscribe(cursor, bool(flags & 1), bool(flags & 2))


@dataclasses.dataclass
class Welcome:
    TYPE = 3

    start: int = 0
    feed_end: int = 0
    ahead: int = 0
    sweep: bool = False
    horizon: int = 0
    teams_refused: int = 0
    applied: Cursor = Cursor()

    def encode(self):
        places = varint(self.start) + varint(self.feed_end) + varint(self.ahead)
        places += boolean(self.sweep) + varint(self.horizon)
        return places + varint(self.teams_refused) + self.applied.encode()

    @staticmethod
    def read(r):
        start, feed_end, ahead, sweep = r.varint(), r.varint(), r.varint(), r.boolean()
        return Welcome(start, feed_end, ahead, sweep, r.varint(), r.varint(), Cursor.read(r))


@dataclasses.dataclass
class Batch:
    TYPE = 4

    start: int
    end: int
    changes: list = field(default_factory=list)
    feed_ends: bool = True
    reach: int = 0
    place: bytes = b""  # sealed by the sender, if it hides its positions

    def encode(self):
        flags = bytes([self.feed_ends | bool(self.place) << 1])
        where = varint(self.start) + varint(self.end) + flags + varint(self.reach) + self.place
        return where + encode_changes(self.changes)

    @staticmethod
    def read(r):
        start, end, flags, reach = r.varint(), r.varint(), r.byte(), r.varint()
        assert flags < 4
        place = r.take(64) if flags & 2 else b""
        return Batch(start, end, read_changes(r), bool(flags & 1), reach, place)


@dataclasses.dataclass
class Ack:
    TYPE = 5

    applied: int
    feed_end: int

    def encode(self):
        return varint(self.applied) + varint(self.feed_end)

    @staticmethod
    def read(r):
        return Ack(r.varint(), r.varint())


@dataclasses.dataclass
class Need:
    TYPE = 6

    keys: list

    def encode(self):
        return encode_list(self.keys)

    @staticmethod
    def read(r):
        return Need(read_list(r, Key.read))


@dataclasses.dataclass
class Rows:
    TYPE = 7

    answers: bool
    gone: list = field(default_factory=list)
    changes: list = field(default_factory=list)

    def encode(self):
        return boolean(self.answers) + encode_list(self.gone) + encode_changes(self.changes)

    @staticmethod
    def read(r):
        return Rows(r.boolean(), read_list(r, Key.read), read_changes(r))


@dataclasses.dataclass
class Digest:
    TYPE = 8

    feed_end: int
    applied: int
    collections: dict = field(default_factory=dict)  # name: (number of live records, sum)

    def encode(self):
        out = varint(self.feed_end) + varint(self.applied) + varint(len(self.collections))
        lines = self.collections.items()
        return out + b"".join(name(each) + varint(live) + encode_sum(total) for each, (live, total) in lines)

    @staticmethod
    def read(r):
        feed_end, applied = r.varint(), r.varint()
        return Digest(feed_end, applied, {r.name(): (r.varint(), read_sum(r)) for _ in range(r.varint())})


@dataclasses.dataclass
class Buckets:
    TYPE = 9

    collection: str
    start: bytes  # the first id of the first range
    sums: list  # for each range its last id and the sum

    def encode(self):
        out = name(self.collection) + self.start + varint(len(self.sums))
        return out + b"".join(end + encode_sum(total) for end, total in self.sums)

    @staticmethod
    def read(r):
        return Buckets(r.name(), r.take(16), [(r.take(16), read_sum(r)) for _ in range(r.varint())])


@dataclasses.dataclass
class Inventory:
    TYPE = 10

    collection: str
    start: bytes  # ids, both inclusive
    end: bytes
    differs: bool
    hashes: dict = field(default_factory=dict)  # id: hash

    def encode(self):
        out = name(self.collection) + self.start + self.end + boolean(self.differs) + varint(len(self.hashes))
        return out + b"".join(record + encode_sum(total) for record, total in sorted(self.hashes.items()))

    @staticmethod
    def read(r):
        collection, start, end, differs = r.name(), r.take(16), r.take(16), r.boolean()
        return Inventory(collection, start, end, differs, {r.take(16): read_sum(r) for _ in range(r.varint())})


@dataclasses.dataclass
class Bye:
    TYPE = 11

    code: int
    text: str

    def encode(self):
        return varint(self.code) + sized(self.text.encode())

    @staticmethod
    def read(r):
        return Bye(r.varint(), r.sized().decode())


@dataclasses.dataclass
class Ping:
    TYPE = 12

    number: int

    def encode(self):
        return varint(self.number)

    @staticmethod
    def read(r):
        return Ping(r.varint())


@dataclasses.dataclass
class Pong:
    TYPE = 13

    number: int
    feed_end: int

    def encode(self):
        return varint(self.number) + varint(self.feed_end)

    @staticmethod
    def read(r):
        return Pong(r.varint(), r.varint())


@dataclasses.dataclass
class Rejected:
    TYPE = 14

    all: bool
    records: dict = field(default_factory=dict)  # Key: (code, text)

    def encode(self):
        out = boolean(self.all) + varint(len(self.records))
        return out + b"".join(key.encode() + varint(code) + sized(text.encode()) for key, (code, text) in self.records.items())

    @staticmethod
    def read(r):
        every = r.boolean()
        return Rejected(every, {Key.read(r): (r.varint(), r.sized().decode()) for _ in range(r.varint())})


@dataclasses.dataclass
class Knock:
    TYPE = 64

    database: str
    token: str
    capabilities: int = 0
    version: int = 1

    def encode(self):
        return varint(self.version) + name(self.database) + sized(self.token.encode()) + varint(self.capabilities)

    @staticmethod
    def read(r):
        version, database, token = r.varint(), r.name(), r.sized().decode()
        return Knock(database, token, r.varint(), version)


@dataclasses.dataclass
class Admit:
    TYPE = 65

    version: int
    capabilities: int

    def encode(self):
        return varint(self.version) + varint(self.capabilities)

    @staticmethod
    def read(r):
        return Admit(r.varint(), r.varint())


KINDS = {
    kind.TYPE: kind
    for kind in (
        *(Hello, Subscribe, Welcome, Batch, Ack, Need, Rows, Digest, Buckets, Inventory, Bye, Ping, Pong, Rejected),
        *(Knock, Admit),
    )
}


def encode(frame):
    """`frame`: one of the classes above, or bytes, which are taken as they are."""
    return frame if isinstance(frame, bytes) else bytes([frame.TYPE]) + frame.encode()


def decode(data):
    reader = Reader(data)
    kind = reader.byte()
    if kind not in KINDS:
        raise ValueError(f"there is no frame of type {kind}")
    frame = KINDS[kind].read(reader)
    reader.end()
    return frame
