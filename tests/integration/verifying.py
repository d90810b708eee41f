"""Libraries that we did not write, against our tokens."""

from clients import Refused
from http_client import bearer, get
from report import equal, wait_until
from tokens import forgeries, header_of


def refusal(client, *arguments):
    """Why the client refuses; it is a failure when it does not."""
    try:
        claims = client.verify(*arguments)
    except Refused as refused:
        return str(refused)
    raise AssertionError(f"was taken for good: {claims}")


def check_good_token(report, client, service, login, what):
    with report.check(f"{client.name} verifies {what}, and reads who it is"):
        claims = client.verify(login["access_token"], service.issuer, service.issuer)
        checked = get(f"{service.url}/api/v1/auth/check", bearer(login["access_token"]))
        equal(checked.status, 204)
        equal(claims["sub"], login["user"]["id"])
        equal((claims["sub"], claims["sid"]), (checked.headers["X-User-Id"], checked.headers["X-Session-Id"]))


def check_refusals(report, clients, service, algorithm):
    report.part(f"What the libraries refuse, {algorithm}")
    login = service.login()
    token, issuer = login["access_token"], service.issuer
    other = "https://other.example.com"
    forged = list(forgeries(login, get(service.jwks_url).json()))
    for client in clients:
        check_good_token(report, client, service, login, f"a token signed by {algorithm}")
        with report.check(f"{client.name} refuses it for another audience"):
            assert refusal(client, token, issuer, other) in client.reasons["audience"]
        with report.check(f"{client.name} refuses it from another issuer"):
            assert refusal(client, token, other, issuer) in client.reasons["issuer"]
        for name, text in forged:
            with report.check(f"{client.name} refuses {name}"):
                reason = refusal(client, text, issuer, issuer)
                assert reason in client.reasons["forged"], reason


def check_expired(report, clients, service, login):
    """Of a token that was good: the check before it is in the report."""
    for client in clients:
        with report.check(f"{client.name} refuses it after its end"):
            reason = refusal(client, login["access_token"], service.issuer, service.issuer)
            assert reason in client.reasons["expired"], reason


def new_login_under_another_key(service, old):
    def look():
        login = service.login()
        return login if header_of(login["access_token"])["kid"] != header_of(old["access_token"])["kid"] else None

    return wait_until("the new key signs", 60, look)
