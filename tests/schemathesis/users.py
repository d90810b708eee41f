"""People who log in while the service is tried: there are as many as are needed."""

import itertools
import os

import requests

BASE_URL = os.environ["BASE_URL"]
API = f"{BASE_URL}/api/v1"

# Schemathesis asks from another connection.
connection = requests.Session()
numbers = itertools.count(1)


def another_phone():
    """A number that was not used yet."""
    return f"+7999{next(numbers):07}"


def newest_code(phone):
    return ask("GET", f"{BASE_URL}/dev/inbox", params={"phone": phone})["messages"][0]["code"]


def ask(method, address, token=None, **request):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = connection.request(method, address, headers=headers, timeout=30, **request)
    assert answer.ok, f"{method} {address}: {answer.status_code} {answer.text}"
    return answer.json()


def asked_for_code(address, phone, token=None):
    """A challenge and the code for it, as the step that follows takes them."""
    challenge = ask("POST", address, token, json={"phone": phone})["challenge_token"]
    return {"challenge_token": challenge, "code": newest_code(phone)}


def login_in_progress():
    return asked_for_code(f"{API}/auth/phone", another_phone())


def change_of_phone_in_progress(token):
    return asked_for_code(f"{API}/profile/phone", another_phone(), token)


def log_in():
    """A new user: the answer of the verify step."""
    return ask("POST", f"{API}/auth/verify", json=login_in_progress())


def session_of(token):
    return ask("GET", f"{API}/sessions", token)["items"][0]["id"]
