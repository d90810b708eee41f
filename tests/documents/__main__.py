"""The order of things: what can be read is checked first, then every document with blocks is run beside others.

Arguments are the documents to run, such as docs/tutorial.md; none: all."""

import json
import re
import signal
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "tools"))

import answers
import settings
from markdown import read
from report import Report
from session import API, ROOT, Failed, Session

# Who runs the blocks that are not in sh, and those of text that are nobody's answer.
RUN_ELSEWHERE = {
    ("docs/INTEGRATION.md", "python"): "tests/integration/resource_servers.py",
    ("docs/INTEGRATION.md", "javascript"): "tests/integration/resource_servers.py",
    ("docs/INTEGRATION.md", "nginx"): "tests/integration/gateway.py",
    ("docs/INTEGRATION.md", "yaml"): "tests/integration/gateway.py",
    ("docs/OPERATIONS.md", "promql"): "tests/binary/metrics.rs",
    ("docs/OPERATIONS.md", "yaml"): "tests/integration/run",
    ("docs/OPERATIONS.md", "sql"): "tests/pgbouncer/people.py",
    ("docs/WEBHOOKS.md", "python"): "tests/integration/webhooks.py",
    ("docs/clients.md", "typescript"): "tests/clients/run",
    ("docs/clients.md", "javascript"): "tests/clients/run",
    ("docs/clients.md", "python"): "tests/clients/run",
    ("docs/clients.md", "yaml"): "tests/clients/run",
    ("docs/DEPLOY.md", "ini"): "tests/deploy/files.py",
    ("docs/DEPLOY.md", "yaml"): "tests/deploy/files.py",
}
# What is looked at and not run.
SHOWN = {
    ("docs/events.md", "http"): "a message; tests/integration/webhooks.py has those of a running service verified",
}
# Starts the service, with settings before it or flags behind.
START = re.compile(r"^([A-Z_]+=\S+ )*\./run( --\S+| serve)*$", re.MULTILINE)
REPOSITORY_PATH = re.compile(r"`((?:src|tests|docs|migrations|deploy|examples|benches)/[\w./-]*)(?:::\w+)?`")


