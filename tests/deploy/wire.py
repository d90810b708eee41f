"""HTTP as it goes over the wire."""

import http.client
import json
import socket
import time


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)


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
