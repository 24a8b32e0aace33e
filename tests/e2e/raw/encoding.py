"""The bytes that the file format and the protocol share: integers, stamps, the state of a record, and its fields.

Written from docs/file-format.md alone. Reading is strict: whatever the format does not allow is a ValueError.
"""

import dataclasses
import datetime
import itertools
import struct
import uuid

UINT64_MAX = 2**64 - 1


# ---- Writing integers and sized bytes


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def fixed64(number):
    return struct.pack("<Q", number)


def boolean(value):
    return b"\1" if value else b"\0"


def sized(data):
    return varint(len(data)) + data


def name(text):
    return sized(text.encode())


class Reader:
    """Reads one item after another from bytes."""

    def __init__(self, data):
        self.data, self.at = memoryview(data), 0

    def rest(self):
        return len(self.data) - self.at

    def take(self, count):
        if count > self.rest():
            raise ValueError(f"{count} bytes are wanted, {self.rest()} are left")
        self.at += count
        return bytes(self.data[self.at - count : self.at])

    def byte(self):
        return self.take(1)[0]

    def boolean(self):
        value = self.byte()
        if value > 1:
            raise ValueError(f"{value} is no bool")
        return value == 1

    def varint(self):
        number = 0
        for shift in range(0, 70, 7):
            byte = self.byte()
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                if byte == 0 and shift or number > UINT64_MAX:
                    raise ValueError("a varint that is not the shortest, or above 64 bits")
                return number
        raise ValueError("a varint of more than ten bytes")

    def fixed64(self):
        return struct.unpack("<Q", self.take(8))[0]

    def sized(self):
        return self.take(self.varint())

    def name(self):
        return self.sized().decode("ascii")

    def end(self):
        if self.rest():
            raise ValueError(f"{self.rest()} bytes are left over")


# ---- Stamps and the state of a record


@dataclasses.dataclass(frozen=True, order=True)
class Stamp:
    """Stamps compare in this order; the higher one wins."""

    authority: int
    time: int
    writer: int

    def encode(self):
        kind = 0 if self.authority == 0 else 1 if self.authority == self.time else 2
        behind = fixed64(self.authority) if kind == 2 else b""
        return bytes([kind]) + fixed64(self.time) + fixed64(self.writer) + behind

    @staticmethod
    def read(reader):
        kind, time, writer = reader.byte(), reader.fixed64(), reader.fixed64()
        if kind > 2:
            raise ValueError(f"a stamp of kind {kind}")
        return Stamp((0, time, None)[kind] if kind < 2 else reader.fixed64(), time, writer)


@dataclasses.dataclass
class Cell:
    """A field's value, or REMOVED, and the stamp of its write."""

    stamp: Stamp
    value: object
    over: Stamp | None = None


REMOVED = object()


# ---- Counters


@dataclasses.dataclass(frozen=True)
class Part:
    """What one writer has added to a field, and the sums of the writers whose parts it has taken over."""

    sum: int | float
    includes: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Assigned:
    """A value that was assigned, and the sums that the assignment had seen, by writer."""

    value: object
    seen: dict


def part_key(field, writer):
    return field.encode() + b"\xff" + fixed64(writer)


def is_part(key):
    return isinstance(key, bytes)


def field_of(key):
    return key[:-9].decode() if is_part(key) else key


def key_bytes(key):
    return key if is_part(key) else key.encode()


def is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


class Sum:
    def __init__(self):
        self.whole, self.real, self.is_real = 0, 0.0, False

    def add(self, number, sign=1):
        if isinstance(number, float):
            self.real += sign * number
            self.is_real = True
        else:
            self.whole += sign * number

    def number(self):
        beyond = not -(2**63) <= self.whole < 2**63
        return float(self.whole) + self.real if self.is_real or beyond else self.whole


def added(*numbers):
    total = Sum()
    for number in numbers:
        total.add(number)
    return total.number()


