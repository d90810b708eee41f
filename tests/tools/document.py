"""The examples of docs/INTEGRATION.md, and of other documents, for the suites that run them."""

import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language, document="INTEGRATION.md"):
    return [code for name, code in BLOCK.findall((DOCS / document).read_text()) if name == language]


def example(language, addresses, document="INTEGRATION.md"):
    """The one example in `language`, with `addresses` in place of the document's."""
    (code,) = blocks(language, document)
    for documented, actual in addresses.items():
        assert documented in code, f"the example for {language} does not name {documented}"
        code = code.replace(documented, actual)
    return code
