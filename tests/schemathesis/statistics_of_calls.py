"""What became of the calls, for the table at the end."""

import atexit
import json
import os
from collections import Counter


class Statistics:
    def __init__(self, path):
        self.path = path
        self.calls = {}
        self.checks = Counter()
        atexit.register(self.write)

    def note(self, operation, is_valid, status, results):
        mode = "valid" if is_valid else "invalid"
        self.calls.setdefault(operation, Counter())[f"{mode} {status // 100}xx"] += 1
        self.checks.update(result.status.value for result in results)

    def write(self):
        with open(self.path, "w") as file:
            json.dump({"calls": self.calls, "checks": self.checks}, file)


STATISTICS = Statistics(os.environ["STATISTICS"])
