"""What a token can make a hub remember is bounded: a client that keeps using new replica ids and scopes does not make
the file grow without end. A scope that is too large is refused."""

import os

from frames import Scope
from peer import Peer, Session
from connection import Refused

TOO_LARGE, CONNECTIONS = 2, 300


def some_fields(names):
    return Scope(without=tuple(f"{number}-{os.urandom(55).hex()}" for number in range(names)))


def file_bytes(hub):
    return sum(os.path.getsize(hub.file + end) for end in ("", "-wal") if os.path.exists(hub.file + end))


def connect(hub, token, scope):
    with Session(hub, Peer(), token, scope=scope) as session:
        session.subscribe()
        session.synchronize()


def run(hub):
    token = hub.token("--read-only")
    try:
        connect(hub, token, some_fields(150))
        raise AssertionError("a scope of 17 KB was taken")
    except Refused as refused:
        print("a scope of 17 KB ->", refused)
        assert refused.code == TOO_LARGE
    for _ in range(CONNECTIONS):
        connect(hub, token, some_fields(130))
    hub.run("info", hub.file)
    backup = os.path.join(hub.folder, "backup.blazedb")
    hub.run("backup", hub.file, backup)
    print(CONNECTIONS, "replicas with scopes of 15 KB: the file has", file_bytes(hub), "bytes, what is in it", end=" ")
    print(os.path.getsize(backup))
    assert os.path.getsize(backup) < 3_000_000