class Counter:
    """A field and its parts, ascending by writer."""

    def __init__(self, cells, field):
        own = cells[field].value if field in cells else REMOVED
        self.value, self.seen = (own.value, own.seen) if isinstance(own, Assigned) else (own, {})
        keys = [key for key in cells if is_part(key) and field_of(key) == field]
        held = sorted((struct.unpack("<Q", key[-8:])[0], cells[key].value) for key in keys)
        self.parts = {writer: part for writer, part in held if part is not REMOVED}
        self.removed = {writer for writer, part in held if part is REMOVED}

    def news(self):
        """For each part the sums that count there, by writer: what parts include counts once, and not by itself."""
        included = {each for part in self.parts.values() for each in part.includes}
        counted = set()
        for writer, part in self.parts.items():
            sums = {} if writer in included else {writer: part.sum}
            sums |= {each: total for each, total in sorted(part.includes.items()) if each not in counted}
            counted |= part.includes.keys()
            yield writer, sums

    def beyond_what_was_seen(self, sums):
        """None if these sums do not count."""
        news = Sum()
        for each, counted in sums.items():
            if each in self.seen and encode_value(counted) == encode_value(self.seen[each]):
                continue
            news.add(counted)
            news.add(self.seen.get(each, 0), -1)
        none = not sums or (sums.keys() & self.seen.keys() and news.whole == 0 and news.real == 0)
        return None if none else news

    def spent(self):
        """The writers of parts of which the assignment had seen everything, if all that they list counted."""
        return {
            writer
            for writer, part in self.parts.items()
            if not self.beyond_what_was_seen({writer: part.sum} | part.includes)
        }

    def visible(self):
        """What the field holds; REMOVED if it is absent."""
        if self.value is not REMOVED and not is_number(self.value):
            return self.value
        total, counts = Sum(), False
        if self.value is not REMOVED:
            total.add(self.value)
        for _, sums in self.news():
            news = self.beyond_what_was_seen(sums)
            if not news:
                continue
            total.whole, total.real = total.whole + news.whole, total.real + news.real
            total.is_real, counts = total.is_real or news.is_real, True
        return total.number() if counts else self.value

    def seen_now(self):
        """What an assignment made now has seen."""
        seen = dict(self.seen)
        for writer, sums in self.news():
            for each in sums.keys() - {writer}:
                seen.pop(each, None)
            alone = {each: counted for each, counted in sums.items() if each in self.removed}
            rest = added(*(counted for each, counted in sums.items() if each not in self.removed))
            seen |= alone | {writer: rest}
        return dict(sorted(seen.items()))

    def assigned(self, value):
        """The value of the field's cell when this value, or REMOVED, is assigned."""
        return Assigned(value, self.seen_now()) if self.seen_now() else value

    def part_of(self, writer):
        return self.parts.get(writer) or Part(self.seen.get(writer, 0))


# ---- The state of a record


HAS_BASE, HAS_TOMB, BASE_HAS_OVER, TOMB_HAS_OVER, IS_WHOLE = 1, 2, 4, 8, 16
FLOOR_IS_TOMB, HAS_FLOOR, FLOOR_HAS_OVER = 32, 64, 128
STAMP_OF_BASE, GROUP_HAS_OVER = 1, 2


@dataclasses.dataclass
class State:
    """What a replica knows of a record: when it was inserted and deleted, and its cells by key, above the floor."""

    base: Stamp | None = None
    tomb: Stamp | None = None
    cells: dict = dataclasses.field(default_factory=dict)
    whole: bool = True
    floor: Stamp | None = None

    def is_alive(self):
        latest = max((cell.stamp for cell in self.cells.values()), default=self.base)
        return self.base is not None and (self.tomb is None or max(self.base, latest) > self.tomb)

    def visible(self):
        by_field = {}
        for key, cell in self.cells.items():
            by_field.setdefault(field_of(key), {})[key] = cell
        values = {field: Counter(cells, field).visible() for field, cells in by_field.items()}
        return {field: value for field, value in values.items() if value is not REMOVED}

    def counter(self, field):
        return Counter(self.cells, field)

    def without_value(self):
        """The keys of the cells that are no part of what the record holds."""
        removed = {key for key, cell in self.cells.items() if cell.value is REMOVED}
        for key, cell in self.cells.items():
            if isinstance(cell.value, Assigned):
                of = {each for each in self.cells if field_of(each) == key}
                spent = self.counter(key).spent()
                removed |= {each for each in of if is_part(each) and struct.unpack("<Q", each[-8:])[0] in spent}
                if cell.value.value is REMOVED and self.counter(key).visible() is REMOVED:
                    removed |= of
        return removed

    def encode(self):
        """Returns stamps and fields as a change carries them: every age is 0."""
        names = sorted(self.cells, key=key_bytes)
        groups = []
        for each in names:
            of = (self.cells[each].stamp, self.cells[each].over)
            if of not in groups:
                groups.append(of)
        floor = 0 if not self.floor else FLOOR_IS_TOMB if self.floor == self.tomb else HAS_FLOOR
        has = (self.base and HAS_BASE or 0) | (self.tomb and HAS_TOMB or 0)
        stamps = bytes([has | (self.whole and IS_WHOLE or 0) | floor])
        for stamp in (self.base, self.tomb, self.floor if floor == HAS_FLOOR else None):
            if stamp:
                stamps += stamp.encode() + varint(0)
        stamps += varint(len(groups))
        for stamp, over in groups:
            stamps += bytes([(stamp == self.base and STAMP_OF_BASE) | (over and GROUP_HAS_OVER or 0)])
            stamps += (b"" if stamp == self.base else stamp.encode()) + (over.encode() if over else b"") + varint(0)
        if len(groups) > 1:
            for each in names:
                stamps += varint(groups.index((self.cells[each].stamp, self.cells[each].over)))
        return stamps, encode_fields({each: self.cells[each].value for each in names})

    @staticmethod
    def decode(stamps, fields):
        reader = Reader(stamps)
        flags = reader.byte()
        state = State(whole=bool(flags & IS_WHOLE))
        if flags & HAS_BASE:
            state.base = Stamp.read(reader)
            if flags & BASE_HAS_OVER:
                Stamp.read(reader)
            reader.varint()
        if flags & HAS_TOMB:
            state.tomb = Stamp.read(reader)
            if flags & TOMB_HAS_OVER:
                Stamp.read(reader)
            reader.varint()
        if flags & FLOOR_IS_TOMB:
            state.floor = state.tomb
        if flags & HAS_FLOOR:
            state.floor = Stamp.read(reader)
            if flags & FLOOR_HAS_OVER:
                Stamp.read(reader)
            reader.varint()
        groups = []
        for _ in range(reader.varint()):
            kind = reader.byte()
            stamp = state.base if kind & STAMP_OF_BASE else Stamp.read(reader)
            groups.append((stamp, Stamp.read(reader) if kind & GROUP_HAS_OVER else None))
            reader.varint()
        for each, value in decode_fields(fields).items():
            stamp, over = groups[0 if len(groups) == 1 else reader.varint()]
            state.cells[each] = Cell(stamp, value, over)
        reader.end()
        return state


