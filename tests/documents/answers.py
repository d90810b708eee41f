"""Whether an answer is what the document shows: the same, but for what is another each time."""

import json
import re

# What a place holds that is another each time. A value of such a member has to be of this form on both sides; what is
# not, has to be the same.
TOKEN = r"eyJ[\w-]+(\.[\w-]*)*…?"
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"
INVITE = r"[0-9A-Z]{6}"
OUR_WORDS = r"localhost: код [а-я ]+ \d{4}\. Никому не говорите\."
# Those of docs/sms.md.
OWN_WORDS = r"Example Bakery: \d{4} is your code to log in\.\nOur staff will never ask for it\."
VARYING = {
    "access_token": TOKEN,
    "refresh_token": TOKEN,
    "challenge_token": TOKEN,
    "device_token": TOKEN,
    "id": UUID,
    "trace_id": UUID,
    "sub": UUID,
    "sid": UUID,
    "created_at": TIME,
    "updated_at": TIME,
    "sent_at": TIME,
    "last_used_at": TIME,
    "invited_at": TIME,
    "exported_at": TIME,
    # Not those of problems, which are words.
    "code": r"\d{4}",
    "text": rf"({OUR_WORDS}|{OWN_WORDS})\n@localhost #\d{{4}}",
    "invite_code": INVITE,
    "activated_invite_code": INVITE,
    "invite_url": rf"http://localhost:8080/i/{INVITE}",
    "avatar_url": r"http://localhost:8080/avatars/\S+",
    "user_agent": r"curl/[\w.-]+",
    "kid": r"[\w-]{43}",
    "x": r"[\w-]{43}",
    "y": r"[\w-]{43}",
}
# The same within text: each is replaced by its name before lines are compared.
WITHIN_TEXT = [
    ("<token>", TOKEN),
    ("<id>", UUID),
    ("<time>", TIME),
    ("<kid>", r"(?<![\w-])[\w-]{43}(?![\w-])"),
]


class Different(AssertionError):
    pass


def compare(block, printed):
    """Raises `Different` where `printed` is not what the block shows."""
    if block.language == "json":
        try:
            answer = json.loads(printed)
        except ValueError:
            raise Different(f"no JSON: {printed!r}") from None
        compare_json("", "answer", json.loads(block.code), answer)
    else:
        compare_text(block.code, printed)


def compare_json(name, path, shown, given):
    if type(shown) is not type(given):
        raise Different(f"{path} is {brief(given)}, not {brief(shown)}")
    if isinstance(shown, dict):
        if shown.keys() != given.keys():
            odd = sorted(shown.keys() ^ given.keys())
            raise Different(f"{path}: members are shown or given, not both: {', '.join(odd)}")
        for member in shown:
            compare_json(member, f"{path}.{member}", shown[member], given[member])
    elif isinstance(shown, list):
        if len(shown) != len(given):
            raise Different(f"{path} has {len(given)} elements, not {len(shown)}")
        for number, (one, other) in enumerate(zip(shown, given)):
            compare_json(name, f"{path}[{number}]", one, other)
    elif shown != given and not (isinstance(shown, str) and vary(name, shown) and vary(name, given)):
        raise Different(f"{path} is {brief(given)}, not {brief(shown)}")


def vary(name, value):
    return name in VARYING and re.fullmatch(VARYING[name], value)


def compare_text(shown, printed):
    """Line by line. A line that is nothing but … stands for any lines, none included."""
    shown, given = ([plain(line) for line in text.strip("\n").split("\n")] for text in (shown, printed))
    pattern = "".join(r"(?:.*\n)*" if line == "…" else re.escape(line) + r"\n" for line in shown)
    if not re.fullmatch(pattern, "".join(f"{line}\n" for line in given)):
        missing = [line for line in shown if line != "…" and line not in given]
        raise Different(f"not given: {missing}; given: {given}" if missing else f"in another order: {given}")


def plain(line):
    line = line.rstrip()
    for name, form in WITHIN_TEXT:
        line = re.sub(form, name, line)
    return line


def brief(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 80 else f"{text[:77]}…"
