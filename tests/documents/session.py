"""A reader at a terminal: one shell, a copy of the tree, and a service of one's own."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = ROOT / "target/debug/phone-auth"
# The documents' words for what has another place here.
DATA = "/home/you/.local/share/phone-auth"
API, METRICS = "localhost:8080", "127.0.0.1:9090"
# A block that takes longer hangs.
PATIENCE = 150


class Failed(AssertionError):
    pass


class Session:
    """Blocks of one document are run in it in order, by one POSIX shell."""

    def __init__(self, settings):
        self.folder = Path(tempfile.mkdtemp(prefix="phone-auth-"))
        # PostgreSQL runs as another user when we are root, so the folder has to let it through.
        self.folder.chmod(0o711)
        self.tree, self.notes = self.folder / "phone-auth", self.folder / "notes"
        self.notes.mkdir()
        ignored = shutil.ignore_patterns(".git", "target", "node_modules")
        shutil.copytree(ROOT, self.tree, ignore=ignored, symlinks=True)
        shutil.copy(Path(__file__).parent / "stand-in-for-run", self.tree / "run")
        self.port, self.metrics_port = free_port(), free_port()
        # The blocks stay as they are: it is curl that is told where the addresses of the documents are.
        (self.folder / ".curlrc").write_text(
            f'connect-to = "{API}:127.0.0.1:{self.port}"\nconnect-to = "{METRICS}:127.0.0.1:{self.metrics_port}"\n'
        )
        (self.folder / "bin").mkdir()
        (self.folder / "bin/phone-auth").symlink_to(BINARY)
        self.count = 0
        # Nothing of who runs the suite: no setting, no file that a shell reads first, no proxy.
        foreign = {*settings, "ENV", "BASH_ENV", "XDG_DATA_HOME"}
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in foreign and not name.lower().endswith("_proxy")
        }
        environment.update(
            HOME=str(self.folder),
            CURL_HOME=str(self.folder),
            PATH=f"{self.folder}/bin:{environment['PATH']}",
            PHONE_AUTH=str(BINARY),
            STAND_IN=str(self.notes),
            # All that is not the default: where it listens and keeps its data.
            LISTEN_ADDR=f"127.0.0.1:{self.port}",
            ADMIN_LISTEN_ADDR=f"127.0.0.1:{self.metrics_port}",
            PUBLIC_URL=f"http://{API}",
            DATA_DIR=str(self.folder / "data"),
        )
        self.shell = subprocess.Popen(
            ["sh"], stdin=subprocess.PIPE, cwd=self.tree, env=environment, text=True, start_new_session=True
        )
        self.tell("set -eu")

    def tell(self, *lines):
        # A shell that ended reads nothing: that it did is seen by who waits for it.
        with contextlib.suppress(BrokenPipeError):
            self.shell.stdin.write("".join(f"{line}\n" for line in lines))
            self.shell.stdin.flush()

    def run(self, code):
        """What the block printed. Raises `Failed` when a command of it did, or left a variable empty."""
        self.count += 1
        place = self.notes / f"block-{self.count}"
        place.write_text(code)
        lines = [f". '{place}' </dev/null >'{place}.out' 2>'{place}.err'"]
        for name in re.findall(r"^(?:export )?(\w+)=\$\(", code, re.MULTILINE):
            lines.append(f'if [ -z "${name}" ]; then echo "{name} is empty" >>\'{place}.err\'; exit 99; fi')
        self.tell(*lines, f": >'{place}.done'")
        end = time.monotonic() + PATIENCE
        while not Path(f"{place}.done").exists():
            if self.has_ended():
                raise Failed(f"exit status {self.shell.returncode}\n{self.said(place)}")
            if time.monotonic() > end:
                raise Failed(f"not done in {PATIENCE} s\n{self.said(place)}")
            time.sleep(0.02)
        return self.as_documented(Path(f"{place}.out").read_text())

    def has_ended(self):
        return self.shell.poll() is not None

    def said(self, place):
        return "".join(Path(f"{place}.{kind}").read_text() for kind in ("out", "err") if Path(f"{place}.{kind}").exists())

    def as_documented(self, text):
        places = {str(self.folder / "data"): DATA, f"127.0.0.1:{self.metrics_port}": METRICS}
        for place, documented in places.items():
            text = text.replace(place, documented)
        return text

    def status_of(self, url):
        """What a page of the running service answers."""
        path = url.split(API, 1)[1] or "/"
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
            return answer.status

    def end(self):
        """Ends the service as its own reader would, then the shell. Raises `Failed` when it did not end well."""
        try:
            if (self.notes / "pid").exists():
                if not (self.notes / "ended").exists():
                    os.kill(int((self.notes / "pid").read_text()), signal.SIGTERM)
                end = time.monotonic() + 60
                while not (self.notes / "ended").exists():
                    if time.monotonic() > end:
                        raise Failed("the service did not stop")
                    time.sleep(0.05)
                status = (self.notes / "ended").read_text().strip()
                if status != "0":
                    raise Failed(f"the service ended with {status}\n{(self.notes / 'err').read_text()}")
        finally:
            with contextlib.suppress(BrokenPipeError):
                self.shell.stdin.close()
            if self.shell.poll() is None:
                try:
                    self.shell.wait(5)
                except subprocess.TimeoutExpired:
                    self.shell.kill()
            shutil.rmtree(self.folder, ignore_errors=True)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