# ---- Values: CBOR, one valid encoding of each

DATE, UUID_TAG, EXTENDED_DATE, ASSIGNED = 1, 37, 1001, 0x42444231


def head(major, number):
    for code, size, letter in ((24, 1, "B"), (25, 2, "H"), (26, 4, "I"), (27, 8, "Q")):
        if number < 24:
            return bytes([major << 5 | number])
        if number < 1 << 8 * size:
            return bytes([major << 5 | code]) + struct.pack(">" + letter, number)
    raise ValueError(f"{number} is beyond 64 bits")


def encode_value(value):
    if value is REMOVED:
        return b"\xf7"
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, uuid.UUID):
        return head(6, UUID_TAG) + encode_value(value.bytes)
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(encode_value, value))
    if isinstance(value, dict):
        items = sorted(value.items(), key=lambda item: item[0].encode())
        return head(5, len(items)) + b"".join(encode_value(key) + encode_value(each) for key, each in items)
    raise ValueError(f"{value!r} has no encoding here")


def encode_fields(fields):
    """The outermost map, which may have parts of counters."""
    items = sorted(fields.items(), key=lambda item: key_bytes(item[0]))
    return head(5, len(items)) + b"".join(encode_value(key) + encode_cell(value) for key, value in items)


def encode_cell(value):
    if isinstance(value, Part):
        return encode_with_sums(value.sum, value.includes) if value.includes else encode_value(value.sum)
    if isinstance(value, Assigned):
        return head(6, ASSIGNED) + encode_with_sums(value.value, value.seen)
    return encode_value(value)


def encode_with_sums(first, sums):
    pairs = b"".join(encode_value(fixed64(writer)) + encode_value(each) for writer, each in sorted(sums.items()))
    return head(4, 1 + 2 * len(sums)) + encode_value(first) + pairs


def read_head(reader):
    first = reader.byte()
    major, number = first >> 5, first & 31
    if number >= 24:
        if number > 27:
            raise ValueError("an indefinite length, or a head that does not exist")
        size = 1 << number - 24
        number = int.from_bytes(reader.take(size), "big")
        if major != 7 and number < (24, 1 << 8, 1 << 16, 1 << 32)[size.bit_length() - 1]:
            raise ValueError("a head that is not the shortest")
    return first, major, number


def read_value(reader):
    first, major, number = read_head(reader)
    if major == 0:
        return number
    if major == 1:
        return -1 - number
    if major == 2:
        return reader.take(number)
    if major == 3:
        return reader.take(number).decode()
    if major == 4:
        return [read_value(reader) for _ in range(number)]
    if major == 5:
        return read_map(reader, number)
    if major == 6:
        return read_tagged(reader, number)
    if first in (0xF4, 0xF5):
        return first == 0xF5
    if first in (0xF6, 0xF7):
        return None if first == 0xF6 else REMOVED
    if first == 0xFB:
        return struct.unpack(">d", struct.pack(">Q", number))[0]
    raise ValueError(f"no value begins with {first:02x}")


