"""The examples of docs/INTEGRATION.md."""

import re
from pathlib import Path

TEXT = (Path(__file__).resolve().parents[2] / "docs/INTEGRATION.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language):
    return [code for name, code in BLOCK.findall(TEXT) if name == language]


def example(language, addresses):
    """The one example in `language`, with `addresses` in place of the document's."""
    (code,) = blocks(language)
    for documented, actual in addresses.items():
        assert documented in code, f"the example for {language} does not name {documented}"
        code = code.replace(documented, actual)
    return code
