"""A real nginx with the configuration of docs/INTEGRATION.md, in front of a toy."""

import json
import os
import re

import yaml

from document import blocks, example
from http_client import ask, bearer, get
from programs import free_port, is_listening
from report import equal
from tokens import claims_of, forgeries

# What Debian's nginx.conf has around /etc/nginx/conf.d/*.conf, with every file in one folder.
AROUND = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/api.conf;
}}
"""
FORGED = "01a1fe97-5486-7bcb-94cb-0a9b311b899e"


class Gateway:
    def __init__(self, programs, service, upstream):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.upstream = upstream
        folder = programs.folder / "nginx"
        folder.mkdir()
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user))
        addresses = {
            "listen 80;": f"listen 127.0.0.1:{self.port};",
            "127.0.0.1:8080": f"127.0.0.1:{service.port}",
            "127.0.0.1:3000": f"127.0.0.1:{upstream.port}",
            "https://auth.example.com": service.url,
        }
        (folder / "api.conf").write_text(example("nginx", addresses))
        command = ["nginx", "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "nginx-error.log"]
        process = programs.start("nginx-program", command)
        programs.wait_for(process, "nginx", lambda: is_listening(self.port))

    def passes(self, *headers, method="GET", body=None):
        """What reached the toy."""
        answer = ask(method, f"{self.url}/things?a=b", headers, body)
        assert answer.status == 200, f"{answer.status} {answer.body}"
        return answer.json()

    def refuses(self, *headers, method="GET", body=None, path="/things", expected=(401, "unauthenticated")):
        """Gives the answer; nothing reached the toy."""
        before = len(self.upstream.seen)
        answer = ask(method, f"{self.url}{path}", headers, body)
        equal((answer.status, answer.json()["code"]), expected)
        equal(answer.headers.get_all("Content-Type"), ["application/problem+json"])
        equal(len(self.upstream.seen), before)
        return answer


def identities(seen):
    """What the toy was told, as a program sees it to which every odd character is a dash."""
    told = [(re.sub(r"[^a-z0-9]", "-", name.lower()), value) for name, value in seen["headers"]]
    return sorted((name, value) for name, value in told if name in ("x-user-id", "x-session-id"))


def check_gateway(report, gateway, service):
    report.part("nginx with auth_request, as in the document")
    login, other = service.login(), service.login()
    token = login["access_token"]
    claims = claims_of(token)
    expected = [("x-session-id", claims["sid"]), ("x-user-id", claims["sub"])]

    with report.check("a good token passes, and the service behind is told who it is"):
        equal(claims["sub"], login["user"]["id"])
        equal(identities(gateway.passes(bearer(token))), expected)
    with report.check("the token itself stays outside"):
        assert token not in json.dumps(gateway.passes(bearer(token)))
    for method in ("POST", "DELETE", "OPTIONS"):
        with report.check(f"{method} passes with its body"):
            body = b"x" * 100_000
            seen = gateway.passes(bearer(token), method=method, body=body)
            equal((seen["method"], seen["body"]), (method, body.decode()))
            equal(identities(seen), expected)

    with report.check("without a token it is 401 with the problem that the service itself answers"):
        answer = gateway.refuses()
        own = get(f"{service.url}/api/v1/auth/check")
        equal((own.status, own.headers["WWW-Authenticate"]), (401, "Bearer"))
        equal(answer.headers.get_all("WWW-Authenticate"), ["Bearer"])
        equal(answer.headers["Cache-Control"], "no-store")
        for member in ("title", "status", "code"):
            equal(answer.json()[member], own.json()[member])
        equal(answer.json()["type"], service.url + own.json()["type"])
        equal(get(answer.json()["type"]).status, 200)
    with report.check("a POST without a token does not pass either"):
        gateway.refuses(method="POST", body=b"x" * 100_000)
    with report.check("what is no bearer token does not pass"):
        for value in ("", "Bearer", "Bearer x", f"Basic {token}", token, f"Bearer {token}x", f"Bearer {token[:-1]}"):
            gateway.refuses(("Authorization", value))
    for name, forged in forgeries(login, get(service.jwks_url).json()):
        with report.check(f"{name} does not pass"):
            gateway.refuses(bearer(forged))

    forged_headers = {
        "by the name": [("X-User-Id", FORGED), ("X-Session-Id", FORGED)],
        "in small letters": [("x-user-id", FORGED), ("x-session-id", FORGED)],
        "twice": [("X-User-Id", FORGED), ("X-User-Id", claims["sub"]), ("X-User-Id", FORGED)],
        "with underscores": [("X_User_Id", FORGED), ("X_Session_Id", FORGED), ("X-User_Id", FORGED)],
        "with dots and other signs": [("X.User.Id", FORGED), ("X~User~Id", FORGED), ("X!User-Id", FORGED)],
        "named in Connection": [("X-User-Id", FORGED), ("Connection", "close, X-User-Id, X-Session-Id")],
        "empty": [("X-User-Id", ""), ("X-Session-Id", "")],
    }
    for how, headers in forged_headers.items():
        with report.check(f"X-User-Id forged {how}: the service behind sees the right one alone"):
            equal(identities(gateway.passes(bearer(token), *headers)), expected)
            equal(identities(gateway.passes(*headers, bearer(token))), expected)
        with report.check(f"X-User-Id forged {how} is no substitute for a token"):
            gateway.refuses(*headers)
    with report.check("X-User-Id forged with a space before the colon is refused"):
        equal(ask("GET", gateway.url, [bearer(token), ("X-User-Id ", FORGED)]).status, 400)

    with report.check("of two tokens none passes, or the one that was checked"):
        for first, second in ((token, other["access_token"]), (token, "x"), ("x", token)):
            answer = ask("GET", gateway.url, [bearer(first), bearer(second)])
            assert answer.status in ((200, 400, 401) if first == token else (400, 401)), answer.status
            if answer.status == 200:
                equal(identities(answer.json()), expected)
                assert second not in answer.body.decode()
    with report.check("nobody gets at the check through nginx"):
        for path in ("/_check", "/%5fcheck", "//_check", "/x/../_check"):
            equal(ask("GET", gateway.url + path, [bearer(token)]).status, 404)

    with report.check("another user is told apart"):
        equal(dict(identities(gateway.passes(bearer(other["access_token"]))))["x-user-id"], other["user"]["id"])
    with report.check("after the logout the same token does not pass, at once"):
        service.logout(login)
        gateway.refuses(bearer(token))
        gateway.passes(bearer(other["access_token"]))


def check_outage(report, gateway, service):
    report.part("nginx when phone-auth does not answer")
    token = service.login()["access_token"]
    away = (503, "service-unavailable")
    with report.check("it passes as long as the service is there"):
        gateway.passes(bearer(token))
    with report.check("a service that hangs: 503, and nothing passes"):
        service.freeze()
        try:
            equal(gateway.refuses(bearer(token), expected=away).headers["Retry-After"], "5")
        finally:
            service.thaw()
    service.stop()
    with report.check("a service that is stopped: 503, and nothing passes"):
        gateway.refuses(bearer(token), expected=away)
        gateway.refuses(bearer(token), method="POST", body=b"x", expected=away)
    with report.check("the same without a token, and with a forged header"):
        gateway.refuses(expected=away)
        gateway.refuses(("X-User-Id", FORGED), expected=away)


def check_traefik(report):
    """It is not run here: only that it is YAML and names what the service answers."""
    report.part("Traefik's configuration")
    dynamic, labels, static = blocks("yaml")
    with report.check("the blocks are YAML and speak of the same headers"):
        auth = yaml.safe_load(dynamic)["http"]["middlewares"]["phone-auth"]["forwardAuth"]
        equal(auth["authResponseHeaders"], ["X-User-Id", "X-Session-Id"])
        assert auth["address"].endswith("/api/v1/auth/check")
        pairs = dict(label.split("=", 1) for label in yaml.safe_load(labels)["labels"])
        prefix = "traefik.http.middlewares.phone-auth.forwardauth."
        equal(pairs[prefix + "authResponseHeaders"], ",".join(auth["authResponseHeaders"]))
        equal(pairs[prefix + "authRequestHeaders"], ",".join(auth["authRequestHeaders"]))
        (entry_point,) = yaml.safe_load(static)["entryPoints"]
        equal(yaml.safe_load(dynamic)["http"]["routers"]["api"]["entryPoints"], [entry_point])
