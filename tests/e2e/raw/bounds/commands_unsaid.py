"""The control socket beside the file: a process that connects and sends nothing, or something that is not a command,
gets the reason and is disconnected. The owner hears at most 16 at a time, and a megabyte of each."""

import socket
import struct

import connection
from frames import Bye, decode

PROTOCOL_ERROR, TOO_MANY, TIMEOUT = 46, 71, 8
HEARD_MAX, CONNECTIONS, FRAME_BYTES_MAX = 16, 200, 1 << 20


def connect(hub):
    plain = socket.socket(socket.AF_UNIX)
    plain.connect(hub.file + "-control")  # waits if the owner has not accepted the others yet
    plain.settimeout(connection.PATIENCE)
    return plain


def answer(plain):
    """The frame that the owner sends before it ends the conversation: its kind and its payload."""
    data = b""
    try:
        while more := plain.recv(65_536):
            data += more
    except ConnectionResetError:
        pass
    kind, length = struct.unpack_from("<cI", data)
    assert len(data) == 5 + length, data
    return kind, data[5:]


def refusal(plain):
    kind, payload = answer(plain)
    assert kind == b"r", kind
    bye = decode(payload)
    assert isinstance(bye, Bye)
    return bye


def run(hub):
    before = hub.forget_peak()
    heard = [connect(hub) for _ in range(HEARD_MAX)]
    for plain in heard:
        plain.sendall(struct.pack("<cI", b"h", FRAME_BYTES_MAX) + bytes(FRAME_BYTES_MAX - 1))  # all but the last
    others = [connect(hub) for _ in range(CONNECTIONS)]
    for plain in others:
        assert refusal(plain).code == TOO_MANY
    for plain in heard:
        assert refusal(plain).code == TIMEOUT
    print(CONNECTIONS, "too many and", HEARD_MAX, "slow ones: the hub has grown by", hub.peak_memory() - before, "MiB")
    assert hub.peak_memory() < before + 60
    for what, data in {
        "a frame above 1 MiB": struct.pack("<cI", b"h", FRAME_BYTES_MAX + 1),
        "a command without a proof": struct.pack("<cI", b"c", 8) + b"\1/\5count",
        "nonsense": b"GET / HTTP/1.1\r\n\r\n",
    }.items():
        with connect(hub) as plain:
            plain.sendall(data)
            end = refusal(plain)
            print(what, "->", end)
            assert end.code == PROTOCOL_ERROR
    print("the log says", hub.logged("a command was refused", "Timeout")[0])
    assert hub.logged("a command was refused", "TooManyAttempts")
    assert hub.logged("more of the same were left out", "TooManyAttempts")
    assert hub.count() == 0
