"""The settings as the program tells them, beside those of docs/settings.md and .env.example."""

import re
import subprocess

from session import BINARY, ROOT

ROW = re.compile(r"^\| `([A-Z_]+)` \| (.*?) \| .+ \|$", re.MULTILINE)


def of_the_program():
    """Name of each setting, and its default; None: it has none, or does not tell it."""
    told = subprocess.run([BINARY, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout
    settings = {}
    for part in re.split(r"\n(?=      --)", told):
        name = re.search(r"\[env: (\w+)\]", part)
        if name:
            flag = re.match(r" *--([a-z-]+)", part)
            assert flag and flag[1].replace("-", "_").upper() == name[1], f"{name[1]} has another flag: {flag}"
            default = re.search(r"\[default: (.*)\]", part)
            settings[name[1]] = default[1] if default else None
    return settings


def check(report, settings):
    with report.check("phone-auth --help tells settings"):
        assert len(settings) > 20, settings
    rows = dict(ROW.findall((ROOT / "docs/settings.md").read_text()))
    with report.check("docs/settings.md has every setting of phone-auth --help, and no other"):
        assert rows.keys() == settings.keys(), sorted(rows.keys() ^ settings.keys())
    with report.check("docs/settings.md tells the defaults of phone-auth --help"):
        wrong = {name: default for name, default in settings.items() if not tells(rows.get(name, ""), default)}
        assert not wrong, f"other defaults: {wrong}"
    example = (ROOT / ".env.example").read_text()
    lines = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", example, re.MULTILINE))
    with report.check(".env.example has every setting, and no other"):
        assert lines.keys() == settings.keys(), sorted(lines.keys() ^ settings.keys())
    with report.check(".env.example has the defaults of phone-auth --help"):
        given = dict(re.findall(r"^([A-Z_]+)=(.*)$", example, re.MULTILINE))
        wrong = {name: value for name, value in given.items() if settings[name] != value}
        assert not wrong, f"other defaults: {wrong}"


def tells(cell, default):
    return bool(cell) and (default is None or cell == f"`{default}`" or cell.startswith(f"`{default}` ("))