def documents():
    names = ["README.md", "README.ru.md", *sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/*.md"))]
    return [read(ROOT, ROOT / name) for name in names]


def beside():
    """Documents without blocks to run, whose links count all the same."""
    names = ["SECURITY.md", "CHANGELOG.md", *sorted(path.relative_to(ROOT) for path in ROOT.glob("docs/*/*.md"))]
    return [read(ROOT, ROOT / name) for name in names]


def check_blocks(report, document):
    """Each block is run here, is an answer, or is somebody else's."""
    for line in document.stray_marks:
        with report.check(f"{document.name}:{line}"):
            raise AssertionError("`not run` stands before no block")
    for block in document.blocks:
        name, key = f"{document.name}:{block.line} ({block.language or 'no language'})", (document.name, block.language)
        if block.reason is not None:
            with report.check(f"{name} says why it is not run"):
                assert block.language == "sh", "only blocks in sh are run, or not"
                assert len(block.reason.split()) >= 3, "a reason is needed: <!-- not run: reason -->"
        elif block.language == "sh" or block.is_answer:
            continue
        elif key in RUN_ELSEWHERE:
            with report.check(f"{name} is run by {RUN_ELSEWHERE[key]}"):
                assert (ROOT / RUN_ELSEWHERE[key]).exists(), "which is not there"
        elif block.language == "json":
            with report.check(f"{name} is JSON"):
                json.loads(block.code)
        else:
            with report.check(f"{name} is {SHOWN.get(key, 'run by somebody')}"):
                assert key in SHOWN, "nobody runs it: see RUN_ELSEWHERE in tests/documents/__main__.py"


def check_links(report, document, known):
    for link in document.links:
        with report.check(f"{document.name}:{link.line} → {link.target}"):
            assert link.alt is None or link.alt.strip(), "a picture without words"
            if re.match(r"[a-z]+:", link.target):
                continue
            path, _, anchor = link.target.partition("#")
            target = (document.path.parent / path).resolve() if path else document.path
            assert target.exists(), "there is no such file"
            assert target.is_relative_to(ROOT), "outside of the repository"
            if anchor and target.suffix == ".md":
                if target not in known:
                    known[target] = read(ROOT, target)
                assert anchor in known[target].anchors, "there is no such heading"


def check_paths(report, document):
    """Files that a document names in its prose are there."""
    with report.check(f"{document.name} names files that are there"):
        missing = {path for path in REPOSITORY_PATH.findall(document.prose) if not (ROOT / path).exists()}
        assert not missing, sorted(missing)


def check_translation(report, original, translation):
    with report.check(f"{translation.name} has the blocks of {original.name}"):
        ours, theirs = ([(block.language, block.code) for block in one.blocks] for one in (original, translation))
        assert ours == theirs, [block for block in ours + theirs if (block in ours) != (block in theirs)]
    with report.check(f"{translation.name} has the links of {original.name}"):
        ours, theirs = ([link.target for link in one.links] for one in (original, translation))
        ours = [translation.name if link == original.name else link for link in ours]
        theirs = [translation.name if link == original.name else link for link in theirs]
        assert sorted(ours) == sorted(theirs), set(ours) ^ set(theirs)
    with report.check(f"{translation.name} has the sections of {original.name}"):
        ours, theirs = ([level for level, _ in one.headings] for one in (original, translation))
        assert ours == theirs, (original.headings, translation.headings)


def run(document, pages):
    """Runs the blocks of one document, and asks for the pages of the service that documents link to."""
    report = Report(held=True)
    blocks = document.runnable()
    for block in document.blocks:
        if block.reason is not None:
            report.skip(f"{document.name}:{block.line} {first_line(block)}", block.reason)
    if blocks:
        with report.check(f"{document.name}: its service ends in order"):
            session = Session(settings.of_the_program())
            try:
                run_blocks(report, document, blocks, session)
                for page in pages:
                    with report.check(f"{page} is there"):
                        session.status_of(page)
            finally:
                session.end()
    return report


def run_blocks(report, document, blocks, session):
    if not START.search(blocks[0].code):
        session.run("./run")
    for number, block in enumerate(blocks, 1):
        with report.check(f"{document.name}:{block.line} {first_line(block)}"):
            printed = session.run(block.code)
            if block.answer:
                answers.compare(block.answer, printed)
            else:
                assert '"trace_id"' not in printed, f"a failure that the document does not show: {printed}"
        if session.has_ended() and number < len(blocks):
            with report.check(f"{document.name}: the {len(blocks) - number} blocks behind it"):
                raise Failed("not run: the shell ended")
            break


def first_line(block):
    return block.code.strip().split("\n")[0].rstrip(" \\")[:70]


def main():
    report, everything = Report(), documents()
    report.part("What can be read")
    others = beside()
    known = {document.path: document for document in everything + others}
    for document in everything + others:
        check_blocks(report, document)
        check_links(report, document, known)
        if document in others and document.runnable():
            with report.check(f"{document.name} has no blocks to run"):
                raise AssertionError("documents() has those whose blocks are run")
        if document.name != "CHANGELOG.md":
            check_paths(report, document)
    check_translation(report, everything[0], everything[1])
    settings.check(report, settings.of_the_program())

    pages = sorted({link.target for document in everything for link in document.links if f"//{API}" in link.target})
    # Those that take longest begin first.
    wanted = [document for document in everything if document.name in sys.argv[1:] or not sys.argv[1:]]
    wanted.sort(key=lambda document: -sum(block.code.count("sleep") + 1 for block in document.runnable()))
    with ThreadPoolExecutor(4) as pool:
        try:
            running = {
                pool.submit(run, document, pages if document.name == "README.md" else []): document.name
                for document in wanted
            }
            for one in as_completed(running):
                report.add(one.result(), running[one])
        finally:
            # Told to stop, it begins with no other.
            pool.shutdown(wait=False, cancel_futures=True)
    return report.end()


if __name__ == "__main__":
    # Told to stop, it stops what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
