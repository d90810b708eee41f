"""What became of the calls, for the table at the end."""

import atexit
import json
import os
from collections import Counter


class Calls:
    def __init__(self):
        self.of = {}

    def note(self, operation, is_allowed, status):
        kind = "allowed" if is_allowed else "forbidden"
        self.of.setdefault(operation, Counter())[f"{kind} {status // 100}xx"] += 1

    def write(self):
        with open(os.environ["CALLS"], "w") as file:
            json.dump(self.of, file)


CALLS = Calls()
if "CALLS" in os.environ:
    atexit.register(CALLS.write)


def print_table(of):
    """Of the calls that the document allows, how many the service carried out; of those that it forbids, how many it
    refused."""
    print(f"\n{'':42} allowed  carried out  forbidden  refused")
    shares = {}
    for operation, count in sorted(of.items(), key=lambda item: item[0].split()[::-1]):
        allowed, forbidden = (sum(count[key] for key in count if key.startswith(kind)) for kind in ("allowed", "forbidden"))
        carried_out = count.get("allowed 2xx", 0) + count.get("allowed 3xx", 0)
        shares[operation] = carried_out / allowed if allowed else 0
        refused = count.get("forbidden 4xx", 0)
        print(f"{operation:42} {allowed:7} {carried_out:6} {shares[operation]:5.0%} {forbidden:10} {refused:8}")
    print("Forbidden and not refused is what the service never looks at: a header that is not in the document, the")
    print("type of a body that is not there, an empty list in the query.")
    return shares
