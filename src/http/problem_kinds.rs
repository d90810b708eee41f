//! Every problem the service can answer with: the source of `docs/problems.md`
//! and of the pages behind the `type` of a problem.

use chrono::TimeDelta;

/// One kind of problem. `code` is stable; programs switch on it.
#[derive(Debug, PartialEq, Eq)]
pub struct ProblemKind {
    /// Stable name, the last segment of `type`.
    pub code: &'static str,
    /// HTTP status (RFC 9110, section 15).
    pub status: u16,
    /// One short sentence, the same for each occurrence.
    pub title: &'static str,
    /// When it comes.
    pub meaning: &'static str,
    /// What a client does about it.
    pub remedy: &'static str,
}

/// Declares the kinds as constants, and the list of all of them.
macro_rules! kinds {
    ($($name:ident $status:literal $code:literal $title:literal $meaning:literal $remedy:literal)+) => {
        /// What is said of a message that may have gone out: its code is of no use without the challenge.
pub(super) const UNANSWERED: &str = "The SMS provider did not tell whether it took the message. It may still arrive; the code in it \
opens nothing. Ask for another one after `retry_after` seconds.";

/// `wait` in whole seconds, rounded up: a client that waits as told is let through.
pub(super) fn whole_seconds(wait: TimeDelta) -> u32 {
    let seconds = wait.num_seconds() + i64::from(wait.subsec_nanos() > 0);
    seconds.clamp(1, u32::MAX.into()).try_into().unwrap_or(u32::MAX)
}

impl ProblemKind {
            $(
                #[doc = $title]
                pub const $name: &'static Self = &Self {
                    code: $code, status: $status, title: $title, meaning: $meaning, remedy: $remedy,
                };
            )+

            /// All kinds, in the order of the document.
            pub const ALL: &'static [&'static Self] = &[$(Self::$name),+];
        }
    };
}

