"""A book of two chapters in a folder of its own, for the tests of the machinery."""

import functools
import os
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

BOOK = Path(__file__).parents[1]
CONFIG = "title: Stub\nonly_build_toc_files: true\nexecute:\n  execute_notebooks: cache\n"
TOC = """format: jb-book
root: index
chapters:
  - file: chapters/one
  - file: chapters/two
"""


def write_chapter(book: Path, name: str, *cells: str, prose: str = "Some prose.") -> Path:
    """Write chapters/<name>.ipynb with these code cells."""
    cells = [new_code_cell(cell) for cell in cells]
    notebook = new_notebook(cells=[new_markdown_cell(f"# {name}\n\n{prose}"), *cells])
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    path = book / "chapters" / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path


def write_book(book: Path) -> Path:
    """Chapter `one` uses answers.py, which uses numbers.py; chapter `two` uses neither."""
    for folder in ("chapters", "data", "dlbook_utils"):
        (book / folder).mkdir()
    (book / "_config.yml").write_text(CONFIG)
    (book / "_toc.yml").write_text(TOC)
    (book / "index.md").write_text("# Stub\n")
    (book / "dlbook_utils" / "__init__.py").write_text("")
    (book / "dlbook_utils" / "answers.py").write_text("from .numbers import answer\n")
    (book / "dlbook_utils" / "numbers.py").write_text("answer = 'forty-two'\n")
    (book / "dlbook_utils" / "unrelated.py").write_text("colour = 'blue'\n")
    write_chapter(book, "one", "from dlbook_utils.answers import answer", "print(answer)")
    write_chapter(book, "two", "import os\nfrom dlbook_utils import unrelated", "os.listdir()")
    return book


def start_book(book: Path) -> subprocess.Popen:
    """Start tools/book.py there."""
    env = {k: v for k, v in os.environ.items() if k not in ("DLBOOK_PROFILE", "DLBOOK_WORKERS")}
    command = [sys.executable, BOOK / "tools" / "book.py"]
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    # a test run in the background may ignore Ctrl-C, and what it starts would too
    listen = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    return subprocess.Popen(command, cwd=book, env=env, preexec_fn=listen, **pipe)


def make_book(book: Path) -> tuple[int, str]:
    """Run tools/book.py there; return its exit code and what it printed."""
    process = start_book(book)
    said, _ = process.communicate()
    return process.returncode, said
