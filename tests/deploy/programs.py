"""What is started and stopped: a database, three instances on it, nginx in front."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote

import wire
from report import wait_until

TOP = Path(__file__).resolve().parents[2]
BINARY = TOP / "target/debug/phone-auth"
SETTING = re.compile(r"\[env: ([A-Z_]+)\]")
ROOT_SECRET = "of-these-tests-alone-and-long-enough"


def settings():
    """The names of all settings."""
    listed = subprocess.run([BINARY, "--help"], capture_output=True, text=True, check=True).stdout
    return {*SETTING.findall(listed)}


@contextlib.contextmanager
def folder():
    """PostgreSQL runs as another user when we are root, so the folder has to let it through, and the path of its
    socket has to be short."""
    path = Path(tempfile.mkdtemp(prefix="phone-auth-"))
    path.chmod(0o711)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


class Program:
    """One process; what it says goes to files named after it."""

    def __init__(self, at, name, command, env=None):
        self.out, self.err = at / f"{name}.out", at / f"{name}.err"
        self.name = name
        with self.out.open("w") as out, self.err.open("w") as err:
            self.process = subprocess.Popen([str(word) for word in command], stdout=out, stderr=err, env=env, cwd=at)

    def wait_for(self, what, condition):
        def look():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended: {self.err.read_text()}")
            return condition()

        return wait_until(what, 60, look)

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


class Instance(Program):
    """phone-auth at a port of its own, which it keeps when it is started again."""

    def __init__(self, at, name, port=0, **given):
        ours = settings() | {"DATABASE_URL", "ROOT_SECRET"}
        env = {
            **{key: value for key, value in os.environ.items() if key not in ours},
            "LISTEN_ADDR": f"127.0.0.1:{port}",
            "ADMIN_LISTEN_ADDR": "127.0.0.1:0",
            "DATA_DIR": str(at / name),
            "ROOT_SECRET": ROOT_SECRET,
            "SMS_SIMULATED_DELAY_MS": "0",
            # The proxy, and nobody who calls it from this machine.
            "TRUSTED_PROXIES": "127.0.0.1",
            **given,
        }
        super().__init__(at, name, [BINARY], env)
        self.given = given
        self.at = at

    def ready(self):
        """Until it has told where it is, or listens where it was told to."""
        wait = re.compile(r"Metrics +http://127.0.0.1:(\d+)/")
        self.metrics_port = int(self.wait_for(f"{self.name} is ready", lambda: wait.search(self.out.read_text()))[1])
        return self

    def code(self, phone):
        """What the simulated sender of this instance sent last; None: nothing."""
        answer = wire.ask(self.port, "GET", f"/dev/inbox?phone={quote(phone)}")
        messages = answer.json()["messages"]
        return messages[0]["code"] if messages else None


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Cluster:
    """Three instances on the database of a fourth, which nobody calls."""

    def __init__(self, at):
        self.at = at
        self.database = Instance(at, "db").ready()
        host = quote(str(next((at / "db").rglob(".s.PGSQL.5432")).parent), safe="")
        self.url = f"postgres:///phone_auth?host={host}&user=phone_auth"
        self.public_url = None
        self.instances = []

    def start(self, public_url):
        self.public_url = public_url
        self.instances = [self.one(number, free_port()) for number in (1, 2, 3)]
        for instance in self.instances:
            instance.ready()

    def one(self, number, port):
        given = {"DATABASE_URL": self.url, "PUBLIC_URL": self.public_url}
        instance = Instance(self.at, f"instance-{number}", port, **given)
        instance.port = port
        instance.number = number
        return instance

    def again(self, instance):
        """The same at the same port, as a supervisor would start it."""
        new = self.one(instance.number, instance.port).ready()
        self.instances[self.instances.index(instance)] = new
        return new

    def end(self):
        for program in (*self.instances, self.database):
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.process.poll() is None and program.end()

    def login(self, port, phone, source="127.0.0.1"):
        """Through whatever answers at `port`."""
        answer = wire.post(port, "/api/v1/auth/phone", {"phone": phone}, source=source)
        assert answer.status == 200, f"{answer.status} {answer.body}"
        codes = [code for code in (each.code(phone) for each in self.instances if each.process.poll() is None) if code]
        body = {"challenge_token": answer.json()["challenge_token"], "code": codes[0]}
        answer = wire.post(port, "/api/v1/auth/verify", body, source=source)
        assert answer.status == 200, f"{answer.status} {answer.body}"
        return answer.json()


class Nginx(Program):
    """The files of deploy/nginx as compose.yaml lays them, with other ports, and `upstreams` for the name of the
    instances. Nothing else is changed."""

    def __init__(self, at, name, upstreams, server="plain", certificate=None):
        self.port, self.tls_port = free_port(), free_port()
        self.folder = at / name
        ours = self.folder / "phone-auth"
        ours.mkdir(parents=True)
        for source in (TOP / "deploy/nginx").glob("*.conf"):
            shutil.copy(source, ours)
        main = (ours / "nginx.conf").read_text()
        main = changed(main, " /tmp/", f" {self.folder}/")
        (self.folder / "nginx.conf").write_text(("user root;\n" if os.geteuid() == 0 else "") + main)
        line = re.compile(r"server instances:8080 (.*);")
        text = (ours / "upstream.conf").read_text()
        assert line.search(text)
        servers = "\n    ".join(f"server 127.0.0.1:{port} \\1;" for port in upstreams)
        (ours / "upstream.conf").write_text(line.sub(servers, text))
        text = changed((ours / f"{server}.conf").read_text(), "listen 8080", f"listen 127.0.0.1:{self.port}")
        if certificate:
            text = changed(text, "listen 8443", f"listen 127.0.0.1:{self.tls_port}")
            text = changed(text, "/etc/nginx/tls", str(certificate))
        (self.folder / "server.conf").write_text(text)
        command = ["nginx", "-p", self.folder, "-c", self.folder / "nginx.conf", "-e", self.folder / "error.log"]
        super().__init__(at, f"{name}-program", [*command, "-g", "daemon off;"])
        self.wait_for("nginx listens", lambda: is_listening(self.port))


def changed(text, old, new):
    assert old in text, f"{old} is not there"
    return text.replace(old, new)


def is_listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
