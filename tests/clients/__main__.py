"""Takes the code out of docs/clients.md, generates what it needs, has it checked, and runs it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "tools"))

from document import blocks
from report import Report

DOCUMENT = "clients.md"
DOCUMENTED_ADDRESS = "https://auth.example.com"
FILE_NAME = re.compile(r"(?://|#) ([\w.-]+)\n")


def written(language, folder):
    """The blocks in `language`, each in the file that its first line names."""
    codes = blocks(language, DOCUMENT)
    assert codes, f"{DOCUMENT} has nothing in {language}"
    for code in codes:
        (folder / FILE_NAME.match(code)[1]).write_text(code)


def command_of(program):
    """The one command of the document that starts with `program`, for the service that runs."""
    (command,) = (code for code in blocks("sh", DOCUMENT) if code.startswith(program))
    assert DOCUMENTED_ADDRESS in command, command
    return command.replace(DOCUMENTED_ADDRESS, os.environ["BASE_URL"])


def run(command, folder):
    done = subprocess.run(command, cwd=folder, shell=isinstance(command, str), capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def run_checks(report, command, folder):
    """Runs a program that says of each check how it went, and takes them over into the report."""
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, timeout=600)
    lines = done.stdout.splitlines()
    for line in lines:
        how, name = line.split(" ", 1)
        with report.check(name):
            assert how == "ok", "see above"
    with report.check("nothing else went wrong"):
        assert lines and done.returncode == (1 if any(line.startswith("FAIL") for line in lines) else 0)


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def try_typescript(report, app):
    report.part(f"TypeScript on Node {run(['node', '--version'], app).strip()}")
    written("typescript", app)
    for file in (HERE / "typescript").iterdir():
        shutil.copy(file, app)
    (app / "package.json").write_text('{"type": "module"}\n')
    with report.check("types are generated from the document"):
        run(command_of("npx openapi-typescript"), app)
    with report.check("the compiler agrees with the code, and with nothing that is wrong"):
        run(["../node_modules/.bin/tsc", "--strict", "--noEmit"], app)
    # What was found wrong is said; the code is made all the same.
    subprocess.run(["../node_modules/.bin/tsc"], cwd=app, stdout=subprocess.DEVNULL)
    run_checks(report, ["node", "made/try.js"], app)


def try_python(report, app):
    report.part(f"Python {sys.version.split()[0]}")
    written("yaml", app)
    written("python", app)
    for file in (HERE / "python").iterdir():
        shutil.copy(file, app)
    with report.check("a package is generated from the document, without a warning"):
        run(command_of("openapi-python-client").rstrip() + " --fail-on-warning", app)
    with report.check("mypy --strict agrees with the code"):
        # The generator's own class of a client is not up to it, whatever the document says.
        ours = [file.name for file in app.glob("*.py")]
        run([sys.executable, "-m", "mypy", "--strict", "--follow-imports", "silent", *ours], app)
    run_checks(report, [sys.executable, "try_it.py"], app)


def main(folder):
    report = Report()
    try_typescript(report, fresh(folder / "node/app"))
    try_python(report, fresh(folder / "python"))
    return report.end()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
