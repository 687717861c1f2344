"""`make book` on a small book: never a stale result, never a hidden failure."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from execution import cache_of, drop_stale, execute_all
from jupyter_cache.base import CacheBundleIn
from stub_book import BOOK, make_book, start_book, write_book, write_chapter

pytestmark = pytest.mark.slow


@pytest.fixture
def book(tmp_path):
    return write_book(tmp_path)


def execute(book, **options):
    """Execute what needs it; the state in which each chapter ended."""
    runs = asyncio.run(execute_all(book, workers=2, watch=lambda runs: None, **options))
    return {run.chapter.stem: run for run in runs}


def states(book):
    return {name: run.state for name, run in execute(book).items()}


def output(book, name):
    """What the last code cell of a chapter shows, as Jupyter Book would take it from the cache."""
    notebook = nbformat.read(book / "chapters" / f"{name}.ipynb", as_version=4)
    _, merged = cache_of(book).merge_match_into_notebook(notebook)
    [shown] = merged.cells[-1].outputs
    return shown.get("text") or shown["data"]["text/plain"]


def test_a_result_is_kept_until_it_is_no_longer_true(book):
    assert states(book) == {"one": "done", "two": "done"}
    assert output(book, "one") == "forty-two\n"
    assert output(book, "two") == "[]", "a chapter runs in an empty folder"

    cells = ["from dlbook_utils.answers import answer", "print(answer)"]
    write_chapter(book, "one", *cells, prose="Other prose.")
    assert states(book) == {"one": "cached", "two": "cached"}, "prose needs no execution"

    (book / "dlbook_utils" / "numbers.py").write_text("answer = 'forty-three'\n")
    assert states(book) == {"one": "done", "two": "cached"}
    assert output(book, "one") == "forty-three\n"


def test_a_result_without_a_known_origin_is_dropped(book):
    notebook = nbformat.read(book / "chapters" / "two.ipynb", as_version=4)
    states(book)
    as_mystnb_stores_it = CacheBundleIn(notebook, "two.ipynb", data={"execution_seconds": 1.0})
    cache_of(book).cache_notebook_bundle(as_mystnb_stores_it, check_validity=False, overwrite=True)
    assert [path.stem for path in drop_stale(book)] == ["two"]


def test_a_run_says_what_it_cost(book):
    states(book)
    for record in cache_of(book).list_cache_records():
        assert record.data["cells"] == 2
        assert 0 < record.data["execution_seconds"] < 60
        assert 20 < record.data["peak_mib"] < 1000
        assert record.data["versions"]["Python"]


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import os; os._exit(9)", "the kernel died"),
        ("while True: pass", "ran for more than"),
    ],
)
def test_a_failure_is_named_and_the_others_finish(book, cell, says):
    write_chapter(book, "one", "import dlbook_utils", f"\n{cell}\nprint('never')")
    runs = execute(book, timeout=3)
    assert runs["two"].state == "done"
    assert runs["one"].state == "failed"
    assert says in runs["one"].error
    assert cell in runs["one"].error, "the cell's first line"
    assert [path.stem for path in drop_stale(book)] == ["one"], "a failed chapter has no result"


def test_an_interruption_stops_the_kernels_and_the_next_run_is_whole(book):
    started = book / "started"
    says_who = (
        f"import os, pathlib, time\npathlib.Path({str(started)!r}).write_text(str(os.getpid()))"
    )
    write_chapter(book, "one", says_who, "time.sleep(99)")
    process = start_book(book)
    wait_for(lambda: started.exists() and started.read_text(), process)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "Stopped" in said
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)
    write_chapter(book, "one", "1 + 1")
    assert states(book)["one"] == "done"


def wait_for(condition, process):
    """Wait until it holds, while the process lives."""
    while not condition():
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)


def test_a_bare_build_shows_no_stale_result_either(book):
    with (book / "_config.yml").open("a") as config:
        config.write(f"sphinx:\n  local_extensions:\n    fresh_results: {BOOK / '_ext'}\n")
    command = [Path(sys.executable).with_name("jupyter-book"), "build", "."]
    page = book / "_build" / "html" / "chapters" / "one.html"
    for answer in ("forty-two", "forty-three"):
        (book / "dlbook_utils" / "numbers.py").write_text(f"answer = {answer!r}\n")
        built = subprocess.run(command, cwd=book, capture_output=True, text=True)
        assert built.returncode == 0, built.stderr
        assert answer in page.read_text()


def test_the_command_builds_then_rests_then_fails_where_it_must(book):
    code, said = make_book(book)
    page = book / "_build" / "html" / "chapters" / "one.html"
    assert code == 0, said
    assert "forty-two" in page.read_text()

    code, said = make_book(book)
    assert (code, "Nothing has changed" in said) == (0, True)

    (book / "dlbook_utils" / "numbers.py").write_text("answer = 'forty-three'\n")
    assert make_book(book)[0] == 0
    assert "forty-three" in page.read_text()
    assert "forty-two" not in page.read_text()

    (book / "index.md").write_text("# Stub\n\nSee [nothing](no-such-page.md).\n")
    code, said = make_book(book)
    assert code == 1
    assert "WARNING" in said
    assert "no-such-page" in said
    assert make_book(book)[0] == 1, "a failed build is not taken for a finished one"

    write_chapter(book, "one", "1 / 0")
    code, said = make_book(book)
    assert code == 1
    for part in ("chapters/one.ipynb", "1 / 0", "ZeroDivisionError: division by zero"):
        assert part in said
    assert "Building" not in said
