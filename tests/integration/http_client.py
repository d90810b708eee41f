"""HTTP as it goes over the wire: nothing is followed, nothing is tidied up."""

import http.client
from urllib.parse import urlsplit

from answer import Answer


def ask(method, url, headers=(), body=None):
    """`headers` are pairs, so that a name can come twice and be spelled in any way."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    try:
        connection.putrequest(method, parts.path + (f"?{parts.query}" if parts.query else ""))
        for name, value in headers:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        return Answer(connection.getresponse())
    finally:
        connection.close()


def get(url, *headers):
    return ask("GET", url, headers)


def bearer(token):
    return ("Authorization", f"Bearer {token}")
