"""One line for each check, and a sum at the end. For every suite in Python."""

import contextlib
import time
import traceback

STARTED = time.monotonic()


class Report:
    """What was checked. It is printed as it comes; one of work beside other work is `held` until that is through, and
    then added to the whole."""

    def __init__(self, held=False):
        self.passed, self.failed, self.skipped = 0, [], []
        self.lines = [] if held else None

    def say(self, *lines):
        if self.lines is None:
            print(*lines, sep="\n", flush=True)
        else:
            self.lines.extend(lines)

    def part(self, title):
        self.say(f"\n{title}  ({time.monotonic() - STARTED:.0f} s)")

    @contextlib.contextmanager
    def check(self, name):
        """What is raised inside is a check that failed; the others go on."""
        try:
            yield
        except Exception as error:
            self.failed.append(name)
            # Not the assertion below, but who made it.
            last = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__][-1]
            text = f"{type(error).__name__}: {error}\n{last.filename.rsplit('/', 1)[-1]}:{last.lineno}: {last.line}"
            self.say(f"  FAIL {name}", *(f"       {line}" for line in text.splitlines()))
        else:
            self.passed += 1
            self.say(f"  ok   {name}")

    def skip(self, name, reason):
        self.skipped.append(name)
        self.say(f"  skip {name}: {reason}")

    def add(self, other, title):
        """Takes over one that was held, under a title of its own."""
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        if other.lines:
            self.part(title)
            self.say(*other.lines)

    def end(self):
        """The exit status: a run without a check is none."""
        self.say("", *(f"failed: {name}" for name in self.failed))
        if self.skipped:
            self.say(f"{len(self.skipped)} not run, each with its reason above")
        self.say(f"{self.passed} passed, {len(self.failed)} failed")
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
