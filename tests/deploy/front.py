"""nginx with the configuration of deploy/nginx, in front of three instances on one database."""

import contextlib
import gzip
import os
import re
import signal
import ssl
import subprocess
import threading

import wire
from going import check_away, check_deaths, check_machine
from programs import Cluster, Nginx, folder, free_port
from report import equal, wait_until
from toys import Toy, hangs_up, says_what_it_was_sent
from wire import PHONES, SECURITY, ask, bearer, post, problem, until_closed


def check(report, _venv):
    with folder() as at:
        cluster = Cluster(at)
        started = []

        def nginx(name, upstreams, **options):
            started.append(Nginx(at, name, upstreams, **options))
            return started[-1]

        try:
            # nginx first, for the instances are told its address.
            front = None
            report.part("Three instances behind nginx")
            cluster.start("http://auth.test")
            ports = [instance.port for instance in cluster.instances]
            front = nginx("front", ports)
            check_login(report, cluster, front)
            check_address(report, cluster, front)
            check_answers(report, front)
            check_slow(report, front)
            check_toys(report, nginx)
            check_tls(report, at, nginx, ports)
            check_deaths(report, cluster, front)
            check_away(report, cluster, front)
            check_machine(report)
        finally:
            for program in started:
                with contextlib.suppress(Exception):
                    program.end()
            cluster.end()


# What looks like a telephone number or an address, and so is no name of a request.
PERSONAL = ("79991234567", "9991234", "7-999-123-45-67", "tel:79991234567", "user-7999.123.4567", "192.168.10.20")


def check_login(report, cluster, front):
    with report.check("a login, and a profile that every instance knows"):
        login = cluster.login(front.port, next(PHONES))
        for _ in range(6):
            answer = ask(front.port, "GET", "/api/v1/profile", [bearer(login)])
            equal((answer.status, answer.json()["id"]), (200, login["user"]["id"]))
    with report.check("every instance has its share"):
        phones = [next(PHONES) for _ in range(6)]
        for number, phone in enumerate(phones):
            equal(post(front.port, "/api/v1/auth/phone", {"phone": phone}, source=f"127.9.0.{number + 1}").status, 200)
        for instance in cluster.instances:
            equal(sum(instance.code(phone) is not None for phone in phones), 2)


def check_address(report, cluster, front):
    report.part("Who the client is")

    def send(source, *headers):
        return post(front.port, "/api/v1/auth/phone", {"phone": next(PHONES)}, headers, source=source)

    with report.check("the limits of an address count the client's, not nginx's"):
        equal([send("127.1.1.1").status for _ in range(6)], [200] * 5 + [429])
        equal(send("127.1.1.2").status, 200)
    with report.check("a forged address gives no new limit"):
        for name in ("X-Forwarded-For", "x-forwarded-for", "X-Real-IP", "Forwarded"):
            for value in ("203.0.113.7", "127.0.0.1", "for=203.0.113.7", "203.0.113.7, 127.0.0.1"):
                equal(send("127.1.1.1", (name, value)).status, 429)
        equal(send("127.1.1.1", ("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-For", "203.0.113.8")).status, 429)
    with report.check("nor does it use up a stranger's"):
        for _ in range(8):
            send("127.1.1.1", ("X-Forwarded-For", "127.3.3.3"))
        equal(send("127.3.3.3").status, 200)
    with report.check("the audit line of a login has the network of the client"):
        cluster.login(front.port, next(PHONES), source="127.4.4.4")
        lines = "".join(instance.err.read_text() + instance.out.read_text() for instance in cluster.instances)
        assert "127.4.4.0/24" in lines, "no line with 127.4.4.0/24"


