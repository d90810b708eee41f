"""One line for each check, and a sum at the end."""

import contextlib
import sys
import time
import traceback

STARTED = time.monotonic()


class Report:
    def __init__(self):
        self.passed = 0
        self.failed = []

    def part(self, title):
        print(f"\n{title}  ({time.monotonic() - STARTED:.0f} s)", flush=True)

    @contextlib.contextmanager
    def check(self, name):
        """What is raised inside is a check that failed; the others go on."""
        try:
            yield
        except Exception as error:
            self.failed.append(name)
            last = traceback.extract_tb(error.__traceback__)[-1]
            print(f"  FAIL {name}", flush=True)
            print(f"       {type(error).__name__}: {error}", flush=True)
            print(f"       {last.filename.rsplit('/', 1)[-1]}:{last.lineno}: {last.line}", flush=True)
        else:
            self.passed += 1
            print(f"  ok   {name}", flush=True)

    def end(self):
        for name in self.failed:
            print(f"\nfailed: {name}", file=sys.stderr, end="")
        print(f"\n{self.passed} passed, {len(self.failed)} failed", flush=True)
        return 1 if self.failed or not self.passed else 0


def equal(given, expected):
    """An assertion that says both sides."""
    assert given == expected, f"{given!r} instead of {expected!r}"


def wait_until(what, seconds, condition):
    """Polls until `condition` gives something, and gives that."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.1)
