"""Logs in with the code of docs/clients.md."""

import os
import sys
import threading
import traceback
from itertools import count
from unittest import mock

from login import advice, log_in, rename
from phone_auth.api.development import read_inbox
from phone_auth.api.profile import get_profile, set_pin
from phone_auth.models import ProblemCode, SetPin
from plain import log_in as log_in_plainly
from session import PhoneAuth, Refused, Session, accepted

ADDRESS = os.environ["BASE_URL"]
SERVICE = PhoneAuth(ADDRESS)
# The other program counts from one.
numbers = (f"+7999{number:07}" for number in count(5_000_000))


def newest_code(phone: str) -> str:
    return accepted(read_inbox.sync(client=SERVICE.plain, phone=phone)).messages[0].code


def new_login(phone: str | None = None) -> Session:
    number = phone or next(numbers)
    return log_in(SERVICE, number, lambda question: "271828" if "PIN" in question else newest_code(number))


def logs_in_reads_and_changes_the_profile_and_logs_out() -> None:
    session = new_login()
    assert session.login.is_new_user
    assert rename(session, "Ada").first_name == "Ada"
    assert accepted(get_profile.sync(client=session.client)).full_name == "Ada"
    assert rename(session, None).first_name is None
    before = session.tokens.refresh_token
    session.tokens.refresh(session.tokens.access_token)
    assert session.tokens.refresh_token != before
    session.log_out()
    try:
        rename(session, "Ada")
    except Refused as refused:
        assert refused.problem.code is ProblemCode.INVALID_REFRESH_TOKEN
    else:
        raise AssertionError("still logged in")


def five_calls_with_a_spent_token_make_one_refresh() -> None:
    session = new_login()
    session.tokens.access_token = "spent"
    answers: list[str] = []

    def call() -> None:
        answers.append(rename(session, "Ada").first_name or "nobody")

    threads = [threading.Thread(target=call) for _ in range(5)]
    with mock.patch.object(session.tokens, "keep", side_effect=session.tokens.keep) as kept:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == ["Ada"] * 5, answers
    assert kept.call_count == 1, kept.mock_calls


def a_wrong_code_is_told_with_what_is_left() -> None:
    phone = next(numbers)
    heard: list[str] = []

    def ask(question: str) -> str:
        heard.append(question)
        right = newest_code(phone)
        return right if len(heard) > 1 else ("0001" if right == "0000" else "0000")

    log_in(SERVICE, phone, ask)
    assert heard[1] == "This is not the code. 2 more can be tried", heard


def a_pin_is_asked_for_when_the_account_has_one() -> None:
    phone = next(numbers)
    session = new_login(phone)
    assert set_pin.sync(client=session.client, body=SetPin(pin="271828")) is None
    assert new_login(phone).login.user.has_pin


def what_went_wrong_is_narrowed_by_its_code() -> None:
    try:
        SERVICE.request_code("not a number")
    except Refused as refused:
        assert refused.problem.code is ProblemCode.INVALID_PHONE
        assert advice(refused.problem) == refused.problem.title
    else:
        raise AssertionError("accepted")


def a_few_lines_of_httpx_log_in_as_well() -> None:
    phone = next(numbers)
    with mock.patch("builtins.input", lambda _: newest_code(phone)):
        client = log_in_plainly(ADDRESS, phone)
    assert client.get("/profile").json()["phone"] == phone
    client.close()


CHECKS = [
    logs_in_reads_and_changes_the_profile_and_logs_out,
    five_calls_with_a_spent_token_make_one_refresh,
    a_wrong_code_is_told_with_what_is_left,
    a_pin_is_asked_for_when_the_account_has_one,
    what_went_wrong_is_narrowed_by_its_code,
    a_few_lines_of_httpx_log_in_as_well,
]

if __name__ == "__main__":
    failed = 0
    for check in CHECKS:
        name = check.__name__.replace("_", " ")
        try:
            check()
            print(f"ok {name}", flush=True)
        except Exception:
            failed += 1
            print(f"FAIL {name}", flush=True)
            traceback.print_exc()
    sys.exit(1 if failed else 0)
