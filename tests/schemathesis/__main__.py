"""Runs Schemathesis, shows what became of its calls, and sees to it that the run was worth something."""

import json
import os
import subprocess
import sys
from pathlib import Path

from calls import print_table

HERE = Path(__file__).parent
# Of the calls of an operation that the document allows. Codes, tokens and identifiers that are made up are refused.
LEAST_CARRIED_OUT = 0.5


def main(folder, *arguments):
    calls, report = folder / "calls.json", folder / "report.json"
    for old in (calls, report):
        old.unlink(missing_ok=True)
    command = [Path(sys.executable).with_name("schemathesis"), "--config-file", HERE / "schemathesis.toml"]
    command += ["run", f"{os.environ['BASE_URL']}/openapi.json", "--checks", "all", "--no-color"]
    command += ["--report", "json", "--report-json-path", report, *arguments]
    environment = {**os.environ, "CALLS": str(calls), "PYTHONPATH": str(HERE)}
    done = subprocess.run(command, cwd=HERE, env=environment, check=False)
    if not report.exists() or not calls.exists():
        sys.exit("Schemathesis did not come to its end")

    failed = json.loads(report.read_text())["test_cases"]["with_failures"]
    carried_out = print_table(json.loads(calls.read_text()))
    idle = [operation for operation, share in carried_out.items() if share < LEAST_CARRIED_OUT]
    for operation in idle:
        print(f"{operation}: hardly anything was carried out; what is missing are values that are real (hooks.py)")
    total = json.loads(report.read_text())["test_cases"]["generated"]
    print(f"\n{total - failed} passed, {failed + len(idle)} failed")
    return 1 if done.returncode or failed or idle or not total else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), *sys.argv[2:]))
