"""Instances that are stopped, killed and started again, and nginx with none."""

import signal
import subprocess
import threading
import time
from pathlib import Path

import wire
from programs import TOP, folder
from report import equal, wait_until
from wire import PHONES, ask, bearer, problem


class Load:
    """Reads, and codes asked for, one after the other from several threads, until it is told to stop."""

    def __init__(self, front, login):
        self.front, self.login = front, login
        self.failed, self.done = [], {"GET": 0, "POST": 0}
        self.stopping = False
        self.threads = [threading.Thread(target=self.run, args=(number,)) for number in range(4)]

    def run(self, number):
        source = f"127.{20 + number}.0.1"
        connection = wire.http.client.HTTPConnection(
            "127.0.0.1", self.front.port, timeout=40, source_address=(source, 0)
        )
        method, path, body = (
            ("GET", "/api/v1/profile", None),
            ("POST", "/api/v1/auth/refresh", b'{"refresh_token":"x"}'),
        )[number % 2]
        expected = {"GET": 200, "POST": 401}[method]
        headers = [bearer(self.login), ("Content-Type", "application/json")]
        while not self.stopping:
            try:
                answer = ask(self.front.port, method, path, headers, body, connection=connection)
                if answer.status != expected:
                    self.failed.append((method, answer.status, answer.body[:200]))
            except Exception as error:
                connection.close()
                self.failed.append((method, type(error).__name__, str(error)))
            self.done[method] += 1
            time.sleep(0.015)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        time.sleep(1)
        return self

    def __exit__(self, *_):
        time.sleep(1)
        self.stopping = True
        for thread in self.threads:
            thread.join()


def check_deaths(report, cluster, front):
    report.part("Instances that go")
    login = cluster.login(front.port, next(PHONES), source="127.10.1.1")

    with report.check("one is stopped: no request fails"):
        with Load(front, login) as load:
            equal(cluster.instances[0].end(), 0)
        assert min(load.done.values()) > 50, load.done
        equal(load.failed, [])
    with report.check("it comes back: no request fails"):
        with Load(front, login) as load:
            cluster.again(cluster.instances[0])
            time.sleep(2)
        equal(load.failed, [])
    with report.check("one is killed: no read fails, and of the rest what it had begun at most"):
        with Load(front, login) as load:
            cluster.instances[1].end(signal.SIGKILL)
        equal([failure for failure in load.failed if failure[0] == "GET"], [])
        assert len(load.failed) <= 2 and all(failure[1] == 503 for failure in load.failed), load.failed
    with report.check("one is stopped while another is away: the same"):
        with Load(front, login) as load:
            equal(cluster.instances[2].end(), 0)
        equal(load.failed, [])
    with report.check("each comes back, and is asked again"):
        for instance in [each for each in cluster.instances if each.process.poll() is not None]:
            cluster.again(instance)
        for _ in range(20):
            equal(ask(front.port, "GET", "/health/ready").status, 200)
            time.sleep(0.05)


def check_away(report, cluster, front):
    report.part("No instance")
    for instance in cluster.instances:
        instance.end()
    for method in ("GET", "POST", "PATCH", "DELETE"):
        with report.check(f"{method}: 503 with Retry-After, as a problem"):
            answer = ask(front.port, method, "/api/v1/profile", [("X-Request-Id", "of-the-client")], b"{}")
            told = problem(answer, 503, "service-unavailable")
            equal((told["retry_after"], answer.headers["Retry-After"]), (2, "2"))
            equal((told["trace_id"], answer.headers["X-Request-Id"]), ("of-the-client", "of-the-client"))
    with report.check("a request id that looks like a telephone number is not repeated"):
        answer = ask(front.port, "GET", "/api/v1/profile", [("X-Request-Id", "79991234567")])
        problem(answer, 503, "service-unavailable")
        assert "79991234567" not in f"{answer.headers}{answer.body}", answer.body
    with report.check("what nginx wrote down has nobody's address, and nothing that was asked for"):
        written = front.err.read_text() + (front.folder / "error.log").read_text()
        for word in ("client:", "request:", "/api/"):
            assert word not in written, written[-1000:]
    with report.check("one comes back: it is asked within three seconds"):
        cluster.again(cluster.instances[0])
        wait_until("an answer", 5, lambda: ask(front.port, "GET", "/health/ready").status == 200)


def check_machine(report):
    """Inside of Debian's own nginx.conf."""
    name = "on one machine: the configuration of docs/DEPLOY.md is one that nginx takes"
    with report.check(name), folder() as at:
        ours = at / "phone-auth"
        ours.mkdir()
        for source in (TOP / "deploy/nginx").glob("*.conf"):
            (ours / source.name).write_text(source.read_text())
        subprocess.run(
            [
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
                "-keyout",
                at / "privkey.pem",
                "-out",
                at / "fullchain.pem",
            ],
            check=True,
            capture_output=True,
        )
        site = (ours / "machine.conf").read_text().replace("/etc/letsencrypt/live/auth.example.com", str(at))
        site = site.replace("/var/log/nginx", str(at))
        (at / "conf.d").mkdir()
        (at / "conf.d/phone-auth.conf").write_text(site)
        main = Path("/etc/nginx/nginx.conf").read_text()
        (at / "mime.types").write_text("types { text/html html; }")
        main = main.replace("include /etc/nginx/modules-enabled/*.conf;", "").replace(
            "include /etc/nginx/sites-enabled/*;", ""
        )
        main = (
            main.replace("/etc/nginx/", f"{at}/")
            .replace("/run/nginx.pid", f"{at}/nginx.pid")
            .replace("/var/log/nginx", str(at))
        )
        (at / "nginx.conf").write_text(main)
        done = subprocess.run(
            ["nginx", "-t", "-p", at, "-c", at / "nginx.conf", "-e", at / "error.log"], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
