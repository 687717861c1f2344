"""`make book`: execute the chapters that need it, build the pages, say where they are.

Run in the book's folder. `--fresh` builds the pages even where nothing has changed.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from freshness import chapters_of, everything_hash

WORKERS = int(os.environ.get("DLBOOK_WORKERS", "2"))
TERMINAL = sys.stdout.isatty()
ANSI = re.compile(r"\x1b\[[0-9;]*m")


class Progress:
    """One line for each change of a chapter; on a terminal, a last line that moves."""

    def __init__(self):
        self.said = {}

    def __call__(self, runs) -> None:
        for run in runs:
            if run.state not in ("waiting", self.said.get(run.chapter)):
                self.said[run.chapter] = run.state
                took = f"{run.seconds:6.1f} s" if run.state in ("done", "failed") else ""
                self.line(f"  {run.chapter.stem:<24} {run.state:<8}{took}")
        if TERMINAL:
            running = [
                f"{r.chapter.stem} {r.cell}/{r.cells} {time.monotonic() - r.began:.0f} s"
                for r in runs
                if r.state == "running"
            ]
            print("\r\x1b[K" + ", ".join(running), end="", flush=True)

    def line(self, text: str) -> None:
        print(("\r\x1b[K" if TERMINAL else "") + text, flush=True)


def execute(book: Path) -> bool:
    """Execute what needs it; say what failed. True if every chapter has its results."""
    import asyncio

    from execution import execute_all

    print(f"Executing chapters, {WORKERS} at a time", flush=True)
    runs = asyncio.run(execute_all(book, WORKERS, Progress()))
    failed = [run for run in runs if run.state == "failed"]
    for run in failed:
        log = book / "_build" / f"{run.chapter.stem}.error.txt"
        log.parent.mkdir(exist_ok=True)
        log.write_text(ANSI.sub("", run.traceback) + "\n")
        where = run.chapter.relative_to(book)
        print(f"\n{where} failed {run.error}\n      traceback: {log.relative_to(book)}")
    return not failed


def write_run(book: Path) -> None:
    """Write _build/run.json: what the run of each chapter measured."""
    from execution import cache_of, record_of

    cache = cache_of(book)
    runs = {chapter.stem: record_of(cache, chapter).data for chapter in chapters_of(book)}
    (book / "_build" / "run.json").write_text(json.dumps(runs, indent=1) + "\n")


def build(book: Path) -> bool:
    """Build all pages from nothing: a build on top of another does not repeat its warnings."""
    for old in ("html", ".doctrees", "jupyter_execute"):
        shutil.rmtree(book / "_build" / old, ignore_errors=True)
    print("Building the pages", flush=True)
    command = Path(sys.executable).with_name("jupyter-book")
    log = book / "_build" / "build.log"
    with log.open("w") as output:
        code = subprocess.run(
            [command, "build", ".", "-n", "-W", "--keep-going"],
            cwd=book,
            stdout=output,
            stderr=subprocess.STDOUT,
        ).returncode
    lines = ANSI.sub("", log.read_text()).splitlines()
    faults = [line for line in lines if re.search(r"\b(WARNING|ERROR|CRITICAL)\b", line)]
    whole = (book / "_build" / "html" / "index.html").exists()
    if code == 0 and whole and not faults:
        return True
    print(*(faults or lines[-20:]), sep="\n")
    print(f"\nThe pages could not be built cleanly; all of it: {log.relative_to(book)}")
    return False


def main(book: Path, fresh: bool) -> int:
    index, stamp = book / "_build" / "html" / "index.html", book / "_build" / "built_from"
    sources = everything_hash(book)
    if not fresh and index.exists() and stamp.exists() and stamp.read_text() == sources:
        print("Nothing has changed since the last build.")
    else:
        stamp.unlink(missing_ok=True)
        if not execute(book):
            return 1
        write_run(book)
        if not build(book):
            return 1
        stamp.write_text(sources)
    print(f"Open {index.relative_to(book)} in a browser:\n  {index.as_uri()}")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fresh", action="store_true")
    try:
        sys.exit(main(Path.cwd(), parser.parse_args().fresh))
    except KeyboardInterrupt:
        sys.exit("\nStopped. Finished chapters are kept; the next run goes on from there.")
