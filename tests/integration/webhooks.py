"""Webhooks: the official library verifies what a running service sends, and the receiver of docs/WEBHOOKS.md takes it."""

import base64
import datetime
import ipaddress
import os
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from standardwebhooks import Webhook, WebhookVerificationError

from document import example
from http_client import ask
from programs import PhoneAuth, free_port, is_listening
from report import equal, wait_until


def new_secret():
    return "whsec_" + base64.b64encode(os.urandom(32)).decode()


OLD, NEW, FOREIGN = new_secret(), new_secret(), new_secret()


class Endpoint:
    """Keeps what it is told, as it came; `statuses` are its next answers, then 204."""

    def __init__(self, certificate=None, statuses=()):
        received = self.received = []
        statuses = list(statuses)

        class Hooks(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received.append((body, dict(self.headers)))
                self.send_response(statuses.pop(0) if statuses else 204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Hooks)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.url = self.url.replace("http:", "https:")
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, number):
        """The messages, once there are so many."""
        wait_until(f"{number} messages", 60, lambda: len(self.received) >= number)
        return self.received

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def write_certificate(folder):
    """For 127.0.0.1, and its own authority; with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "an endpoint")])
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = builder.add_extension(names, False).add_extension(x509.BasicConstraints(True, None), True)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "endpoint.pem"
    path.write_bytes(private + builder.sign(key, hashes.SHA256()).public_bytes(pem))
    return path


def refuses(secret, body, headers):
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return
    raise AssertionError("it was taken for good")


def check_signatures(report, programs):
    report.part("Webhooks, verified by the official library")
    certificate = write_certificate(programs.folder)
    plain, secure = Endpoint(statuses=[500]), Endpoint(certificate)
    settings = {"WEBHOOK_ALLOW_PRIVATE": "true", "SSL_CERT_FILE": str(certificate)}
    one = PhoneAuth(programs, "one secret", WEBHOOK_URLS=plain.url, WEBHOOK_SECRETS=OLD, **settings)
    two = PhoneAuth(programs, "two secrets", WEBHOOK_URLS=secure.url, WEBHOOK_SECRETS=f"{NEW},{OLD}", **settings)
    first, second = one.wait().login(), two.wait().login()

    with report.check("a message signed under one secret is verified, and so is its repeat, which is the same"):
        messages = plain.wait(2)
        for body, headers in messages:
            event = Webhook(OLD).verify(body, headers)
            equal((event["type"], event["data"]), ("user.created", {"user_id": first["user"]["id"]}))
        (body, headers), (again, headers_again) = messages
        equal((body, headers["webhook-id"]), (again, headers_again["webhook-id"]))
    with report.check("under another secret it is refused"):
        refuses(NEW, *plain.received[0])
    with report.check("signed under two secrets it is verified by each alone, also over TLS"):
        body, headers = secure.wait(1)[0]
        for secret in (OLD, NEW):
            equal(Webhook(secret).verify(body, headers)["data"], {"user_id": second["user"]["id"]})
        refuses(FOREIGN, body, headers)
    for name, change in {
        "a changed body": lambda body, headers: (body.replace(b"created", b"deleted"), headers),
        "a body with a space more": lambda body, headers: (body + b" ", headers),
        "another webhook-id": lambda body, headers: (body, {**headers, "webhook-id": "01a1"}),
        "another webhook-timestamp": lambda body, headers: (
            body,
            {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)},
        ),
    }.items():
        with report.check(f"{name} is refused"):
            for secret in (OLD, NEW):
                refuses(secret, *change(*secure.received[0]))
    for program in (one, two):
        program.stop()
    for endpoint in (plain, secure):
        endpoint.stop()


def check_example(report, programs):
    report.part("The receiver of docs/WEBHOOKS.md")
    port = free_port()
    url = f"http://127.0.0.1:{port}/hooks"
    path = programs.folder / "receiver.py"
    path.write_text(example("python", {"3000": str(port)}, "WEBHOOKS.md"))
    process = programs.start("receiver", [sys.executable, path], env={**os.environ, "WEBHOOK_SECRET": NEW})
    programs.wait_for(process, "the receiver", lambda: is_listening(port))
    beside = Endpoint()
    service = PhoneAuth(
        programs,
        "told",
        WEBHOOK_URLS=f"{url},{beside.url}",
        WEBHOOK_SECRETS=f"{OLD},{NEW}",
        WEBHOOK_ALLOW_PRIVATE="true",
    ).wait()

    with report.check("it acts on what happened"):
        users = [service.login()["user"]["id"] for _ in range(3)]
        wait_until("three events", 60, lambda: programs.said("receiver").count("user.created") == 3)
        equal([user in programs.said("receiver") for user in users], [True] * 3)
    body, headers = beside.wait(3)[0]
    signed = {name: value for name, value in headers.items() if name.startswith("webhook-")}
    with report.check("on a repeat it does not act, and says that it has it"):
        equal(ask("POST", url, signed.items(), body).status, 204)
        equal(programs.said("receiver").count("user.created"), 3)
    with report.check("it refuses a changed body, and what is not signed"):
        equal(ask("POST", url, signed.items(), body.replace(b"created", b"deleted")).status, 401)
        equal(ask("POST", url, (), b"{}").status, 401)
        for signature in ("", "v1", "v1,", "v1,%", "v2,AAAA"):
            equal(ask("POST", url, {**signed, "webhook-signature": signature}.items(), body).status, 401)
        equal(ask("POST", url, signed.items(), b"\xff").status, 401)
        equal(programs.said("receiver").count("deleted"), 0)
    service.stop()
    beside.stop()