def check_answers(report, front):
    report.part("What passes, and as what")
    with report.check("a body that is too large: 413 as a problem, told before it is sent"):
        big = [("Content-Type", "image/png"), ("Content-Length", str(3 << 20))]
        problem(ask(front.port, "PUT", "/api/v1/profile/avatar", big), 413, "payload-too-large")
        problem(
            ask(front.port, "POST", "/api/v1/auth/phone", [("Content-Type", "application/json")], b"x" * 20_000),
            413,
            "payload-too-large",
        )
    with report.check("what nginx says does not repeat a request id that looks like a telephone number"):
        for given in PERSONAL:
            answer = ask(front.port, "PUT", "/api/v1/profile/avatar", [*big, ("X-Request-Id", given)])
            told = problem(answer, 413, "payload-too-large")
            equal(answer.headers["X-Request-Id"], told["trace_id"])
            assert re.match(r"^[0-9a-f]{32}$", told["trace_id"]), told
            assert given not in f"{answer.headers}{answer.body}", answer.body
    with report.check("an address that is too long, and TRACE, get a page of nginx that repeats nothing"):
        for method, path, status in (("GET", f"/i/{'SOMEBODY' * 5000}", 414), ("TRACE", "/i/SOMEBODY", 405)):
            answer = ask(front.port, method, path)
            equal((answer.status, answer.headers.get_content_type()), (status, "text/html"))
            assert b"SOMEBODY" not in answer.body, answer.body
    with report.check("a picture without a token: the service's own 401, though it did not read it"):
        for size in (100_000, 1 << 20, 2 << 20):
            for _ in range(5):
                answer = ask(front.port, "PUT", "/api/v1/profile/avatar", [("Content-Type", "image/png")], b"x" * size)
                equal((answer.status, answer.json()["code"]), (401, "unauthenticated"))
    with report.check("the metrics are not to be had"):
        for path in ("/metrics", "/metrics/", "//metrics", "/%6detrics", "/x/../metrics", "/metrics?x=y"):
            equal((path, ask(front.port, "GET", path).status), (path, 404))
        problem(ask(front.port, "GET", "/metrics"), 404, "not-found")
    with report.check("security headers arrive, once each"):
        for path in ("/", "/health/ready", "/api/v1/profile", "/ui/app.js"):
            answer = ask(front.port, "GET", path)
            for name in SECURITY:
                equal((path, name, len(answer.headers.get_all(name, []))), (path, name, 1))
    with report.check("nothing says which nginx it is"):
        equal(ask(front.port, "GET", "/").headers.get_all("Server"), ["nginx"])
    with report.check("what the service compressed is compressed once, and nothing else is"):
        plain = ask(front.port, "GET", "/ui/app.js")
        small = ask(front.port, "GET", "/ui/app.js", [("Accept-Encoding", "gzip, br")])
        equal((plain.headers["Content-Encoding"], small.headers.get_all("Content-Encoding")), (None, ["gzip"]))
        equal(gzip.decompress(small.body), plain.body)
        answer = ask(front.port, "GET", "/api/v1/nothing", [("Accept-Encoding", "gzip")])
        equal((answer.status, answer.headers["Content-Encoding"]), (404, None))
    with report.check("there are no WebSockets"):
        upgrade = [
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "x"),
        ]
        equal(ask(front.port, "GET", "/health/live", upgrade).status, 200)
    with report.check("an address with a rush of requests: 429 as a problem, and nobody else is kept waiting"):
        refused = None
        connection = wire.http.client.HTTPConnection(
            "127.0.0.1", front.port, timeout=40, source_address=("127.5.5.5", 0)
        )
        for _ in range(5000):
            answer = ask(front.port, "GET", "/health/live", connection=connection)
            if answer.status != 200:
                refused = answer
                break
        assert refused, "never refused"
        equal((problem(refused, 429, "too-many-requests")["retry_after"], refused.headers["Retry-After"]), (2, "2"))
        equal(ask(front.port, "GET", "/health/live").status, 200)


