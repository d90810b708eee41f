"""What is published, and how it may be kept."""

import jwcrypto.jwk

from http_client import get
from report import equal
from tokens import claims_of, header_of

MEMBERS = {
    "ES256": {"kty", "crv", "x", "y", "alg", "kid", "use"},
    "EdDSA": {"kty", "crv", "x", "alg", "kid", "use"},
}


def check_published(report, service, algorithm):
    report.part(f"What is published, {algorithm}")
    login = service.login()
    answer = get(service.jwks_url)

    with report.check("the keys are there, and what signed a token is one of them"):
        equal(answer.status, 200)
        assert header_of(login["access_token"])["kid"] in {key["kid"] for key in answer.json()["keys"]}
    with report.check("a key has its public members and no other"):
        for key in answer.json()["keys"]:
            equal((key["alg"], key["use"], set(key)), (algorithm, "sig", MEMBERS[algorithm]))
            assert not jwcrypto.jwk.JWK(**key).has_private
    with report.check("kid is the thumbprint of the key"):
        for key in answer.json()["keys"]:
            equal(jwcrypto.jwk.JWK(**key).thumbprint(), key["kid"])
    with report.check("it may be kept for five minutes"):
        equal(answer.headers["Cache-Control"], "public, max-age=300")
    for name, tags in {"its ETag": "{}", "a weak one": "W/{}", "one of several": '"other", {}'}.items():
        with report.check(f"whoever has it is told so, by {name}"):
            again = get(service.jwks_url, ("If-None-Match", tags.format(answer.headers["ETag"])))
            equal((again.status, again.body, again.headers["ETag"]), (304, b"", answer.headers["ETag"]))
    with report.check("whoever has another gets this one"):
        equal(get(service.jwks_url, ("If-None-Match", '"other"')).status, 200)
    with report.check("the configuration names the issuer of the tokens, the algorithm, and where the keys are"):
        found = get(f"{service.url}/.well-known/openid-configuration").json()
        equal(found["issuer"], claims_of(login["access_token"])["iss"])
        equal(found["id_token_signing_alg_values_supported"], [algorithm])
        equal(get(found["jwks_uri"]).json(), answer.json())
        equal(set(found["claims_supported"]), set(claims_of(login["access_token"])))
