"""Every sample of the document, run as it stands but for the values of its example."""

import os
import subprocess
import sys
from urllib.parse import urlsplit

import httpx
from report import equal
from service import NUMBERS, Person

LANGUAGES = {
    "curl": ("sample.sh", ["sh", "-e"], ""),
    "JavaScript": (
        "sample.mjs",
        ["node"],
        'import { readFileSync } from "node:fs";\n'
        "const { BASE_URL, ACCESS_TOKEN } = process.env;\n"
        'const file = new Blob([readFileSync("avatar.jpg")]);\n',
    ),
    "Python": (
        "sample.py",
        [sys.executable],
        'import os\n\nBASE_URL, ACCESS_TOKEN = os.environ["BASE_URL"], os.environ["ACCESS_TOKEN"]\n',
    ),
}


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def shown(document, operation_id):
    """The first example of a body, and those of the parameters."""
    operation = next(one for _, _, one in operations(document) if one["operationId"] == operation_id)
    content = next(iter(operation.get("requestBody", {"content": {"": {}}})["content"].values()))
    examples = content.get("examples", {})
    body = next(iter(examples.values()))["value"] if examples else content.get("example")
    return body, {one["name"]: one.get("example") for one in operation.get("parameters", [])}


class Cast:
    """Who the examples speak of, and who stands in for them."""

    def __init__(self, document, url):
        self.url = url
        self.friend = Person(url)
        self.code = shown(document, "verify_code")[0]["code"]
        self.challenge = shown(document, "verify_code")[0]["challenge_token"]
        self.refresh = shown(document, "refresh_tokens")[0]["refresh_token"]
        self.number = shown(document, "request_code")[0]["phone"].strip("+")
        self.next_number = shown(document, "change_phone")[0]["phone"].strip("+")
        self.invite = shown(document, "activate_invite")[0]["invite_code"]
        self.session = shown(document, "end_session")[1]["id"]
        self.avatar = shown(document, "show_avatar")[1]["hash"]

    def play(self, operation_id):
        """A new person for this operation, and what to say instead of each value of the examples."""
        ada = Person(self.url)
        digits, next_digits = ada.digits, str(next(NUMBERS))
        values = {
            self.number: digits,
            self.next_number: next_digits,
            self.refresh: ada.login["refresh_token"],
            self.invite: self.friend.login["user"]["invite_code"],
            self.session: ada.ask("GET", "/api/v1/sessions").json()["items"][0]["id"],
        }
        if operation_id in ("verify_code", "verify_phone"):
            step, to = ("auth", digits) if operation_id == "verify_code" else ("profile", next_digits)
            sent = ada.ask("POST", f"/api/v1/{step}/phone", json={"phone": f"+{to}"}).json()
            values |= {self.challenge: sent["challenge_token"], self.code: ada.code(to)}
        if operation_id == "show_avatar":
            values[self.avatar] = ada.set_avatar().rsplit("/", 1)[1]
        return ada, values


def check_samples(report, document, url, witness, folder):
    cast = Cast(document, url)
    # A JPEG of the service's own making.
    picture = urlsplit(cast.friend.set_avatar()).path
    (folder / "avatar.jpg").write_bytes(httpx.get(f"{url}{picture}").content)
    for method, path, operation in operations(document):
        samples = {sample["label"]: sample["source"] for sample in operation["x-codeSamples"]}
        for label, (file, command, before) in LANGUAGES.items():
            with report.check(f"{operation['operationId']}: {label}"):
                ada, values = cast.play(operation["operationId"])
                source = samples[label]
                for value, real in values.items():
                    source = source.replace(value, real)
                (folder / file).write_text(f"{before}{source}\n")
                env = {**os.environ, "BASE_URL": witness.url, "ACCESS_TOKEN": ada.login["access_token"]}
                done = subprocess.run([*command, file], cwd=folder, env=env, capture_output=True, text=True)
                equal((done.returncode, done.stderr if label != "curl" else ""), (0, ""))
                check_seen(witness.take(), method, path, operation)


def check_seen(seen, method, path, operation):
    """One request, of the method and to the path of the operation, which was answered as the document shows first."""
    [(sent, address, has_token, status)] = seen
    parts = zip(path.split("/"), urlsplit(address).path.split("/"), strict=True)
    assert sent == method and all(part == given or "{" in part for part, given in parts), f"{sent} {address}"
    equal(has_token, bool(operation["security"]))
    success = next(status for status in operation["responses"] if status.startswith("2"))
    equal(str(status), success)
