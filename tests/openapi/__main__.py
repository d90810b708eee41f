"""The document against the rules of others, then its samples against the service."""

import json
import os
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "tools"))

from report import Report
from rules import check_rules
from samples import check_samples
from service import Witness

FILE = Path(__file__).resolve().parents[2] / "docs/openapi.json"


def main(work):
    report = Report()
    document = json.loads(FILE.read_text())
    check_rules(report, document, FILE, work / "node")
    url = os.environ["BASE_URL"]
    with tempfile.TemporaryDirectory() as folder:
        check_samples(report, document, url, Witness(url), Path(folder))
    return report.end()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
