"""Runs the parts, or those that were named."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "tools"))

import files
import front
import supply
from report import Report

PARTS = {"files": files.check, "supply": supply.check, "front": front.check}


def main():
    venv, chosen = Path(sys.argv[1]) / "venv", sys.argv[2:] or list(PARTS)
    report = Report()
    for name in chosen:
        PARTS[name](report, venv / "bin")
    return report.end()


sys.exit(main())
