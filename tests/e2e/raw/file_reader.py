"""Reads a database file with its password. Written from docs/file-format.md alone.

    BLAZEDB_PASSWORD=... file_reader.py FILE

verifies all of it and prints each live record as a line of JSON. Whatever deviates from the format is a ValueError,
with exit status 1. The file is opened only for reading. SQLite gets a plain copy, in a folder that is removed at the
end.
"""

import base64
import ctypes
import datetime
import hashlib
import json
import os
import sqlite3
import struct
import sys
import tempfile
import uuid

from encoding import State, hash_of, sized

HEADER_COPY = 4096
SEAL, NONCE, TAG = 40, 24, 16
WAL_HEADER, SQLITE_WAL = 32, bytes.fromhex("377f0682002de218")
UNUSED_PAGE_AT = 1 << 30
ALIVE, WHOLE = 1, 2

sodium = ctypes.CDLL("libsodium.so.23")
sodium.sodium_init()
crypto = ctypes.CDLL("libcrypto.so.3")
for function in ("EVP_CIPHER_CTX_new", "EVP_aes_256_ecb", "EVP_aes_256_gcm"):
    getattr(crypto, function).restype = ctypes.c_void_p


# ---- Keys and seals


def key_from_password(password, salt, memory_kib, passes):
    key = ctypes.create_string_buffer(32)
    argon2id = sodium.crypto_pwhash_alg_argon2id13()
    size, length, passes = map(ctypes.c_ulonglong, (32, len(password), passes))
    if sodium.crypto_pwhash(key, size, password, length, salt, passes, ctypes.c_size_t(memory_kib << 10), argon2id):
        raise ValueError("there is not enough memory for Argon2id")
    return key.raw


def subkey(key, purpose):
    return hashlib.blake2b(sized(purpose), key=key, digest_size=32).digest()


def aes256_block(key, block):
    context = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new())
    out, length = ctypes.create_string_buffer(32), ctypes.c_int()
    crypto.EVP_EncryptInit_ex(context, ctypes.c_void_p(crypto.EVP_aes_256_ecb()), None, key, None)
    crypto.EVP_EncryptUpdate(context, out, ctypes.byref(length), block, 16)
    crypto.EVP_CIPHER_CTX_free(context)
    return out.raw[:16]


def open_xaes_256_gcm(key, ciphertext, nonce, tag, associated):
    """Returns None if it is not authentic. XAES-256-GCM (C2SP): CMAC derives a key for each nonce, then AES-256-GCM."""
    doubled = int.from_bytes(aes256_block(key, bytes(16)), "big") << 1
    mask = (doubled ^ (0x87 if doubled >> 128 else 0)) & (1 << 128) - 1

    def half(number):
        block = int.from_bytes(bytes([0, number]) + b"X\0" + nonce[:12], "big") ^ mask
        return aes256_block(key, block.to_bytes(16, "big"))

    context = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new())
    out, length = ctypes.create_string_buffer(len(ciphertext)), ctypes.c_int()
    crypto.EVP_DecryptInit_ex(context, ctypes.c_void_p(crypto.EVP_aes_256_gcm()), None, half(1) + half(2), nonce[12:])
    crypto.EVP_DecryptUpdate(context, None, ctypes.byref(length), associated, len(associated))
    crypto.EVP_DecryptUpdate(context, out, ctypes.byref(length), ciphertext, len(ciphertext))
    set_tag = 0x11
    crypto.EVP_CIPHER_CTX_ctrl(context, set_tag, TAG, ctypes.create_string_buffer(tag, TAG))
    authentic = crypto.EVP_DecryptFinal_ex(context, None, ctypes.byref(length)) == 1
    crypto.EVP_CIPHER_CTX_free(context)
    return out.raw if authentic else None


def open_xchacha20_poly1305(key, ciphertext, nonce, tag, associated):
    """None where it is not authentic."""
    out = ctypes.create_string_buffer(len(ciphertext))
    sizes = ctypes.c_ulonglong(len(ciphertext)), ctypes.c_ulonglong(len(associated))
    failed = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt_detached(
        out, None, ciphertext, sizes[0], tag, associated, sizes[1], nonce, key
    )
    return None if failed else out.raw


CIPHERS = {1: open_xaes_256_gcm, 2: open_xchacha20_poly1305}


# ---- The file


