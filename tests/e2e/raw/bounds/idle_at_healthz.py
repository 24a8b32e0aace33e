"""Connections to the health page that send nothing: the page, the commands and the clients still work."""

import os
import resource
import socket

from peer import Peer, Session

CONNECTIONS = 1_000


def run(hub):
    resource.setrlimit(resource.RLIMIT_NOFILE, (4_096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    token = hub.token()
    idle = [socket.create_connection(("127.0.0.1", hub.health_port)) for _ in range(CONNECTIONS)]
    held = len(os.listdir(f"/proc/{hub.process}/fd"))
    print("with", CONNECTIONS, "of them the hub has", held, "files open")
    assert held < CONNECTIONS // 2
    hub.insert({"n": 1})
    hub.run("backup", hub.file, hub.folder + "/backup.blazedb")
    with Session(hub, Peer(), token) as session:
        session.subscribe()
        session.synchronize()
        assert len(session.peer.rows) == 1
    print("the page says", hub.health())
    for each in idle:
        each.close()
