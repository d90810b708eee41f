"""What is built in, by deny.toml: what can be seen without cargo-deny, which takes minutes to build. The whole is
deploy/supply-chain."""

import json
import re
import subprocess
import tomllib
from collections import defaultdict

from programs import TOP

CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"
HOST = "x86_64-unknown-linux-gnu"


def check(report, _venv):
    report.part("Supply chain")
    rules = tomllib.loads((TOP / "deny.toml").read_text())
    packages = {package["id"]: package for package in metadata()["packages"]}
    with report.check("every crate comes from crates.io"):
        foreign = [package["name"] for package in packages.values() if package["source"] not in (None, CRATES_IO)]
        assert len(packages) > 300 and not foreign, foreign
    with report.check("every crate has a licence that deny.toml allows"):
        allowed = set(rules["licenses"]["allow"])
        wrong = [
            (package["name"], package["license"])
            for package in packages.values()
            if not fits(package["license"], allowed)
        ]
        assert not wrong, wrong
    with report.check("what is built in twice is named in deny.toml with a reason, and nothing else is"):
        versions = defaultdict(set)
        for name, version in built_in():
            versions[name].add(version)
        named = defaultdict(set)
        for skip in rules["bans"]["skip"]:
            assert len(skip["reason"].split()) >= 1, skip
            # cargo-deny counts a feature that only the tests switch on.
            if "only the tests" in skip["reason"]:
                continue
            name, version = skip["crate"].split("@")
            named[name].add(version)
        twice = {name: found for name, found in versions.items() if len(found) > 1}
        unexplained = {
            name: found
            for name, found in twice.items()
            if len([each for each in found if not starts(each, named[name])]) > 1
        }
        assert not unexplained, f"no reason for {unexplained}"
        assert named.keys() <= twice.keys(), f"no longer twice: {sorted(named.keys() - twice.keys())}"


def starts(version, prefixes):
    return any(version == prefix or version.startswith(f"{prefix}.") for prefix in prefixes)


def metadata():
    command = ["cargo", "metadata", "--locked", "--format-version=1"]
    return json.loads(subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=True).stdout)


def built_in():
    """Name and version of what is in the binary or builds it."""
    command = [
        "cargo",
        "tree",
        "--locked",
        "--all-features",
        "--target",
        HOST,
        "--edges=normal,build",
        "--prefix=none",
        "--format={p}",
    ]
    told = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^(\S+) v(\S+)", told, re.MULTILINE))


def fits(expression, allowed):
    """Whether an SPDX expression can be met. It is read as Python, with a licence as True or False."""
    if not expression:
        return False
    words = re.findall(r"\(|\)|/|[\w.+~-]+", expression.replace(" WITH ", "~"))
    meaning = {"OR": "or", "/": "or", "AND": "and", "(": "(", ")": ")"}
    return eval(" ".join(meaning.get(word, str(word.replace("~", " WITH ") in allowed)) for word in words), {})
