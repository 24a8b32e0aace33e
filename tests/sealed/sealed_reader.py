"""Opens what a hub that cannot read has, with the password. Written from the headers of src/sealed alone.

    sealed_reader.py FILE

FILE has the lines of vectors.txt. Whatever deviates from the layouts, or from what a cell is said to hold, is a
ValueError, with exit status 1.
"""

import ctypes
import hashlib
import struct
import sys

sodium = ctypes.CDLL("libsodium.so.23")
sodium.sodium_init()
LONG = ctypes.c_ulonglong


def check(condition, what):
    if not condition:
        raise ValueError(what)


def varint(number):
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def sized(data):
    return varint(len(data)) + data


def subkey(key, purpose, context=b""):
    return hashlib.blake2b(sized(purpose) + context, key=key, digest_size=32).digest()


class Bytes:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        check(self.at + count <= len(self.data), "too short")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, count):
        return int.from_bytes(self.take(count), "little")

    def varint(self):
        number, shift = 0, 0
        while True:
            part = self.number(1)
            number |= (part & 0x7F) << shift
            if part < 0x80:
                return number
            shift += 7

    def rest(self):
        return self.take(len(self.data) - self.at)


def unseal(key, sealed, bound):
    out = ctypes.create_string_buffer(len(sealed))
    failed = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
        out, None, None, sealed[24:], LONG(len(sealed) - 24), bound, LONG(len(bound)), sealed[:24], key
    )
    check(not failed, "not what was sealed")
    return out.raw[: len(sealed) - 40]


# ---- Envelopes and keyrings


def open_envelope(envelope, password):
    """Returns group, member, the member's secret and the root."""
    check(len(envelope) == 200 and envelope[:8] in (b"BZE1\1\0\0\0", b"BZE1\2\0\0\0"), "no envelope")
    header, commitment = envelope[:64], envelope[64:96]
    kib, passes = struct.unpack("<II", header[40:48])
    check(64 << 10 <= kib <= 512 << 10 and 3 <= passes <= 16, "a cost that no envelope has")
    key = ctypes.create_string_buffer(32)
    argon2id = sodium.crypto_pwhash_alg_argon2id13()
    failed = sodium.crypto_pwhash(
        key, LONG(32), password, LONG(len(password)), header[48:], LONG(passes), ctypes.c_size_t(kib << 10), argon2id
    )
    check(not failed, "not enough memory")
    check(subkey(key.raw, b"blazedb envelope commitment") == commitment, "another password")
    content = unseal(subkey(key.raw, b"blazedb envelope"), envelope[96:], header)
    return header[8:24], header[24:40], content[:32], content[32:]


class Member:
    def __init__(self, member, secret):
        self.id, self.secret = member, subkey(secret, b"blazedb member")
        public = ctypes.create_string_buffer(32)
        sodium.crypto_scalarmult_base(public, self.secret)
        self.public = public.raw

    def open(self, sealed):
        out = ctypes.create_string_buffer(len(sealed))
        failed = sodium.crypto_box_seal_open(out, sealed, LONG(len(sealed)), self.public, self.secret)
        check(not failed, "sealed for another member")
        return out.raw[: len(sealed) - 48]


def open_keyring(keyring, member, before):
    """Returns what the version says in clear, the token key and the epochs. `before`: the same of the version before."""
    message, signature = keyring[:-64], keyring[-64:]
    data = Bytes(message)
    head = {"group": data.take(16), "team": data.take(16), "version": data.number(8), "before": data.take(32)}
    head["root"], head["next root"] = data.take(32), data.take(32)
    head["hash"] = hashlib.blake2b(keyring, digest_size=32).digest()
    failed = sodium.crypto_sign_verify_detached(signature, message, LONG(len(message)), head["root"])
    check(not failed, "not signed by its root")
    follows = before and before["hash"] == head["before"] and head["version"] == before["version"] + 1
    check(follows if before else head["version"] == 1 and not any(head["before"]), "not the next version")
    opener = None
    for _ in range(data.varint()):
        kind, its_id, its_public, sealed = data.number(1), data.take(16), data.take(32), data.take(80)
        seed = data.take(80) if kind != 3 else b""
        if (its_id, its_public) == (member.id, member.public):
            opener = member.open(sealed)
            check(not seed or len(member.open(seed)) == 32, "no seed")
    check(opener, "no member of this keyring")
    check(subkey(opener, b"blazedb keyring commitment") == data.take(32), "another opener")
    bound = message[: data.at]
    secrets = Bytes(unseal(subkey(opener, b"blazedb keyring"), data.take(data.varint()), bound))
    check(data.at == len(message), "more than a keyring")
    token_key, epochs = secrets.take(32), {}
    for _ in range(secrets.varint()):
        number = secrets.number(4)
        epochs[number] = {"key": secrets.take(32), "retired": secrets.number(8), "closed": secrets.number(1)}
    return head, token_key, epochs


# ---- Cells


def stamp_bytes(text):
    return b"".join(struct.pack("<Q", int(part)) for part in text.split(","))


def open_cell(kind, token, record, stamp, cell, context, token_key, epoch_key):
    """Returns name, stamp of what it replaced, value. `context`: group, team, epoch and sized collection."""
    tag, ciphertext = cell[:16], cell[16:]
    key, text = ctypes.create_string_buffer(32), ctypes.create_string_buffer(len(ciphertext))
    sodium.crypto_core_hchacha20(key, record, subkey(epoch_key, b"blazedb cell stream", context), None)
    sodium.crypto_stream_chacha20_ietf_xor(text, ciphertext, LONG(len(ciphertext)), tag[:12], key.raw)
    bound = kind + record + token + stamp
    mac = subkey(epoch_key, b"blazedb cell mac", context)
    check(hashlib.blake2b(bound + text.raw, key=mac, digest_size=16).digest() == tag, "not what was sealed")
    data = Bytes(text.raw)
    head = data.varint()
    name = data.take(head // 16)
    over = struct.unpack("<QQQ", data.take(24)) if head & 8 else (0, 0, 0)
    value, zeros = data.take(len(text.raw) - data.at - head % 8), data.rest()
    check(not any(zeros) and len(text.raw) % 8 == 0, "wrong padding")
    collection = context[40:]
    named = hashlib.blake2b(collection + name, key=token_key, digest_size=8).digest()
    check(token == (named if kind == b"f" else bytes(8)), "the token of another name")
    return name, ",".join(map(str, over)), value


def main(path):
    hex_of = lambda text: bytes.fromhex(text.replace("-", ""))
    head = None
    for line in open(path, encoding="ascii"):
        what, rest = line.rstrip("\n").split(" ", 1)
        if what == "password":
            password = rest.encode()
        elif what == "envelope":
            group, member, secret, root = open_envelope(hex_of(rest), password)
            member = Member(member, secret)
        elif what == "keyring":
            before, (head, token_key, epochs) = head, open_keyring(hex_of(rest), member, head)
            check(head["group"] == group and (before or head["root"] == root), "the keyring of another group")
        else:
            cell, said = rest.split(" = ")
            kind, epoch, collection, record, token, stamp, cell = cell.split(" ")
            context = group + head["team"] + struct.pack("<Q", int(epoch)) + sized(collection.encode())
            place = hex_of(token), hex_of(record), stamp_bytes(stamp), hex_of(cell), context
            name, over, value = open_cell(kind.encode(), *place, token_key, epochs[int(epoch)]["key"])
            check(said.split(" ") == [name.hex() or "-", over, value.hex() or "-"], "it holds something else")


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except ValueError as error:
        print(f"sealed_reader: {error}", file=sys.stderr)
        sys.exit(1)
