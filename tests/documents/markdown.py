"""What a document holds: its blocks, headings and links."""

import re
from dataclasses import dataclass, field
from pathlib import Path

FENCE = re.compile(r"^( *)```([\w-]*)$")
MARK = re.compile(r"^ {0,3}<!--\s*not run:\s*(.*?)\s*-->\s*$")
HEADING = re.compile(r"^#{1,6} +(.*?) *#*$")
# The text of a link may hold code; an image may stand within it.
LINK = re.compile(r"(!?)\[((?:[^\[\]]|!\[[^\]]*\]\([^)]*\))*)\]\(([^)\s]+)\)")
AUTOLINK = re.compile(r"<(https?://[^>\s]+)>")
IMAGE = re.compile(r"<img\b[^>]*>")
ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')


@dataclass
class Block:
    language: str
    code: str
    line: int
    # Why it is not run: the comment right before it. None: there is none, so it is run.
    reason: str = None
    # The block right after it, if that shows an answer.
    answer: "Block" = None
    # Whether this one is the answer of another.
    is_answer: bool = False


@dataclass
class Link:
    target: str
    line: int
    # The alternative text; None: no image.
    alt: str = None


@dataclass
class Document:
    path: Path
    name: str
    blocks: list = field(default_factory=list)
    anchors: set = field(default_factory=set)
    headings: list = field(default_factory=list)
    links: list = field(default_factory=list)
    # Comments that look like a mark and belong to no block: line numbers.
    stray_marks: list = field(default_factory=list)
    prose: str = ""

    def runnable(self):
        return [block for block in self.blocks if block.language == "sh" and block.reason is None]


def read(root, path):
    document = Document(path, path.relative_to(root).as_posix())
    prose, block, indent, before, mark = [], None, 0, None, None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        fence = FENCE.match(line)
        if block is not None:
            if fence and not fence[2]:
                if block.language in ("json", "text") and before and before.language == "sh":
                    before.answer, block.is_answer = block, True
                document.blocks.append(block)
                block, before = None, block
            else:
                block.code += line[min(indent, len(line) - len(line.lstrip(" "))) :] + "\n"
        elif fence:
            indent = len(fence[1])
            block = Block(fence[2], "", number, reason=mark[1] if mark else None)
            mark = None
        elif line.strip():
            if mark:
                document.stray_marks.append(mark[0])
            found = MARK.match(line)
            mark = (number, found[1]) if found else None
            # A mark belongs to the block that follows; anything else parts a block from its answer.
            before = None
            prose.append((number, line))
    if block is not None:
        raise ValueError(f"{document.name}:{block.line}: a block without an end")
    if mark:
        document.stray_marks.append(mark[0])
    for number, line in prose:
        read_prose(document, number, line)
    document.prose = "\n".join(line for _, line in prose)
    return document


def read_prose(document, number, line):
    heading = HEADING.match(line)
    if heading:
        document.headings.append((len(line) - len(line.lstrip("#")), heading[1]))
        anchor, again = slug(heading[1]), 1
        while anchor in document.anchors:
            anchor, again = f"{slug(heading[1])}-{again}", again + 1
        document.anchors.add(anchor)
    bare = re.sub(r"`[^`]*`", lambda code: "`" + "·" * (len(code[0]) - 2) + "`", line)
    for image, text, target in LINK.findall(bare):
        document.links.append(Link(target, number, text if image else None))
        document.links.extend(Link(inner[1], number, inner[0]) for inner in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", text))
    document.links.extend(Link(target, number) for target in AUTOLINK.findall(bare))
    for tag in IMAGE.findall(bare):
        attributes = dict(ATTRIBUTE.findall(tag))
        document.links.append(Link(attributes.get("src", ""), number, attributes.get("alt", "")))


def slug(heading):
    """The anchor that GitHub gives a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
