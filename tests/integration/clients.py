"""Three libraries as a service uses them: one object that lives long, and keeps the keys."""

import json
import subprocess

import jwt
from jwcrypto.common import JWException
from jwcrypto.jwk import JWKSet
from jwcrypto.jwt import JWT, JWTMissingKey

from http_client import get

ALGORITHMS = ["ES256", "EdDSA"]


class Refused(Exception):
    """The library's word for why."""


class PyJwt:
    name = "PyJWT"
    reasons = {
        "expired": {"ExpiredSignatureError"},
        "audience": {"InvalidAudienceError"},
        "issuer": {"InvalidIssuerError"},
        "forged": {"InvalidSignatureError", "InvalidAlgorithmError", "DecodeError", "PyJWKClientError"},
    }

    def __init__(self, service):
        self.keys = jwt.PyJWKClient(service.jwks_url)

    def verify(self, token, issuer, audience):
        try:
            key = self.keys.get_signing_key_from_jwt(token)
            required = {"require": ["iss", "aud", "exp", "sub", "sid"]}
            given = jwt.decode_complete(
                token, key, algorithms=ALGORITHMS, issuer=issuer, audience=audience, options=required
            )
        except jwt.PyJWKClientConnectionError:
            raise
        except jwt.PyJWTError as error:
            raise Refused(type(error).__name__) from error
        assert given["header"]["typ"] == "at+jwt"
        return given["payload"]


class JwCrypto:
    name = "jwcrypto"
    reasons = {
        "expired": {"JWTExpired"},
        "audience": {"JWTInvalidClaimValue aud"},
        "issuer": {"JWTInvalidClaimValue iss"},
        "forged": {"InvalidJWSSignature", "InvalidJWSObject", "InvalidJWSOperation", "JWTMissingKey", "TypeError"},
    }

    def __init__(self, service):
        self.service = service
        self.keys = None

    def verify(self, token, issuer, audience):
        self.keys = self.keys or self.fetch()
        try:
            return self.verify_by(self.keys, token, issuer, audience)
        except JWTMissingKey:
            # Once, for a kid that is not there.
            self.keys = self.fetch()
        try:
            return self.verify_by(self.keys, token, issuer, audience)
        except JWTMissingKey as error:
            raise Refused("JWTMissingKey") from error

    def fetch(self):
        return JWKSet.from_json(get(self.service.jwks_url).body)

    def verify_by(self, keys, token, issuer, audience):
        expected = {"iss": issuer, "aud": audience, "exp": None, "sub": None, "sid": None}
        given = JWT(check_claims=expected, algs=ALGORITHMS, expected_type="JWS")
        given.leeway = 0
        try:
            given.deserialize(token, keys)
        except JWTMissingKey:
            raise
        # A JWE in place of a JWS is a TypeError here.
        except (JWException, ValueError, TypeError) as error:
            claim = [name for name in ("aud", "iss") if f"'{name}'" in str(error)]
            raise Refused(" ".join([type(error).__name__, *claim])) from error
        assert json.loads(given.header)["typ"] == "at+jwt"
        return json.loads(given.claims)


class Jose:
    name = "jose"
    reasons = {
        "expired": {"ERR_JWT_EXPIRED exp"},
        "audience": {"ERR_JWT_CLAIM_VALIDATION_FAILED aud"},
        "issuer": {"ERR_JWT_CLAIM_VALIDATION_FAILED iss"},
        "forged": {
            "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
            "ERR_JOSE_ALG_NOT_ALLOWED",
            "ERR_JWS_INVALID",
            "ERR_JWT_INVALID",
        },
    }
    made = 0

    def __init__(self, service, process):
        Jose.made += 1
        self.asked = {"client": Jose.made, "jwks": service.jwks_url}
        self.process = process

    def verify(self, token, issuer, audience):
        answer = self.process.ask({**self.asked, "token": token, "issuer": issuer, "audience": audience})
        if "refused" in answer:
            raise Refused(answer["refused"])
        return answer["claims"]


class JoseProcess:
    """verify.mjs, which holds the clients of jose."""

    def __init__(self, script):
        self.process = subprocess.Popen(
            ["node", str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        with self.process:
            pass

    def ask(self, question):
        self.process.stdin.write(json.dumps(question) + "\n")
        answer = json.loads(self.process.stdout.readline())
        assert "broken" not in answer, answer["broken"]
        return answer


def clients_of(service, process):
    return [PyJwt(service), JwCrypto(service), Jose(service, process)]
