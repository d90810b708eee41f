"""People who log in, all at once, while PgBouncer lends four connections by the transaction."""

import json
import os
import pwd
import subprocess
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote

PEOPLE = 120
AT_ONCE = 8
PORTS = {"postgres": 54891, "pgbouncer": 54892}
SETTINGS = {
    "statement_timeout": "800ms",
    "lock_timeout": "600ms",
    "idle_in_transaction_session_timeout": "5s",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "synchronous_commit": "on",
}
POOLER = """
[databases]
phone_auth = host=127.0.0.1 port={postgres}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {pgbouncer}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = 4
max_prepared_statements = 200
logfile = {folder}/pgbouncer.log
pidfile = {folder}/pgbouncer.pid
"""


def ask(base, method, path, body=None, token=None):
    """The status and the JSON of an answer."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(base + path, data, headers, method=method)
    for _ in range(20):
        status, text = send(request)
        if status != 503:
            break
        # Put off, by a machine that is busy with something else.
        time.sleep(0.5)
    return status, json.loads(text or b"null")


def send(request):
    """The status and the bytes of one answer."""
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        return error.code, error.read()


def expect(status, answer):
    """The JSON of an answer that has to have this status."""
    assert answer[0] == status, f"{answer[0]} and not {status}: {answer[1]}"
    return answer[1]


def live(person, instances):
    """One person's first day: what one instance begins the other goes on with."""
    one, other = instances[person % 2], instances[(person + 1) % 2]
    phone = f"+7999{person:07d}"
    asked = expect(200, ask(one, "POST", "/api/v1/auth/phone", {"phone": phone}))
    code = expect(200, ask(one, "GET", f"/dev/inbox?phone={quote(phone)}"))["messages"][0]["code"]
    wrong = f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"
    given = {"challenge_token": asked["challenge_token"]}
    refused = expect(401, ask(other, "POST", "/api/v1/auth/verify", given | {"code": wrong}))
    assert refused["attempts_left"] == 2, refused
    login = expect(200, ask(other, "POST", "/api/v1/auth/verify", given | {"code": code}))
    expect(401, ask(one, "POST", "/api/v1/auth/verify", given | {"code": code}))
    expect(200, ask(one, "PATCH", "/api/v1/profile", {"first_name": f"P{person}"}, login["access_token"]))
    pair = expect(200, ask(one, "POST", "/api/v1/auth/refresh", {"refresh_token": login["refresh_token"]}))
    profile = expect(200, ask(other, "GET", "/api/v1/profile", None, pair["access_token"]))
    assert profile["first_name"] == f"P{person}", profile
    return profile["invite_code"], pair["access_token"]


def invite(inviter, invited, instances):
    """`invited` activates the code of `inviter`, and again: it counts once."""
    code = {"invite_code": inviter[0]}
    expect(200, ask(instances[0], "POST", "/api/v1/referral/activate", code, invited[1]))
    expect(200, ask(instances[1], "POST", "/api/v1/referral/activate", code, invited[1]))