kinds! {
    INVALID_JSON 400 "invalid-json"
        "The request body is not JSON"
        "The body is empty, is not UTF-8, is not JSON by RFC 8259, or is nested too deeply."
        "Send one JSON object. `detail` says at which line and column reading stopped."
    UNAUTHENTICATED 401 "unauthenticated"
        "A valid access token is needed"
        "The `Authorization` header is missing or not `Bearer`, or its token is expired, not of this service, or of a session that has ended."
        "Refresh the token pair and try once more. If refreshing fails too, ask the person to log in again."
    INVALID_CODE 401 "invalid-code"
        "The code is wrong"
        "The challenge is good, but the code is not the one that was sent. `attempts_left` says how many more codes may be tried on this challenge."
        "Let the person type the code again while `attempts_left` is above zero; after that ask for a new code."
    INVALID_CHALLENGE 401 "invalid-challenge"
        "The challenge cannot be used"
        "The challenge token is not one of this service, was changed, is expired, was used already, has no attempts left, or is older than the last login with its number. Which of these it is, is not told."
        "Ask for a new code with `POST /api/v1/auth/phone`."
    PIN_REQUIRED 401 "pin-required"
        "The PIN is needed as well"
        "The account has a PIN. At login: the code is right, and the challenge is as good as before. When the PIN is changed or removed: this login did not give it, or is too long ago. When the number is changed: the login is too long ago."
        "Ask the person for the PIN and send the same request once more: with `current_pin` when the PIN is changed or removed, otherwise with `pin`."
    INVALID_PIN 401 "invalid-pin"
        "The PIN is wrong"
        "The PIN is not that of the account. At login the code is right, and the challenge is as good as before. Wrong PINs have a limit: ten, and then one an hour."
        "Let the person type the PIN again. For who has forgotten it there is no reset: some days after the account was last used, on any device, a login asks for no PIN."
    REAUTHENTICATION_REQUIRED 401 "reauthentication-required"
        "The login is too long ago for this"
        "The access token is good, but what is asked needs a login of the last ten minutes. `WWW-Authenticate` says how old, in seconds, a login may be: `max_age` (RFC 9470)."
        "Let the person log in again with a code, and send the request with the new access token. Refreshing does not help."
    INVALID_REFRESH_TOKEN 401 "invalid-refresh-token"
        "The refresh token cannot be used"
        "The token is not one of this service, is expired, or its session has ended."
        "Forget both tokens and ask the person to log in again."
    REFRESH_TOKEN_REUSED 401 "refresh-token-reused"
        "The refresh token was used before"
        "An older refresh token of the session was shown. Two parties may hold tokens of one login, so the whole session was ended."
        "Forget both tokens and ask the person to log in again. Keep only the newest refresh token, and refresh from one place at a time."
    FOREIGN_ORIGIN 403 "foreign-origin"
        "The page is not one of this service"
        "The refresh token was asked for in a cookie, or the cookie was shown, and the `Origin` header is missing or is not the origin of this service. Nothing was compared or counted."
        "Serve the page from the origin of the service, `PUBLIC_URL`, or under the same origin by a proxy. An app that is no page leaves `refresh_token_in` out and keeps the refresh token itself."
    NOT_FOUND 404 "not-found"
        "There is nothing at this address"
        "The path is not one of the API, or it names something that the caller does not have, such as a session that has ended."
        "Compare the path with `/openapi.json`; mind the base path `/api/v1`. If it names something, read the list of these again."
    UNKNOWN_INVITE_CODE 404 "unknown-invite-code"
        "No user has this invite code"
        "The code is well-formed, but nobody has it, or its owner deleted the account."
        "Let the person compare the code with the invitation."
    METHOD_NOT_ALLOWED 405 "method-not-allowed"
        "The address does not know this method"
        "The path exists, but not with this method. The `Allow` header lists those it knows."
        "Use one of the methods in `Allow`."
    REQUEST_TIMEOUT 408 "request-timeout"
        "The request body took too long"
        "A body has ten seconds to arrive."
        "Send the request again on a better connection."
    CODE_UPGRADED 409 "code-upgraded"
        "A longer code is needed"
        "Since this code was sent, codes of its length were guessed at too often: for this number, from this device, or across the service. The challenge is void; its message does not count against the limits on sending."
        "Ask for a new code with `POST /api/v1/auth/phone` and make the field for it as long as its `code_length` says; most often it is longer. Tell the person to use the new message."
    OWN_INVITE_CODE 409 "own-invite-code"
        "The invite code is your own"
        "A person cannot invite themselves."
        "Enter the code of somebody else."
    INVITE_ALREADY_ACTIVATED 409 "invite-already-activated"
        "An invite code was activated before"
        "A code can be activated once, and the choice is final. `activated_invite_code` is the one that counts; it is absent when an account that had this number in the last 180 days activated one."
        "Show the code that was activated; do not offer to enter another."
    INVITE_WINDOW_CLOSED 409 "invite-window-closed"
        "It is too late to activate an invite code"
        "A code can be activated for some days after the first login; they are over."
        "Do not offer to enter a code any more."
    INVITE_CYCLE 409 "invite-cycle"
        "The code belongs to somebody you invited"
        "The owner of the code was invited by this user, directly or through others."
        "Enter the code of somebody else."
    PHONE_TAKEN 409 "phone-taken"
        "Another account has this number"
        "The code was right, but an account with this number exists. Nothing was changed; the challenge is used up."
        "Let the person log in with that number instead. To have the number for this account, the other one has to be deleted or change its number first."
    PROFILE_CHANGED 412 "profile-changed"
        "The profile was changed meanwhile"
        "The entity tag in `If-Match` is not that of the present profile: another client changed it. Nothing was written."
        "Read the profile, apply the change to what it says now, and send it with the new `ETag`."
    PAYLOAD_TOO_LARGE 413 "payload-too-large"
        "The request body is too large"
        "A body may have 16 KiB, a picture 2 MiB."
        "Send less."
    UNSUPPORTED_MEDIA_TYPE 415 "unsupported-media-type"
        "The request body is of the wrong media type"
        "The `Content-Type` header is missing or names a type this operation does not read, or the body is compressed, or a picture is not of the type that the header names. `detail` says which."
        "Send `Content-Type: application/json`; a PATCH may also be `application/merge-patch+json`; a picture is `image/png`, `image/jpeg` or `image/webp`."
    INVALID_REQUEST 422 "invalid-request"
        "The request does not say what it should"
        "The body is JSON, but a member is missing, unknown, given twice, of the wrong type or out of its bounds. `detail` names the member and the rule. Query parameters and headers are reported in the same way."
        "Correct the member that `detail` names. Nothing was changed."
    INVALID_IMAGE 422 "invalid-image"
        "The picture cannot be used"
        "The body is no picture, or is damaged, has no pixels, has more than 25 megapixels, a side of more than 65,535, or is a WebP with more than 256 KiB that are kept without loss. `detail` says which, and what to send instead."
        "Let the person choose another picture. Nothing was changed."
    INVALID_PHONE 422 "invalid-phone"
        "This is not a telephone number"
        "By the numbering plan of its country the number cannot exist."
        "Let the person correct the number. With the country code, as in +7 999 123-45-67, it is read the same everywhere."
    PHONE_NOT_SUPPORTED 422 "phone-not-supported"
        "This number cannot receive a code"
        "The number exists, but is of a land line, of a service that receives no text messages, or of a country that is not served."
        "Let the person enter a mobile number."
    TOO_MANY_REQUESTS 429 "too-many-requests"
        "Too many requests"
        "A limit is reached: on codes sent to this number, or asked for or entered from this network, or sent to this part of the world or by the whole service; on PINs of this account that were wrong or set, on pictures it sent or exports it asked for, or on invite codes that nobody has. Nothing was sent, compared or counted. `Retry-After` and `retry_after` say in how many seconds to try again."
        "Try again after that time, not before. Offer a countdown; a code that has arrived already may still be entered. An app that keeps the `device_token` of an earlier login and sends it along is not kept waiting by what strangers do to the number."
    INTERNAL_ERROR 500 "internal-error"
        "Something went wrong on our side"
        "A defect of the service. It was logged under `trace_id`."
        "Try again later; if it stays, send the `trace_id` to whoever runs the service."
    SMS_REJECTED 502 "sms-rejected"
        "The message could not be delivered"
        "The SMS provider refused to carry a message to this number; of several, each did. Nothing was sent."
        "Let the person check the number, or use another."
    SMS_UNAVAILABLE 503 "sms-unavailable"
        "Messages cannot be sent at the moment"
        "No SMS provider took the message, or one did not tell whether it did: then `detail` says so, and a message that arrives all the same has a code that opens nothing. `Retry-After` and `retry_after` say in how many seconds to try again."
        "Try again after that time."
    SERVICE_UNAVAILABLE 503 "service-unavailable"
        "The service cannot answer at the moment"
        "The database cannot be reached, does not answer in time, or all connections to it are busy; or as many PINs are being checked, or pictures read, as may be at a time. `Retry-After` and `retry_after` say in how many seconds to try again. A request that was being carried out when this happened may have been carried out all the same."
        "Try again after that time. If a code or a refresh token then counts as used, the first try went through: ask the person to log in again."
}