def read_map(reader, count):
    result, before = {}, None
    for _ in range(count):
        key = read_value(reader)
        if not isinstance(key, str) or before is not None and key.encode() <= before.encode():
            raise ValueError("the names of a map are texts in ascending order")
        result[key] = read_value(reader)
        before = key
    return result


def read_tagged(reader, tag):
    if tag == UUID_TAG:
        return uuid.UUID(bytes=read_value(reader))
    if tag == DATE:
        return date_of(round(read_value(reader) * 10**6))
    if tag == EXTENDED_DATE:
        # The one map whose keys are not texts: {1: seconds, -6: microseconds}.
        parts = {}
        for _ in range(read_head(reader)[2]):
            key = read_value(reader)
            parts[key] = read_value(reader)
        return date_of(parts[1] * 10**6 + parts[-6])
    raise ValueError(f"tag {tag} means nothing here")


def date_of(microseconds):
    """A datetime if Python has one for it (up to the year 9999); else the number."""
    try:
        return datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(microseconds=microseconds)
    except OverflowError:
        return microseconds


def decode_fields(data):
    """The cells by key: a name, or the bytes of the key of a part."""
    reader, fields, before = Reader(data), {}, b""
    _, major, count = read_head(reader)
    if major != 5:
        raise ValueError("fields are a map")
    for _ in range(count):
        key = read_value(reader)
        if not isinstance(key, str | bytes) or key_bytes(key) <= before:
            raise ValueError("the keys of a record are texts or parts, in ascending order")
        if is_part(key) and (len(key) < 10 or key[-9] != 0xFF):
            raise ValueError(f"{key!r} is the key of no part")
        before = key_bytes(key)
        fields[key] = read_part(reader) if is_part(key) else read_cell(reader)
    reader.end()
    return fields


def read_number(value):
    if not is_number(value):
        raise ValueError(f"{value!r} is no number")
    return value


def with_sums(items):
    """An array of a value and of pairs, each a writer and its sum."""
    if not isinstance(items, list) or len(items) < 3 or len(items) % 2 == 0:
        raise ValueError("sums are pairs, at least one")
    value, *pairs = items
    if any(not isinstance(each, bytes) or len(each) != 8 for each in pairs[::2]):
        raise ValueError("a writer has eight bytes")
    writers = [struct.unpack("<Q", each)[0] for each in pairs[::2]]
    if any(a >= b for a, b in itertools.pairwise(writers)):
        raise ValueError("writers ascend")
    return value, dict(zip(writers, map(read_number, pairs[1::2]), strict=True))


def read_part(reader):
    value = read_value(reader)
    if value is REMOVED:
        return REMOVED
    if not isinstance(value, list):
        return Part(read_number(value))
    total, includes = with_sums(value)
    return Part(read_number(total), includes)


def read_cell(reader):
    if reader.rest() < 5 or bytes(reader.data[reader.at : reader.at + 5]) != head(6, ASSIGNED):
        return read_value(reader)
    reader.take(5)
    return Assigned(*with_sums(read_value(reader)))


# ---- Digests


def hash_of(record, state):
    """The hash of a live record, for the digest of its collection."""
    data = record + b"".join(map(fixed64, (state.base.authority, state.base.time, state.base.writer)))
    for each in sorted(state.cells.keys() - state.without_value(), key=key_bytes):
        stamp = state.cells[each].stamp
        data += sized(key_bytes(each))
        data += b"\0" if stamp == state.base else b"".join(map(fixed64, (stamp.authority, stamp.time, stamp.writer)))
    return siphash128(b"BlazeDB digest 1", data)


def siphash128(key, data):
    """SipHash-2-4 with 128 bits of output, as in its reference implementation."""
    mask = UINT64_MAX
    k0, k1 = struct.unpack("<QQ", key)
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D ^ 0xEE, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def rotated(x, bits):
        return (x << bits | x >> 64 - bits) & mask

    def rounds(count):
        for _ in range(count):
            v[0] = v[0] + v[1] & mask
            v[1] = rotated(v[1], 13) ^ v[0]
            v[0] = rotated(v[0], 32)
            v[2] = v[2] + v[3] & mask
            v[3] = rotated(v[3], 16) ^ v[2]
            v[0] = v[0] + v[3] & mask
            v[3] = rotated(v[3], 21) ^ v[0]
            v[2] = v[2] + v[1] & mask
            v[1] = rotated(v[1], 17) ^ v[2]
            v[2] = rotated(v[2], 32)

    padded = data + bytes(-(len(data) + 1) % 8) + bytes([len(data) & 0xFF])
    for (word,) in struct.iter_unpack("<Q", padded):
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xEE
    rounds(4)
    low = v[0] ^ v[1] ^ v[2] ^ v[3]
    v[1] ^= 0xDD
    rounds(4)
    return low | (v[0] ^ v[1] ^ v[2] ^ v[3]) << 64