def check_slow(report, front):
    report.part("Slow clients")
    head = (
        b"POST /api/v1/auth/phone HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    )
    ways = {
        "a header that stops": ([b"GET / HTTP/1.1\r\nHost:"], 4, 12),
        "a header that drips": ([b"GET / HTTP/1.1\r\nX: "] + [b"x"] * 60, 4, 12),
        "a body that stops": ([head + b"{"], 8, 20),
        "a body that drips": ([head] + [b"x"] * 60, 8, 20),
        "a client that says nothing": ([], 4, 40),
    }
    results = {}

    def run(name, pieces, limit):
        try:
            results[name] = until_closed(front.port, pieces, 0.5, limit + 20, source=f"127.6.{len(name)}.1")
        except Exception as error:
            results[name] = error

    threads = [threading.Thread(target=run, args=(name, pieces, most)) for name, (pieces, _, most) in ways.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, (_, least, most) in ways.items():
        with report.check(f"{name} is cut"):
            if isinstance(results[name], Exception):
                raise results[name]
            seconds, said = results[name]
            assert least <= seconds <= most, f"after {seconds:.1f} s, having said {said[:300]}"


def check_toys(report, nginx):
    report.part("What is sent twice, and what not")
    toys = [Toy(hangs_up) for _ in range(3)]
    for method, expected in (("GET", 3), ("HEAD", 3), ("POST", 1), ("PATCH", 1)):
        with report.check(f"{method} reaches {expected} of three instances that hang up"):
            front = nginx(f"toys-{method}", [toy.port for toy in toys])
            before = sum(len(toy.seen) for toy in toys)
            # A body that was passed on is gone, so no request with one is sent twice, whatever its method.
            body = None if method in ("GET", "HEAD") else b"{}"
            answer = ask(front.port, method, "/api/v1/profile", [("Content-Type", "application/json")], body)
            equal(answer.status, 503)
            equal(sum(len(toy.seen) for toy in toys) - before, expected)
    with report.check("a POST goes to the next when an instance cannot be reached, for nothing was sent"):
        there = []
        there.append(Toy(says_what_it_was_sent(there)))
        front = nginx("unreachable", [free_port(), there[0].port])
        for _ in range(6):
            equal(ask(front.port, "POST", "/x", (), b"{}").status, 200)
        equal(len(there[0].seen), 6)
    with report.check(
        "the instance is told the address, a request id and the name that was asked for, and nothing forged"
    ):
        front = nginx("echo", [there[0].port])
        forged = [
            ("X-Forwarded-For", "1.2.3.4"),
            ("X-Real-IP", "1.2.3.4"),
            ("Forwarded", "for=1.2.3.4"),
            ("X-Request-Id", "mine-1"),
            ("Upgrade", "x"),
        ]
        told = ask(front.port, "GET", "/a?b=c", forged, source="127.7.7.7").body.decode().lower()
        for line in (
            "get /a?b=c http/1.1",
            "x-forwarded-for: 127.7.7.7",
            "x-request-id: mine-1",
            f"host: 127.0.0.1:{front.port}",
        ):
            equal((line, told.count(f"{line}\r\n")), (line, 1))
        assert "1.2.3.4" not in told and "upgrade" not in told and "x-real-ip" not in told, told
    with report.check("an instance that had metrics to show would not be asked for them"):
        for path in ("/metrics", "//metrics", "/%6detrics"):
            told = ask(front.port, "GET", path).body.decode()
            equal((path, told.split("\r\n")[0]), (path, "GET /not-for-the-world HTTP/1.1"))
    with report.check("a request id of the service's own form is passed on"):
        for good in ("a", "7", "01a20e84-c540-7f02-8c6d-93b1e4a7d510", "Root:1-67.a_b~", "4bf92f3577b34da6", "a" * 128):
            told = ask(front.port, "GET", "/", [("X-Request-Id", good)]).body.decode().lower()
            assert f"x-request-id: {good.lower()}\r\n" in told, told
    with report.check("a request id that no log should hold is replaced"):
        for bad in ("x" * 129, "a b", 'a"b', "a;b", *PERSONAL):
            told = ask(front.port, "GET", "/", [("X-Request-Id", bad)]).body.decode().lower()
            (line,) = [line for line in told.split("\r\n") if line.startswith("x-request-id: ")]
            equal(len(line), len("x-request-id: ") + 32)


def check_tls(report, at, nginx, ports):
    report.part("TLS, with a certificate of its own")
    keys = at / "tls"
    keys.mkdir()

    def certify():
        subprocess.run(
            [
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=DNS:localhost",
                "-keyout",
                keys / "key.pem",
                "-out",
                keys / "certificate.pem",
            ],
            check=True,
            capture_output=True,
        )

    certify()
    front = nginx("tls", ports, server="tls", certificate=keys)

    def curl(*arguments):
        command = [
            "curl",
            "--silent",
            "--show-error",
            "--max-time",
            "20",
            "--cacert",
            keys / "certificate.pem",
            "--noproxy",
            "*",
            "--resolve",
            f"localhost:{front.tls_port}:127.0.0.1",
            *arguments,
        ]
        return subprocess.run(command, capture_output=True, text=True)

    url = f"https://localhost:{front.tls_port}"
    with report.check("HTTP/2 over TLS, with the service's headers"):
        told = curl("--http2", "--include", f"{url}/health/ready")
        equal(told.stdout.split("\n")[0].strip(), "HTTP/2 200")
        assert "x-content-type-options: nosniff" in told.stdout.lower(), told.stdout
    with report.check("HTTP/1.1 for who has no other"):
        equal(curl("--http1.1", "--include", f"{url}/health/ready").stdout.split("\n")[0].strip(), "HTTP/1.1 200 OK")
    with report.check("a POST over HTTP/2"):
        told = curl(
            "--http2", "--json", '{"phone": "+79998887766"}', "--interface", "127.8.8.8", f"{url}/api/v1/auth/phone"
        )
        assert "challenge_token" in told.stdout, told
    with report.check("a body that is too large, over HTTP/2"):
        (at / "big").write_bytes(b"x" * (3 << 20))
        told = curl(
            "--http2", "--include", "-X", "PUT", "--data-binary", f"@{at / 'big'}", f"{url}/api/v1/profile/avatar"
        )
        assert told.stdout.startswith("HTTP/2 413") and "payload-too-large" in told.stdout, told
    with report.check("TLS 1.3 and 1.2, and nothing older"):
        environment = {**os.environ, "OPENSSL_CONF": "/dev/null"}
        for version, expected in (("tls1_3", True), ("tls1_2", True), ("tls1_1", False)):
            command = [
                "openssl",
                "s_client",
                "-connect",
                f"127.0.0.1:{front.tls_port}",
                f"-{version}",
                "-cipher",
                "ALL:@SECLEVEL=0",
                "-brief",
            ]
            done = subprocess.run(command, input="", capture_output=True, text=True, env=environment, timeout=30)
            equal((version, done.returncode == 0), (version, expected))
    with report.check("certbot's answer is found without TLS, and the key beside it is not"):
        (keys / "webroot/.well-known/acme-challenge").mkdir(parents=True)
        (keys / "webroot/.well-known/acme-challenge/token").write_text("answer")
        equal(ask(front.port, "GET", "/.well-known/acme-challenge/token").body, b"answer")
        for path in ("../key.pem", "../../../key.pem", "..%2f..%2f..%2fkey.pem", "nothing"):
            assert ask(front.port, "GET", f"/.well-known/acme-challenge/{path}").status in (308, 400, 404), path
    with report.check("a certificate that takes the place of another is served after a reload"):
        before = ssl.get_server_certificate(("127.0.0.1", front.tls_port))
        certify()
        front.process.send_signal(signal.SIGHUP)
        wait_until(
            "the new certificate", 10, lambda: ssl.get_server_certificate(("127.0.0.1", front.tls_port)) != before
        )
    with report.check("without TLS a page is told the way, and a program's POST is refused"):
        answer = ask(front.port, "GET", "/i/x?y=z")
        equal((answer.status, answer.headers["Location"]), (308, "https://127.0.0.1/i/x?y=z"))
        equal(ask(front.port, "POST", "/api/v1/auth/phone", (), b"{}").status, 403)
