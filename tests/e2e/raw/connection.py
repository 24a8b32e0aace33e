"""A connection to a hub: TLS with a pin, packets, compression, and the knock ("Between processes" in docs/protocol.md).

Nothing here sleeps. A wait for a frame gives up when the connection is older than PATIENCE, which is far more than any
scenario takes.
"""

import base64
import ctypes
import hashlib
import socket
import ssl
import struct
import textwrap
import time

import frames

PATIENCE = 120  # seconds

PLAIN, COMPRESSED, NEW_CONTEXT, END_OF_CONTEXT = range(4)
ZSTD = 1  # the bit of the capability


def packet(kind, payload):
    return struct.pack("<I", kind << 30 | len(payload)) + payload


class Ended(Exception):
    """The hub has ended the stream, with no Bye before it."""


class Refused(Exception):
    """The hub has sent Bye."""

    def __init__(self, bye):
        super().__init__(f"Bye {bye.code}: {bye.text}")
        self.code, self.text = bye.code, bye.text


class Connection:
    """Carries frames. `hub` says where it listens and what its pin is (see hub.py)."""

    heard = None  # a list here gets the bytes of each frame that comes, on all connections

    def __init__(self, hub, capabilities=0):
        self.deadline = time.monotonic() + PATIENCE
        plain = socket.create_connection(("127.0.0.1", hub.port), timeout=PATIENCE)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # the pin proves more than either
        self.socket = context.wrap_socket(plain)
        pin = pin_of(self.socket.getpeercert(binary_form=True))
        assert pin == hub.pin, f"the hub's key is {pin}, not {hub.pin}"
        self.capabilities, self.unpacking, self.told = capabilities, None, 0

    def knock(self, database, token):
        self.send(frames.Knock(database, token, self.capabilities))
        admit = self.receive()
        assert isinstance(admit, frames.Admit), admit
        return admit

    def send(self, frame):
        self.send_packet(PLAIN, frames.encode(frame))

    def send_packet(self, kind, payload):
        self.send_bytes(packet(kind, payload))

    def send_bytes(self, data):
        try:
            self.socket.sendall(data)
        except (ConnectionError, ssl.SSLError) as error:
            raise Ended(f"while sending: {error}") from error

    def receive(self):
        """Returns the next frame. Raises Refused for a Bye, Ended for an end without one."""
        while True:
            (word,) = struct.unpack("<I", self.take(4))
            kind, payload = word >> 30, self.take(word & (1 << 30) - 1)
            if kind == END_OF_CONTEXT:
                assert not payload
                self.unpacking = None
                continue
            if kind == NEW_CONTEXT:
                self.unpacking = Unpacking()
            data = self.unpacking.take(payload) if kind != PLAIN else payload
            if self.heard is not None:
                self.heard.append(data)
            frame = frames.decode(data)
            self.tell(frame)
            if isinstance(frame, frames.Bye):
                raise Refused(frame)
            return frame

    def tell(self, frame):
        self.told += 1
        if self.told <= 100:
            print("  <-", textwrap.shorten(repr(frame)[:1000], 160), flush=True)

    def take(self, count):
        data = bytearray()
        while len(data) < count:
            self.socket.settimeout(max(self.deadline - time.monotonic(), 0.01))
            try:
                more = self.socket.recv(min(count - len(data), 1 << 20))
            except (ConnectionError, ssl.SSLError) as error:
                raise Ended(str(error)) from error
            if not more:
                raise Ended("the stream has ended")
            data += more
        return bytes(data)

    def how_it_ends(self):
        """Reads to the end. Returns the Refused or the Ended."""
        try:
            while True:
                self.receive()
        except (Refused, Ended) as end:
            return end

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# ---- The pin


def pin_of(certificate):
    """The pin of a certificate in DER: sha256/ and the base64 of the SHA-256 of its public key (SPKI, DER)."""
    signed = next(elements(next(elements(certificate))[1]))[1]
    parts = list(elements(signed))
    key = parts[6][0] if parts[0][0][0] == 0xA0 else parts[5][0]  # the version before it is optional
    return "sha256/" + base64.b64encode(hashlib.sha256(key).digest()).decode()


def elements(der):
    """The elements in `der`, in order, each as (the whole element, its contents)."""
    at = 0
    while at < len(der):
        length, start = der[at + 1], at + 2
        if length >= 0x80:
            start += length & 0x7F
            length = int.from_bytes(der[at + 2 : start], "big")
        yield der[at : start + length], der[start : start + length]
        at = start + length


# ---- Compression: a zstd stream that is flushed after each frame

zstd = ctypes.CDLL("libzstd.so.1")
for function in ("ZSTD_createCCtx", "ZSTD_createDCtx"):
    getattr(zstd, function).restype = ctypes.c_void_p
for function in ("ZSTD_compressStream2", "ZSTD_decompressStream", "ZSTD_CCtx_setParameter", "ZSTD_DCtx_setParameter"):
    getattr(zstd, function).restype = ctypes.c_size_t
WINDOW_LOG, WINDOW_LOG_MAX, FLUSH = 101, 100, 1
WINDOW_BITS = 17


class Buffer(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("size", ctypes.c_size_t), ("done", ctypes.c_size_t)]

    @staticmethod
    def over(data):
        return Buffer(ctypes.cast(data, ctypes.c_void_p), len(data), 0)


def checked(result):
    assert not zstd.ZSTD_isError(ctypes.c_size_t(result)), "zstd has failed"
    return result


class Packing:
    """The context for sent frames."""

    def __init__(self):
        self.context = ctypes.c_void_p(zstd.ZSTD_createCCtx())
        checked(zstd.ZSTD_CCtx_setParameter(self.context, WINDOW_LOG, WINDOW_BITS))

    def take(self, frame):
        space = ctypes.create_string_buffer(len(frame) + 4096)
        into, source = Buffer.over(space), Buffer.over(ctypes.create_string_buffer(frame, len(frame)))
        left = checked(zstd.ZSTD_compressStream2(self.context, ctypes.byref(into), ctypes.byref(source), FLUSH))
        assert left == 0
        return space.raw[: into.done]

    def __del__(self):
        zstd.ZSTD_freeCCtx(self.context)


class Unpacking:
    """The context for received frames. A payload expands to at most 16 times its length, or to 64 KiB."""

    def __init__(self):
        self.context = ctypes.c_void_p(zstd.ZSTD_createDCtx())
        checked(zstd.ZSTD_DCtx_setParameter(self.context, WINDOW_LOG_MAX, WINDOW_BITS))

    def take(self, payload):
        space = ctypes.create_string_buffer(max(16 * len(payload), 64 << 10))
        into, source = Buffer.over(space), Buffer.over(ctypes.create_string_buffer(payload, len(payload)))
        while source.done < source.size:
            checked(zstd.ZSTD_decompressStream(self.context, ctypes.byref(into), ctypes.byref(source)))
            assert into.done < into.size or source.done == source.size, "it expands further than the protocol allows"
        return space.raw[: into.done]

    def __del__(self):
        zstd.ZSTD_freeDCtx(self.context)