class Deployment:
    """PostgreSQL, PgBouncer and two instances, in a folder that goes with them."""

    def __init__(self, folder):
        self.folder, self.processes = folder, []
        # PostgreSQL runs as nobody in particular, but not as root.
        self.user = pwd.getpwnam("postgres").pw_name if os.geteuid() == 0 else None
        folder.chmod(0o777)

    def start(self, *command, environment=None):
        """Starts a program and gives it; what it says goes to a file."""
        said = open(self.folder / f"{len(self.processes)}.log", "wb")
        user = None if environment else self.user
        process = subprocess.Popen(command, stdout=said, stderr=said, env=environment, user=user)
        self.processes.append(process)
        return process, Path(said.name)

    def sql(self, *statements, database="postgres", port=PORTS["postgres"]):
        """Carries statements out as the superuser; gives what they print."""
        command = ["psql", "-h", "127.0.0.1", "-p", str(port), "-U", "admin", "-d", database, "-AtqX"]
        command += [part for statement in statements for part in ("-c", statement)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def postgres(self):
        """A PostgreSQL with the role and the database of the service."""
        binaries = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        data = self.folder / "postgres"
        initdb = [binaries / "initdb", "-D", data, "-U", "admin", "-A", "trust"]
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, user=self.user)
        self.start(binaries / "postgres", "-D", data, "-p", str(PORTS["postgres"]), "-k", "", "-h", "127.0.0.1")
        until("PostgreSQL", lambda: self.sql("SELECT 1"))
        self.sql("CREATE ROLE phone_auth LOGIN", "CREATE DATABASE phone_auth OWNER phone_auth")
        for name, value in SETTINGS.items():
            self.sql(f"ALTER ROLE phone_auth SET {name} = '{value}'")

    def pgbouncer(self):
        """The pooler in front of it."""
        configuration = self.folder / "pgbouncer.ini"
        configuration.write_text(POOLER.format(folder=self.folder, **PORTS))
        (self.folder / "users.txt").write_text('"phone_auth" ""\n')
        self.start(os.environ["PGBOUNCER"], configuration)

    def instance(self, port, **settings):
        """The service with the database at `port`, and where it answers."""
        listening = 54900 + len(self.processes)
        environment = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")} | {
            "DATABASE_URL": f"postgres://phone_auth@127.0.0.1:{port}/phone_auth",
            "ROOT_SECRET": "a root secret that two instances share",
            "PUBLIC_URL": "http://localhost:8080",
            "LISTEN_ADDR": f"127.0.0.1:{listening}",
            "ADMIN_LISTEN_ADDR": "127.0.0.1:0",
            "SEND_LIMITS": "off",
            "SMS_SIMULATED_DELAY_MS": "0",
            "DRAIN_SECONDS": "0",
        } | settings
        process, said = self.start("target/debug/phone-auth", environment=environment)
        until("an instance", lambda: "Stop with Ctrl-C." in said.read_text() or process.poll() is not None)
        return process, f"http://127.0.0.1:{listening}"

    def stop(self):
        """Ends everything, the last first."""
        for process in reversed(self.processes):
            process.terminate()
            process.wait(30)


def until(what, done):
    """What `done` gives once it is something; an error counts as nothing."""
    for _ in range(600):
        try:
            if result := done():
                return result
        except (subprocess.CalledProcessError, OSError):
            pass
        time.sleep(0.1)
    sys.exit(f"{what} did not come up")


def main():
    with tempfile.TemporaryDirectory() as folder:
        deployment = Deployment(Path(folder))
        try:
            deployment.postgres()
            deployment.pgbouncer()
            # The tables are made by whoever reaches PostgreSQL itself.
            process, _ = deployment.instance(PORTS["postgres"])
            process.terminate()
            process.wait(30)
            pooled = {"DATABASE_POOL_MODE": "transaction"}
            instances = [deployment.instance(PORTS["pgbouncer"], **pooled)[1] for _ in range(2)]
            with ThreadPoolExecutor(AT_ONCE) as threads:
                people = list(threads.map(lambda person: live(person, instances), range(PEOPLE)))
                pairs = zip(people, people[1:])
                list(threads.map(lambda pair: invite(*pair, instances), pairs))
            counts = deployment.sql("SELECT count(*) FROM users", "SELECT count(*) FROM referrals", database="phone_auth")
            assert counts.split() == [str(PEOPLE), str(PEOPLE - 1)], counts
            lent = deployment.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'phone_auth'")
            # Four, and one that holds the lead over the purge while it is under way.
            assert int(lent) <= 5, lent
            print(f"{PEOPLE} people lived their first day on {lent.strip()} connections\n{PEOPLE} passed, 0 failed")
        except BaseException:
            for log in sorted(deployment.folder.glob("*.log")):
                print(f"--- {log.name}\n{log.read_text()[-3000:]}", file=sys.stderr)
            raise
        finally:
            deployment.stop()


main()
