"""Instances that misbehave."""

import socket
import threading
import time


class Toy:
    """Reads a request and does with the connection what `then` does; counts what came."""

    def __init__(self, then):
        self.seen = []
        self.then = then
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection):
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = connection.recv(65536)
                if not piece:
                    return
                head += piece
            self.seen.append(head.decode("latin-1"))
            self.then(connection)


def hangs_up(_connection):
    """A crash in the middle of a request."""


def says_what_it_was_sent(toy):
    def answer(connection):
        body = toy[0].seen[-1].encode("latin-1")
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        time.sleep(0.1)

    return answer
