"""A hub that refuses a client at admission, or because of its Hello, sends the reason in a Bye that arrives."""

from dataclasses import replace

from connection import Connection, Refused
from frames import Hello, Knock, Scope
from peer import now_ms, random_id

CLOCK_SKEW, PROTOCOL_TOO_NEW, PROTOCOL_ERROR = 44, 45, 46
WRONG_TOKEN, UNKNOWN_DATABASE, NOT_ALLOWED = 60, 62, 72


def at_the_door(hub, frame, code):
    with Connection(hub) as connection:
        connection.send(frame)
        return expect(connection.how_it_ends(), code)


def expect(end, code):
    assert isinstance(end, Refused) and end.code == code, end
    return end


def run(hub):
    token, notes_only = hub.token(), hub.token("--collections", "notes")

    print("no such token:", at_the_door(hub, Knock("hub", "blz_" + "x" * 43), WRONG_TOKEN))
    print("no such database:", at_the_door(hub, Knock("nowhere", token), UNKNOWN_DATABASE))
    print("a newer knock:", at_the_door(hub, Knock("hub", token, version=2), PROTOCOL_TOO_NEW))
    print("no knock:", at_the_door(hub, b"\xc8", PROTOCOL_ERROR))

    def after_hello(code, token=token, scope=b"", **claims):
        with Connection(hub) as connection:
            connection.knock("hub", token)
            hello = Hello(random_id(), 1, now_ms(), scope=scope)
            connection.send(replace(hello, **claims))
            return expect(connection.how_it_ends(), code)

    print("a newer protocol:", after_hello(PROTOCOL_TOO_NEW, version=2))
    print("a clock an hour ahead:", after_hello(CLOCK_SKEW, clock=now_ms() + 3_600_000))
    print("the role server:", after_hello(NOT_ALLOWED, role=1))
    print("no collection in common:", after_hello(NOT_ALLOWED, notes_only, Scope(collections=("people",)).encode()))
