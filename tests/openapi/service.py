"""People of the service, and a look at what samples send to it."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

import httpx

NUMBERS = count(79_990_010_000)
# Any will do.
PICTURE = Path(__file__).resolve().parents[2] / "docs/images/sign-in-1280.png"


class Person:
    """Somebody with a number of their own, logged in."""

    def __init__(self, url):
        self.client = httpx.Client(base_url=url, timeout=60)
        self.digits = str(next(NUMBERS))
        challenge = self.ask("POST", "/api/v1/auth/phone", json={"phone": f"+{self.digits}"}).json()
        body = {"challenge_token": challenge["challenge_token"], "code": self.code(self.digits)}
        self.login = self.ask("POST", "/api/v1/auth/verify", json=body).json()
        self.client.headers["Authorization"] = f"Bearer {self.login['access_token']}"

    def ask(self, method, path, **options):
        return self.client.request(method, path, **options).raise_for_status()

    def code(self, digits):
        messages = self.ask("GET", "/dev/inbox", params={"phone": f"+{digits}"}).json()["messages"]
        return messages[0]["code"]

    def set_avatar(self):
        """Gives the address of the picture."""
        headers = {"Content-Type": "image/png"}
        profile = self.ask("PUT", "/api/v1/profile/avatar", content=PICTURE.read_bytes(), headers=headers).json()
        return profile["avatar_url"]


class Witness:
    """Passes on what it is asked to the service, and remembers what that was and how it was answered."""

    def __init__(self, url):
        self.seen = seen = []
        client = httpx.Client(base_url=url, timeout=60)

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def pass_on(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                kept = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
                answer = client.request(self.command, self.path, headers=kept, content=body)
                seen.append((self.command, self.path, "Authorization" in self.headers, answer.status_code))
                self.send_response(answer.status_code)
                self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
                if answer.status_code != 204:
                    self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self):
        """What was asked since the last time."""
        taken = self.seen[:]
        self.seen.clear()
        return taken
