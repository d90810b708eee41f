"""What Schemathesis cannot know: who is logged in, and which values are real."""

import re

import schemathesis
from pictures import PICTURES
from statistics_of_calls import STATISTICS
from users import (
    API,
    another_phone,
    change_of_phone_in_progress,
    connection,
    log_in,
    login_in_progress,
    session_of,
)


@schemathesis.auth(refresh_interval=None)
class Login:
    """A user of its own for each call, so that none meets a session that another one ended. The calls of the stateful
    phase belong together: there a user stays until the session is over."""

    staying = None

    def get(self, case, context):
        if not context.operation.definition.raw.get("security"):
            return None
        if phase_of(case) != "stateful":
            return log_in()["access_token"]
        if Login.staying is None:
            Login.staying = log_in()["access_token"]
        return Login.staying

    def set(self, case, token, context):
        if token:
            case.headers["Authorization"] = f"Bearer {token}"


@schemathesis.hook
def after_call(context, case, response):
    if phase_of(case) == "stateful" and not is_live(Login.staying):
        Login.staying = None


def is_live(token):
    return token and connection.get(f"{API}/auth/check", headers={"Authorization": f"Bearer {token}"}).ok


def phase_of(case):
    return case.meta.phase.name.value if case.meta else None


def is_valid(case):
    return case.meta is not None and case.meta.generation.mode.is_positive


def bearer(case):
    return case.headers["Authorization"].removeprefix("Bearer ")


# Values that no schema can tell, put in place of generated ones.


class Real:
    """One function for each operation that needs them; it changes the case."""

    invite_code = None

    def request_code(case):
        case.body["phone"] = another_phone()

    def verify_code(case):
        case.body.update(login_in_progress())

    def refresh_tokens(case):
        case.body["refresh_token"] = log_in()["refresh_token"]

    def change_phone(case):
        case.body["phone"] = another_phone()

    def verify_phone(case):
        case.body.update(change_of_phone_in_progress(bearer(case)))

    def end_session(case):
        case.path_parameters["id"] = session_of(bearer(case))

    def activate_invite(case):
        Real.invite_code = Real.invite_code or log_in()["user"]["invite_code"]
        case.body["invite_code"] = Real.invite_code

    def read_inbox(case):
        case.query["phone"] = another_phone()

    def condition(case):
        if "If-Match" in case.headers:
            profile = connection.get(f"{API}/profile", headers={"Authorization": f"Bearer {bearer(case)}"})
            case.headers["If-Match"] = profile.headers["ETag"]

    replace_profile = change_profile = delete_profile = remove_avatar = condition

    def set_avatar(case):
        Real.condition(case)


class Turns:
    """Of four valid calls of an operation three get real values; the fourth is left as it was generated."""

    taken = {}

    def real(operation):
        Turns.taken[operation] = Turns.taken.get(operation, 0) + 1
        return Turns.taken[operation] % 4 != 0


@schemathesis.hook
def before_call(context, case, kwargs):
    operation = case.operation.definition.raw["operationId"]
    if not is_valid(case):
        return
    if operation == "set_avatar":
        # Bytes that are no picture are of the right type for the schema.
        case.body = Binary(PICTURES[case.media_type])
    make_real = getattr(Real, operation, None)
    if make_real and Turns.real(operation):
        make_real(case)


# What is refused although the schema allows it, for reasons that no schema can give.
REASONS = [
    ("invalid-phone", r""),
    ("phone-not-supported", r""),
    ("invalid-request", r"phone: is the number of this account already\."),
    ("invalid-request", r"(first_name|last_name|device_name): must not contain characters that are invisible .*"),
    ("invalid-request", r"(first_name|last_name|device_name): must not contain private, unassigned .*"),
    ("invalid-request", r"(first_name|last_name|device_name): must not contain control characters\."),
    ("invalid-request", r"(first_name|last_name|device_name): must contain something that can be seen\."),
]


@schemathesis.check
def refusals_have_a_reason(ctx, response, case):
    """`positive_data_acceptance` can only let a status pass; this looks at what it says."""
    if is_valid(case) and response.status_code == 422:
        problem = response.json()
        known = any(
            problem["code"] == code and (not detail or re.fullmatch(detail, problem["detail"]))
            for code, detail in REASONS
        )
        assert known, f"valid by the schema, but refused: {problem['code']}: {problem['detail']}"


@schemathesis.hook
def after_validate(context, case, response, results):
    STATISTICS.note(case.operation.label, is_valid(case), response.status_code, results)
