"""Put chapters into normal form, and turn them into text for editing and back.

    python tools/notebooks.py text    chapters/*.ipynb -> text/*.md
    python tools/notebooks.py nb      text/*.md -> chapters/*.ipynb, and all chapters to normal form

In normal form a diff shows only what an author changed: no outputs, no counts, ids made from the
cell's own text, and of the metadata only what the book reads.
"""

import hashlib
import json
import re
import sys
from pathlib import Path

import yaml

KEEP = {"tags", "mystnb", "syllabus"}  # of a cell's metadata, what the book reads
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
FIRST_LINE = "# In the book's folder this cell has nothing to do. In Colab, on Kaggle or"
FIRST_CELL = f"""{FIRST_LINE}
# with a lone copy it fetches the book's helpers, and no other package changes.
import importlib.util, os, subprocess, sys

if importlib.util.find_spec("dlbook_utils") is None:
    source = os.environ.get("DLBOOK_SOURCE", "<source>")
    if not source:
        raise ModuleNotFoundError(
            "dlbook_utils is not here. Run this notebook from the book's folder"
            " (make lab), or set DLBOOK_SOURCE to git+ and the address of the"
            " book's repository."
        )
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, source], check=True)
    importlib.invalidate_caches()"""


def first_cell(book: Path) -> dict:
    """The first code cell of every chapter; it knows the repository's address of _config.yml."""
    config = yaml.safe_load((book / "_config.yml").read_text())
    address = (config.get("repository") or {}).get("url")
    code = FIRST_CELL.replace("<source>", f"git+{address}" if address else "")
    return {"cell_type": "code", "source": code, "metadata": {"tags": ["hide-input"]}}


def with_first_cell(cells: list[dict], first: dict) -> list[dict]:
    """The cells with `first` before all other code, in place of an older form of itself."""
    known = ("# first cell", FIRST_LINE)
    rest = [cell for cell in cells if not text_of(cell).startswith(known)]
    at = next((n for n, cell in enumerate(rest) if cell["cell_type"] == "code"), len(rest))
    return [*rest[:at], first, *rest[at:]]


def text_of(cell: dict) -> str:
    """The cell's source without blank lines around it."""
    return re.sub(r"\A\s*\n", "", "".join(cell["source"])).rstrip()


def cell_id(cell: dict, seen: set[str]) -> str:
    """A name made from the cell's own text: an untouched cell keeps its id."""
    base = hashlib.sha1((cell["cell_type"] + "".join(cell["source"])).encode()).hexdigest()[:8]
    name = base
    while name in seen:
        name = f"{base}-{len(seen)}"
    seen.add(name)
    return name


def normal_cell(cell: dict, seen: set[str]) -> dict:
    new = {"cell_type": cell["cell_type"], "source": text_of(cell).splitlines(keepends=True)}
    new["id"] = cell_id(new, seen)
    new["metadata"] = {k: v for k, v in sorted(cell["metadata"].items()) if k in KEEP and v}
    if cell["cell_type"] == "code":
        new |= {"execution_count": None, "outputs": []}
        if "solution" in new["metadata"].get("tags", []):
            new["metadata"]["jupyter"] = {"source_hidden": True}  # folded in JupyterLab too
    return dict(sorted(new.items()))


def normal(notebook: dict, first: dict) -> dict:
    """The notebook in normal form, its first code cell being `first`."""
    seen: set[str] = set()
    cells = with_first_cell([c for c in notebook["cells"] if text_of(c)], first)
    cells = [normal_cell(cell, seen) for cell in cells]
    return {"cells": cells, "metadata": {"kernelspec": KERNEL}, "nbformat": 4, "nbformat_minor": 5}


def dumps(notebook: dict) -> str:
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def to_text(notebook: dict) -> str:
    """The notebook as MyST text."""
    import jupytext
    import nbformat

    return jupytext.writes(nbformat.reads(dumps(notebook), as_version=4), fmt="md:myst")


def from_text(text: str, first: dict) -> dict:
    """The notebook in normal form that this MyST text says."""
    import jupytext

    return normal(jupytext.reads(text, fmt="md:myst"), first)


def write_texts(book: Path) -> None:
    """Write each chapter as text, but never over a text that says more than its chapter."""
    first = first_cell(book)
    (book / "text").mkdir(exist_ok=True)
    for path in sorted((book / "chapters").glob("*.ipynb")):
        notebook = normal(json.loads(path.read_text()), first)
        text = book / "text" / f"{path.stem}.md"
        edited = text.exists() and text.stat().st_mtime > path.stat().st_mtime
        if edited and from_text(text.read_text(), first) != notebook:
            sys.exit(f"text/{text.name} has edits: run `make nb` to keep them, or delete it")
        text.write_text(to_text(notebook))
        print(f"{path.relative_to(book)} -> text/{text.name}")


def write_chapters(book: Path) -> None:
    """Write each text back into its chapter; put every chapter into normal form."""
    first = first_cell(book)
    for text in sorted((book / "text").glob("*.md")):
        path = book / "chapters" / f"{text.stem}.ipynb"
        if path.exists() and path.stat().st_mtime > text.stat().st_mtime:
            print(f"text/{text.name} is older than its chapter: left aside")
            continue
        path.write_text(dumps(from_text(text.read_text(), first)))
    for path in sorted((book / "chapters").glob("*.ipynb")):
        stored = path.read_text()
        wanted = dumps(normal(json.loads(stored), first))
        if stored != wanted:
            path.write_text(wanted)
        print(f"chapters/{path.name} is in normal form")


if __name__ == "__main__":
    {"text": write_texts, "nb": write_chapters}[sys.argv[1]](Path.cwd())
