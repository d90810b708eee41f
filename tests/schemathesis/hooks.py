"""What Schemathesis cannot know: who is logged in, and which values are real."""

import re

import schemathesis
from calls import CALLS
from pictures import PICTURES
from users import (
    API,
    BASE_URL,
    another_phone,
    change_of_phone_in_progress,
    connection,
    headers_of,
    log_in,
    login_in_progress,
    session_of,
)


@schemathesis.deserializer("image/jpeg")
def picture(context, response):
    """What a schema can say of a picture: that it is bytes. That it is a JPEG is told by its first ones."""
    if not response.content.startswith(b"\xff\xd8\xff"):
        raise ValueError("no JPEG")
    return response.content.decode("latin-1")


def is_allowed(case):
    """Whether the document allows what the case sends."""
    return case.meta is not None and case.meta.generation.mode.is_positive


def in_one_session(case):
    return case.meta is not None and case.meta.phase.name.value == "stateful"


@schemathesis.auth(refresh_interval=None)
class Login:
    """A new user for each call that may be carried out, so that none meets a session that another one ended. In the
    stateful phase calls belong together: there a user stays until the session is over. The same does for calls that
    are to be refused."""

    staying = None

    def get(self, case, context):
        if not context.operation.definition.raw.get("security"):
            return None
        if not in_one_session(case) and is_allowed(case):
            return log_in()["access_token"]
        if Login.staying is None:
            Login.staying = log_in()["access_token"]
        return Login.staying

    def set(self, case, token, context):
        if token:
            case.headers.update(headers_of(token))


@schemathesis.hook
def after_call(context, case, response):
    if in_one_session(case) and Login.staying:
        if not connection.get(f"{API}/auth/check", headers=headers_of(Login.staying)).ok:
            Login.staying = None


def bearer(case):
    return case.headers["Authorization"].removeprefix("Bearer ")


class Real:
    """Values that are right for no other reason than that the service gave them. One function for each operation that
    needs them."""

    def request_code(case):
        case.body["phone"] = another_phone()

    def verify_code(case):
        case.body.update(login_in_progress())
        if case.body.get("refresh_token_in") == "cookie":
            case.headers["Origin"] = BASE_URL

    def refresh_tokens(case):
        if "refresh_token" in case.body:
            case.body["refresh_token"] = log_in()["refresh_token"]
        else:
            case.headers["Origin"] = BASE_URL
            case.headers["Cookie"] = log_in(in_cookie=True)["cookie"]

    def change_phone(case):
        case.body["phone"] = another_phone()

    def verify_phone(case):
        case.body.update(change_of_phone_in_progress(bearer(case)))

    def end_session(case):
        case.path_parameters["id"] = session_of(bearer(case))

    def activate_invite(case):
        case.body["invite_code"] = log_in()["user"]["invite_code"]

    def show_avatar(case):
        headers = {**headers_of(log_in()["access_token"]), "Content-Type": "image/png"}
        profile = connection.put(f"{API}/profile/avatar", headers=headers, data=PICTURES["image/png"]).json()
        case.path_parameters["hash"] = profile["avatar_url"].rsplit("/", 1)[1]

    def show_invitation(case):
        case.path_parameters["invite_code"] = log_in()["user"]["invite_code"]

    def read_inbox(case):
        case.query["phone"] = another_phone()

    def replace_profile(case):
        if "If-Match" in case.headers:
            profile = connection.get(f"{API}/profile", headers=headers_of(bearer(case)))
            case.headers["If-Match"] = profile.headers["ETag"]

    change_profile = delete_profile = set_avatar = remove_avatar = replace_profile


turns = {}


@schemathesis.hook
def before_call(context, case, kwargs):
    """Of four calls that are allowed three get real values; the fourth is left as it was generated."""
    operation = case.operation.definition.raw["operationId"]
    # Schemathesis has values of its own for this header. Where none fits the pattern, it sends this as if it did.
    if is_allowed(case) and case.headers.get("If-Match") == "0":
        case.headers["If-Match"] = "*"
    make_real = getattr(Real, operation, None)
    if make_real and is_allowed(case):
        turns[operation] = turns.get(operation, 0) + 1
        if turns[operation] % 4:
            make_real(case)


@schemathesis.serializer(*PICTURES)
def picture(context, body):
    """The document allows any bytes, but no others are a picture."""
    case = context.case
    return PICTURES[case.media_type] if is_allowed(case) else getattr(body, "data", body)


# Why a call is refused with 422 that the document allows.
REASONS = {
    "invalid-phone": ".*",
    "phone-not-supported": ".*",
    "invalid-request": r"phone: is the number of this account already\."
    r"|(first_name|last_name|device_name): must not contain characters that are invisible or change .*"
    r"|(first_name|last_name|device_name): must not contain private, unassigned or replacement characters\."
    r"|(first_name|last_name|device_name): must contain something that can be seen\.",
}


@schemathesis.check
def refusals_have_a_reason(ctx, response, case):
    """`positive_data_acceptance` looks at the status only; this looks at what is said. It sees every answer, so it counts
    them as well."""
    CALLS.note(case.operation.label, is_allowed(case), response.status_code)
    if is_allowed(case) and response.status_code == 422:
        problem = response.json()
        reason = REASONS.get(problem["code"], "")
        assert re.fullmatch(reason, problem["detail"]), f"{problem['code']}: {problem['detail']}"
