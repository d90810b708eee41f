"""Tokens that nobody may take for good."""

import base64
import hashlib
import hmac
import json

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519


def encode(part):
    data = part if isinstance(part, bytes) else json.dumps(part, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(part):
    return json.loads(base64.urlsafe_b64decode(part + "=="))


def header_of(token):
    return decode(token.split(".")[0])


def claims_of(token):
    return decode(token.split(".")[1])


def forgeries(login, jwks):
    """Name and token of what an attacker can make from a login of their own and the published keys."""
    token = login["access_token"]
    header, payload, signature = token.split(".")
    fields, claims = decode(header), decode(payload)
    victim = {**claims, "sub": "01a1fe97-5486-7bcb-94cb-0a9b311b899e"}
    own = ed25519.Ed25519PrivateKey.generate() if fields["alg"] == "EdDSA" else ec.generate_private_key(ec.SECP256R1())
    own_jwk = jwt.get_algorithm_by_name(fields["alg"]).to_jwk(own.public_key(), as_dict=True)
    signed = {name: fields[name] for name in ("kid", "typ")}
    public = jwks["keys"][0]

    def mac(key):
        text = f"{encode({**fields, 'alg': 'HS256'})}.{encode(victim)}"
        return f"{text}.{encode(hmac.digest(key, text.encode(), hashlib.sha256))}"

    yield "a changed payload", f"{header}.{encode(victim)}.{signature}"
    yield "a signature by another key", jwt.encode(victim, own, fields["alg"], signed)
    yield "a key that the token brings along", jwt.encode(victim, own, fields["alg"], {**signed, "jwk": own_jwk})
    yield "alg none", f"{encode({**fields, 'alg': 'none'})}.{encode(victim)}."
    yield "alg none with a signature", f"{encode({**fields, 'alg': 'none'})}.{encode(victim)}.{signature}"
    yield "a MAC with the public key", mac(json.dumps(public, separators=(",", ":")).encode())
    yield "a MAC with the public coordinate", mac(base64.urlsafe_b64decode(public["x"] + "=="))
    yield "no signature", f"{header}.{payload}."
    yield "our refresh token", login["refresh_token"]
    yield "our challenge token", login["challenge_token"]
    yield "our device token", login["device_token"]
