"""The servers of docs/INTEGRATION.md, as they are there."""

import sys

from document import example
from http_client import bearer, get
from programs import free_port, is_listening
from report import equal
from tokens import claims_of, forgeries

NAMES = {"python": "Python", "javascript": "Node"}
# What the examples check, and how each says it; with something else in its place they have to refuse good tokens.
CHECKS = {
    "audience": {"python": ("audience=ISSUER", 'audience="x"'), "javascript": ("audience: issuer", "audience: 'x'")},
    "issuer": {"python": (" issuer=ISSUER", ' issuer="x"'), "javascript": ("    issuer,\n", "    issuer: 'x',\n")},
    "type of token": {"python": ('"at+jwt"', '"x+jwt"'), "javascript": ("'at+jwt'", "'x+jwt'")},
    "algorithm": {"python": ('["ES256", "EdDSA"]', '["RS256"]'), "javascript": ("['ES256', 'EdDSA']", "['RS256']")},
    "claim": {"python": ('"sid"]', '"sid", "x"]'), "javascript": ("'sid']", "'sid', 'x']")},
}


class ResourceServer:
    def __init__(self, programs, service, language, folder, change=None):
        self.name = f"{NAMES[language]}, {service.name}"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        addresses = {"https://auth.example.com": service.url, "3000": str(self.port)}
        if change:
            addresses.update([change])
        suffix, interpreter = {"python": ("py", sys.executable), "javascript": ("mjs", "node")}[language]
        # Modules are looked for beside the file.
        path = folder / f"{service.name}-server.{suffix}"
        path.write_text(example(language, addresses))
        self.process = programs.start(f"{service.name}-{language}", [interpreter, path])
        programs.wait_for(self.process, f"the server in {language}", lambda: is_listening(self.port))

    def asked_by(self, *headers):
        answer = get(self.url, *headers)
        if answer.status == 401:
            equal(answer.headers["WWW-Authenticate"], "Bearer")
        return answer.status, answer.json()


def check_resource_server(report, server, service):
    report.part(f"The server of the document: {server.name}")
    login = service.login()
    refused = (401, {"code": "unauthenticated"})
    check_lets_in(report, server, login, "a good token")
    with report.check(f"{server.name}: the scheme may be written in any case"):
        equal(server.asked_by(("authorization", f"bEARER {login['access_token']}"))[0], 200)
    with report.check(f"{server.name}: refuses no token, and what is no token"):
        equal(server.asked_by(), refused)
        for value in ("", "Bearer", "Bearer ", "Bearer x", "Bearer a.b.c", "Basic YTpi", "Bearer \xff.\xfe.\xfd"):
            equal((value, *server.asked_by(("Authorization", value))), (value, *refused))
    for name, token in forgeries(login, get(service.jwks_url).json()):
        with report.check(f"{server.name}: refuses {name}"):
            equal(server.asked_by(bearer(token)), refused)


def check_lets_in(report, server, login, what):
    with report.check(f"{server.name}: lets in {what}, and knows who it is"):
        expected = {"user": login["user"]["id"], "session": claims_of(login["access_token"])["sid"]}
        equal(server.asked_by(bearer(login["access_token"])), (200, expected))


def check_every_check(report, programs, service, language, folder):
    """A good token is not enough for a server that expects something else: so each check is one."""
    login = service.login()
    for name, changes in CHECKS.items():
        with report.check(f"{NAMES[language]}, {service.name}: refuses a good token when it expects another {name}"):
            server = ResourceServer(programs, service, language, folder, changes[language])
            equal(server.asked_by(bearer(login["access_token"]))[0], 401)
            server.process.terminate()


def check_outage(report, server, login):
    """Of a server that never had the keys: it has to say that it cannot tell, and lets nobody in."""
    with report.check(f"{server.name}: without keys it is 503, not 401, and nobody gets in"):
        equal(server.asked_by(bearer(login["access_token"])), (503, {"code": "service-unavailable"}))
