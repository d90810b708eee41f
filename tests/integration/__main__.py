"""The order of things. One wait serves all: for the new key, for the end of a token, and for the pause that
clients keep between two fetches of the keys."""

import importlib.metadata
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "tools"))

from clients import JoseProcess, clients_of
from gateway import Gateway, check_gateway, check_traefik
from gateway import check_outage as check_gateway_outage
from http_client import get
from programs import PhoneAuth, Programs, Upstream
from report import Report, equal, wait_until
from resource_servers import (
    NAMES,
    ResourceServer,
    check_every_check,
    check_lets_in,
    check_outage,
    check_resource_server,
)
from tokens import claims_of, header_of
from verifying import check_expired, check_good_token, check_refusals, new_login_under_another_key
from webhooks import check_example, check_signatures
from watching import check_watching
from well_known import check_published

# Long enough for a busy machine to use a token before it ends: the pause below is waited for anyway.
SHORT_LIFE = 45
# jose and PyJWT do not fetch the keys anew sooner than this after the last time.
PAUSE = 30
# Of the servers in the document.
LEEWAY = 5


def say_versions(node_folder):
    def output(*command):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
        return done.stdout.strip()

    version = importlib.metadata.version
    jose = output("node", "-p", f"require('{node_folder}/node_modules/jose/package.json').version")
    print(f"PyJWT {version('PyJWT')}, jwcrypto {version('jwcrypto')} and standardwebhooks", end=" ")
    print(f"{version('standardwebhooks')} on Python {sys.version.split()[0]},")
    print(f"jose {jose} on Node {output('node', '--version')}, {output('nginx', '-v')}")


def main(folder):
    report = Report()
    node_folder = folder / "node"
    say_versions(node_folder)
    shutil.copy(Path(__file__).parent / "verify.mjs", node_folder)

    with ExitStack() as stack:
        programs = stack.enter_context(Programs())
        upstream = stack.enter_context(Upstream())
        process = stack.enter_context(JoseProcess(node_folder / "verify.mjs"))
        service = PhoneAuth(programs, "ES256")
        short = PhoneAuth(programs, "short tokens", ACCESS_TOKEN_TTL_SECONDS=str(SHORT_LIFE))
        eddsa = PhoneAuth(programs, "EdDSA", SIGNING_ALGORITHM="EdDSA")
        services = [service.wait(), short.wait(), eddsa.wait()]

        # All that lives across the rotation fetches the keys now.
        report.part("Before the rotation")
        steady = {one: clients_of(one, process) for one in services}
        servers = [ResourceServer(programs, short, language, node_folder) for language in NAMES]
        before = {one: one.login() for one in services}
        for one, clients in steady.items():
            for client in clients:
                check_good_token(report, client, one, before[one], f"a token ({one.name})")
        for server in servers:
            check_lets_in(report, server, before[short], "a good token")
        fetched = time.monotonic()
        for one in services:
            with report.check(f"keys rotate --now publishes a key before it signs ({one.name})"):
                one.keys("rotate", "--now")
                wait_until("two keys", 20, lambda one=one: len(get(one.jwks_url).json()["keys"]) == 2)
                equal(header_of(one.login()["access_token"])["kid"], header_of(before[one]["access_token"])["kid"])

        check_published(report, service, "ES256")
        check_published(report, eddsa, "EdDSA")
        check_watching(report, eddsa)
        check_refusals(report, clients_of(service, process), service, "ES256")
        check_refusals(report, clients_of(eddsa, process), eddsa, "EdDSA")
        for language in NAMES:
            for one in (service, eddsa):
                check_resource_server(report, ResourceServer(programs, one, language, node_folder), one)
            check_every_check(report, programs, service, language, node_folder)
        gateway = Gateway(programs, service, upstream)
        check_gateway(report, gateway, service)
        check_traefik(report)
        check_signatures(report, programs)
        check_example(report, programs)

        report.part("After the rotation")
        time.sleep(max(0, fetched + PAUSE + 1 - time.monotonic()))
        after = {one: new_login_under_another_key(one, before[one]) for one in services}
        for one, clients in steady.items():
            for client in clients:
                check_good_token(report, client, one, after[one], f"a token under the new key ({one.name})")
        for client in steady[service] + steady[eddsa]:
            one = service if client in steady[service] else eddsa
            check_good_token(report, client, one, before[one], f"a token under the old key ({one.name})")
        for server in servers:
            check_lets_in(report, server, after[short], "a token under the new key")

        report.part("After the end of a token")
        end = claims_of(before[short]["access_token"])["exp"] + LEEWAY
        wait_until("the end of a token", 4 * SHORT_LIFE, lambda: time.time() > end + 1)
        check_expired(report, steady[short], short, before[short])
        for server in servers:
            with report.check(f"{server.name}: refuses it as well"):
                equal(server.asked_by(("Authorization", f"Bearer {before[short]['access_token']}"))[0], 401)

        check_gateway_outage(report, gateway, service)
        report.part("Servers that cannot get the keys")
        for language in NAMES:
            check_outage(report, ResourceServer(programs, service, language, node_folder), before[service])
    return report.end()


if __name__ == "__main__":
    # Told to stop, it stops what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main(Path(sys.argv[1])))
