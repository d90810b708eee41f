"""People who log in while the service is tried: as many as are needed."""

import itertools
import os
from http.cookiejar import DefaultCookiePolicy

import requests

BASE_URL = os.environ["BASE_URL"]
API = f"{BASE_URL}/api/v1"

# Schemathesis asks from another one.
connection = requests.Session()
# Of so many people nobody's cookie is kept.
connection.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
numbers = itertools.count(1)


def another_phone():
    """A number that was not used yet."""
    return f"+7999{next(numbers):07}"


def headers_of(token):
    return {"Authorization": f"Bearer {token}"}


def ask(method, address, headers=None, **request):
    answer = connection.request(method, address, headers=headers, timeout=60, **request)
    assert answer.ok, f"{method} {address}: {answer.status_code} {answer.text}"
    return answer


def asked_for_code(address, headers=None):
    """A challenge and the code for it, as the step that follows takes them."""
    phone = another_phone()
    challenge = ask("POST", address, headers, json={"phone": phone}).json()["challenge_token"]
    inbox = ask("GET", f"{BASE_URL}/dev/inbox", params={"phone": phone}).json()
    return {"challenge_token": challenge, "code": inbox["messages"][0]["code"]}


def login_in_progress():
    return asked_for_code(f"{API}/auth/phone")


def change_of_phone_in_progress(token):
    return asked_for_code(f"{API}/profile/phone", headers_of(token))


def log_in(in_cookie=False):
    """A new user: the answer of the verify step, with the cookie if the refresh token is to be in one."""
    body = login_in_progress()
    if not in_cookie:
        return ask("POST", f"{API}/auth/verify", json=body).json()
    body["refresh_token_in"] = "cookie"
    answer = ask("POST", f"{API}/auth/verify", {"Origin": BASE_URL}, json=body)
    return {**answer.json(), "cookie": answer.headers["Set-Cookie"].split(";")[0]}


def session_of(token):
    return ask("GET", f"{API}/sessions", headers_of(token)).json()["items"][0]["id"]
