"""What is started and stopped: phone-auth, nginx, the servers of the examples."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

from http_client import ask, get
from report import wait_until

TOP = Path(__file__).resolve().parents[2]
BINARY = TOP / "target/debug/phone-auth"
# Seconds after which a program hangs, also on a busy machine.
PATIENCE = 120
SETTINGS = re.compile(r"\[env: ([A-Z_]+)\]")


class Programs:
    """A folder, and every program that was started; on leaving they are stopped and the folder is gone."""

    def __enter__(self):
        # PostgreSQL runs as another user when we are root, so the folder has to let it through, and the path
        # of its socket has to be short.
        self.folder = Path(tempfile.mkdtemp(prefix="phone-auth-"))
        self.folder.chmod(0o711)
        self.running = []
        return self

    def __exit__(self, *_):
        for process in self.running:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self.running:
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, name, command, env=None, **options):
        """What the program says goes to files named after it."""
        with open(self.folder / f"{name}.out", "w") as out, open(self.folder / f"{name}.err", "w") as err:
            process = subprocess.Popen(
                [str(word) for word in command], stdout=out, stderr=err, env=env, cwd=self.folder, **options
            )
        process.name = name
        self.running.append(process)
        return process

    def said(self, name, to="out"):
        return (self.folder / f"{name}.{to}").read_text()

    def wait_for(self, process, what, condition):
        def look():
            if process.poll() is not None:
                raise RuntimeError(f"{process.name} ended: {self.said(process.name, 'err')}")
            return condition()

        return wait_until(what, PATIENCE, look)


def clean_environment():
    """Ours, without settings of the service: the checks bring their own."""
    listed = subprocess.run([BINARY, "--help"], capture_output=True, text=True, check=True).stdout
    settings = {*SETTINGS.findall(listed), "DATABASE_URL", "ROOT_SECRET"}
    return {name: value for name, value in os.environ.items() if name not in settings}


class PhoneAuth:
    """The service on a database of its own."""

    def __init__(self, programs, name, **settings):
        self.programs = programs
        self.name = name
        self.env = {
            **clean_environment(),
            "LISTEN_ADDR": "127.0.0.1:0",
            "ADMIN_LISTEN_ADDR": "127.0.0.1:0",
            "DATA_DIR": str(programs.folder / name.replace(" ", "-")),
            "SMS_SIMULATED_DELAY_MS": "0",
            "SEND_LIMITS": "off",
            **settings,
        }
        self.process = programs.start(name, [BINARY], env=self.env)
        self.phones = 0

    def wait(self):
        """Until it has told where it is."""
        told = re.compile(r"API +(http://\S+)/api/v1\n")
        found = self.programs.wait_for(
            self.process, f"{self.name} is ready", lambda: told.search(self.programs.said(self.name))
        )
        self.url = self.issuer = found[1]
        self.port = int(self.url.rsplit(":", 1)[1])
        self.jwks_url = f"{self.url}/.well-known/jwks.json"
        return self

    def login(self):
        """A new user: the answer of the verify step, and the challenge token beside it."""
        self.phones += 1
        phone = f"+7999{self.phones:07}"
        challenge = self.post("auth/phone", {"phone": phone})["challenge_token"]
        inbox = get(f"{self.url}/dev/inbox?phone={quote(phone)}").json()["messages"]
        login = self.post("auth/verify", {"challenge_token": challenge, "code": inbox[0]["code"]})
        return {**login, "challenge_token": challenge}

    def logout(self, login):
        headers = [("Authorization", f"Bearer {login['access_token']}")]
        assert ask("POST", f"{self.url}/api/v1/auth/logout", headers).status == 204

    def post(self, path, body):
        headers = [("Content-Type", "application/json")]
        answer = ask("POST", f"{self.url}/api/v1/{path}", headers, json.dumps(body).encode())
        assert answer.status == 200, f"{path}: {answer.status} {answer.body}"
        return answer.json()

    def keys(self, *arguments):
        """The command beside the running service."""
        command = [BINARY, "keys", *arguments]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, check=True, timeout=PATIENCE).stdout

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE)


class Upstream:
    """A toy behind the gateway, which tells what reached it."""

    def __enter__(self):
        seen = self.seen = []

        class Echo(BaseHTTPRequestHandler):
            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                seen.append(self.path)
                text = {"method": self.command, "headers": self.headers.items(), "body": body.decode("latin-1")}
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps(text).encode())

            do_GET = do_POST = do_OPTIONS = do_DELETE = answer

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def is_listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