class File:
    """The bytes of a database and of its log. plain() opens one seal and returns None if it is not authentic."""

    def __init__(self, path, password):
        with open(path, "rb") as file:
            self.data = file.read()
        try:
            with open(path + "-wal", "rb") as file:
                self.log = file.read()
        except FileNotFoundError:
            self.log = b""
        copies = [self.data[at : at + HEADER_COPY] for at in (0, HEADER_COPY)]
        intact = [copy for copy in copies if hashlib.blake2b(copy[:4064], digest_size=32).digest() == copy[4064:]]
        intact = [copy for copy in intact if copy.startswith(b"BlazeDB\n")]
        if not intact:
            raise ValueError("neither copy of the header is intact")
        header = max(intact, key=lambda copy: struct.unpack_from("<I", copy, 12))
        fields = struct.unpack_from("<IIBBxxIII", header, 8)
        version, self.generation, cipher, stretched, self.page_size, memory, passes = fields
        self.state, self.state_before = header[48:56], header[56:64]
        (self.frames_in_pages,) = struct.unpack_from("<I", header, 64)
        if version != 1 or cipher not in CIPHERS:
            raise ValueError(f"format version {version}, cipher {cipher}")
        key = key_from_password(password, header[32:48], memory, passes) if stretched else password
        self.open_seal = CIPHERS[cipher]
        data_key = self.plain(subkey(key, b"blazedb wrapped data key"), header[3992:4064], header[:3992])
        if data_key is None:
            raise ValueError("the password is wrong")
        self.page_key, self.log_key = subkey(data_key, b"blazedb pages"), subkey(data_key, b"blazedb WAL")

    def plain(self, key, sealed, associated):
        ciphertext, nonce, tag = sealed[:-SEAL], sealed[-SEAL:-TAG], sealed[-TAG:]
        return self.open_seal(key, ciphertext, nonce, tag, associated)

    def plain_page(self, number, sealed):
        plain = self.plain(self.page_key, sealed, b"page" + struct.pack("<I", number))
        return None if plain is None else plain + bytes(SEAL)

    def log_slot(self, number):
        """(Generation of the file's header, state of its pages, SQLite's header); None if it is not authentic."""
        sealed, place = self.log[72 * number : 72 * number + 72], struct.pack("<I", number)
        if plain := self.plain(self.log_key, sealed, b"wlg2" + place):
            sqlite_header = SQLITE_WAL + struct.pack(">I", self.page_size) + plain[12:]
            return struct.unpack_from("<I", plain)[0], plain[4:12], sqlite_header
        if plain := self.plain(self.log_key, sealed, b"wlog" + place):
            return 0, bytes(8), plain
        return None

    def frames(self):
        """Reads the log if it belongs to the file: SQLite's header and frames, and the page numbers of the frames."""
        slots = [slot for number in (0, 1) if (slot := self.log_slot(number))]
        if not slots:
            return b"", set()
        header_generation, state, header = max(slots, key=lambda slot: slot[2][12:16])
        if state not in (self.state, self.state_before):
            if header_generation < self.generation:
                return b"", set()
            raise ValueError("the file is older than its log")
        (generation,) = struct.unpack_from(">I", header, 12)
        out, pages, durable, at = bytearray(header), set(), 0, 144
        for k in range((len(self.log) - 144) // (72 + self.page_size)):
            sealed, page = self.log[at : at + 72], self.log[at + 72 : at + 72 + self.page_size]
            at += 72 + self.page_size
            frame = self.plain(self.log_key, sealed, b"fram" + struct.pack("<I", k) + page[-SEAL:])
            if frame is None or struct.unpack_from("<I", frame, 24)[0] != generation:
                break
            (number,) = struct.unpack_from(">I", frame)
            plain = self.plain_page(number, page)
            if plain is None:
                break
            durable = max(durable, struct.unpack_from("<I", frame, 28)[0])
            pages.add(number)
            out += frame[:24] + plain
        found = (len(out) - WAL_HEADER) // (24 + self.page_size)
        if found < durable or state != self.state and found < self.frames_in_pages:
            raise ValueError("the log ends before what was known to be on the disk")
        return bytes(out), pages

    def write_plain(self, path):
        """Writes plain copies for SQLite: the database at `path`, and its log beside it."""
        log, in_log = self.frames()
        with open(path, "wb") as out:
            for number in range(1, (len(self.data) - 2 * HEADER_COPY) // self.page_size + 1):
                at = 2 * HEADER_COPY + (number - 1) * self.page_size
                page = self.plain_page(number, self.data[at : at + self.page_size])
                if page is None and number not in in_log and number != UNUSED_PAGE_AT // self.page_size + 1:
                    raise ValueError(f"page {number} is not authentic")
                out.write(page or bytes(self.page_size))
        if log:
            with open(path + "-wal", "wb") as out:
                out.write(log)


# ---- The tables


def records(database):
    """Yields each live record as (collection, id, State), after checking all records against the other tables."""
    if database.execute("PRAGMA integrity_check").fetchone() != ("ok",):
        raise ValueError("SQLite finds the database damaged")
    if database.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone() != (b"\1",):
        raise ValueError("another version of the schema")
    rows = database.execute("SELECT id, name, live, digest_low, digest_high FROM collections")
    collections = {row[0]: row[1:] for row in rows}
    found = {each: [0, 0] for each in collections}
    latest = dict(database.execute("SELECT position, row FROM feed"))
    live = []
    columns = "row, collection, id, position, flags, stamps, fields"
    rows = database.execute(f"SELECT {columns} FROM records ORDER BY collection, id")
    for row, collection, record, position, flags, stamps, fields in rows:
        state = State.decode(stamps, fields)
        if state.is_alive() != bool(flags & ALIVE) or state.whole != bool(flags & WHOLE):
            raise ValueError(f"the flags of record {record.hex()} are wrong")
        if latest.get(position) != row:
            raise ValueError(f"record {record.hex()} is not in the feed")
        if state.is_alive():
            found[collection][0] += 1
            found[collection][1] += hash_of(record, state)
            live.append((collections[collection][0], record, state))
    for each, (name, count, low, high) in collections.items():
        digest = (low % 2**64) | (high % 2**64) << 64
        if found[each][0] != count or found[each][1] % 2**128 != digest:
            raise ValueError(f"the digest of {name} is wrong")
    return live


def as_json(value):
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    return value.isoformat() if isinstance(value, datetime.datetime) else str(value)


def read(path, password):
    file = File(path, password)
    with tempfile.TemporaryDirectory() as folder:
        plain = os.path.join(folder, "plain.db")
        file.write_plain(plain)
        database = sqlite3.connect(plain)
        try:
            return records(database)
        finally:
            database.close()


if __name__ == "__main__":
    for collection, record, state in read(sys.argv[1], os.environb[b"BLAZEDB_PASSWORD"]):
        line = {"collection": collection, "id": str(uuid.UUID(bytes=record)), "fields": state.visible()}
        print(json.dumps(line, default=as_json, ensure_ascii=False))
