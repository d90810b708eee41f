"""One line for each check, and a sum at the end."""

import contextlib
import time

STARTED = time.monotonic()


class Report:
    """What was checked. A document that runs beside others has one of its own, which is added when it is through."""

    def __init__(self):
        self.lines, self.passed, self.failed, self.skipped = [], 0, [], []

    @contextlib.contextmanager
    def check(self, name):
        """What is raised inside is a check that failed; the others go on."""
        try:
            yield
        except (AssertionError, OSError, ValueError) as error:
            self.failed.append(name)
            self.lines.append(f"  FAIL {name}")
            self.lines.extend(f"       {line}" for line in str(error).splitlines())
        else:
            self.passed += 1
            self.lines.append(f"  ok   {name}")

    def skip(self, name, reason):
        self.skipped.append(name)
        self.lines.append(f"  skip {name}: {reason}")

    def print(self, title):
        """Says what there is to say so far."""
        print(f"\n{title}  ({time.monotonic() - STARTED:.0f} s)", *self.lines, sep="\n", flush=True)
        self.lines = []

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def end(self):
        for name in self.failed:
            print(f"\nfailed: {name}", end="")
        print(f"\n{len(self.skipped)} blocks not run, each with its reason above")
        print(f"{self.passed} passed, {len(self.failed)} failed", flush=True)
        return 1 if self.failed or not self.passed else 0