impl ProblemKind {
    /// The kind with this code.
    #[must_use]
    pub fn find(code: &str) -> Option<&'static Self> {
        Self::ALL.iter().copied().find(|kind| kind.code == code)
    }

    /// The `type` of the problem: a relative reference to its page.
    #[must_use]
    pub fn type_uri(&self) -> String {
        format!("/problems/{}", self.code)
    }

    /// `docs/problems.md`.
    #[must_use]
    pub fn document() -> String {
        use std::fmt::Write;
        let mut text = "# Problems\n\n\
            Every failure is an RFC 9457 problem document (`application/problem+json`) with the members\n\
            `type`, `title`, `status`, `detail`, `code` and `trace_id`, and those named below. `code` is stable:\n\
            switch on it. `type` is the address of the same text as a page of the running service. `trace_id`\n\
            is the request's identifier in the logs.\n\n\
            Only what is not HTTP at all (broken framing, headers beyond 128 KiB or slower than five seconds) is\n\
            refused below the API, with an empty 400, 408 or 431.\n\n\
            This file is made from `src/http/problem_kinds.rs` and kept equal by a test.\n"
            .to_owned();
        for kind in Self::ALL {
            let Self { code, status, title, meaning, remedy } = kind;
            // Writing to a String cannot fail.
            let _ =
                write!(text, "\n## {code}\n\n**{status} · {title}.** {meaning}\n\n*What to do:* {remedy}\n");
        }
        text
    }
}
