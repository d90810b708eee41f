"""HTTP as it goes over the wire."""

import http.client
import json
import socket
import time

from answer import Answer
from report import equal

# Far apart: numbers that differ in their last four digits alone have a limit together.
PHONES = (f"+7999{number:03}0001" for number in range(1, 1000))
SECURITY = ("Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options", "Cache-Control")


def ask(port, method, path, headers=(), body=None, source="127.0.0.1", connection=None):
    """`headers` are pairs, so that a name can come twice. Without a connection that is kept it is a new one."""
    kept = connection is not None
    connection = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=40, source_address=(source, 0))
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        return Answer(connection.getresponse())
    finally:
        if not kept:
            connection.close()


def post(port, path, body, headers=(), **options):
    headers = [("Content-Type", "application/json"), *headers]
    return ask(port, "POST", path, headers, json.dumps(body).encode(), **options)


def bearer(login):
    return ("Authorization", f"Bearer {login['access_token']}")


def until_closed(port, pieces, pause, limit, source="127.0.0.1"):
    """Sends the pieces with a pause after each; then how long the other side left the connection open, and what it
    said."""
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=limit, source_address=(source, 0)) as connection:
        said = b""
        connection.settimeout(pause)
        pieces = iter(pieces)
        while time.monotonic() - start < limit:
            try:
                piece = next(pieces, b"")
                if piece:
                    connection.sendall(piece)
                received = connection.recv(65536)
                if not received:
                    return time.monotonic() - start, said
                said += received
            except TimeoutError:
                continue
            except OSError:
                return time.monotonic() - start, said
    raise AssertionError(f"still open after {limit} s")


def problem(answer, status, code):
    equal((answer.status, answer.headers.get_all("Content-Type")), (status, ["application/problem+json"]))
    told = answer.json()
    equal((told["status"], told["code"], told["type"]), (status, code, f"/problems/{code}"))
    assert told["title"] and told["detail"] and told["trace_id"], told
    for name in SECURITY:
        equal((name, len(answer.headers.get_all(name, []))), (name, 1))
    return told
