"""One line for each check, and a sum at the end."""

import contextlib


class Report:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    @contextlib.contextmanager
    def check(self, name):
        """What is raised inside is a check that failed; the others go on."""
        try:
            yield
        except Exception as error:
            self.failed += 1
            print(f"  FAIL {name}\n       {type(error).__name__}: {error}", flush=True)
        else:
            self.passed += 1
            print(f"  ok   {name}", flush=True)

    def end(self):
        print(f"\n{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed or not self.passed else 0


def equal(given, expected):
    """An assertion that says both sides."""
    assert given == expected, f"{given!r} instead of {expected!r}"
