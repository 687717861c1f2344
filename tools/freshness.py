"""What the results of a chapter depend on, beside the chapter's own code.

A stored result may be shown again only while its `dependency_key` is the one of today. Too long a
list of dependencies costs seconds, too short a list shows a reader a stale result; so where this
module cannot know (code that does not parse), it takes the whole package.
"""

import ast
import hashlib
import json
import os
import platform
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

import yaml

PACKAGE = "dlbook_utils"
MAGIC = re.compile(r"^(\s*)[%!].*", re.MULTILINE)
# what no page is made from: `everything_hash` leaves it out
NOT_A_SOURCE = {"_build", "text", "tests", "__pycache__"}


def chapters_of(book: Path) -> list[Path]:
    """The notebooks that _toc.yml names, in the order of reading."""
    contents = yaml.safe_load((book / "_toc.yml").read_text())
    names = [contents["root"], *re.findall(r"'file': '([^']+)'", repr(contents))]
    return [path for name in names if (path := book / f"{name}.ipynb").exists()]


def code_of(notebook: Path) -> list[str]:
    """The code cells, with `pass` in place of IPython's % and ! lines."""
    cells = json.loads(notebook.read_text())["cells"]
    return [
        MAGIC.sub(r"\1pass", "".join(cell["source"]))
        for cell in cells
        if cell["cell_type"] == "code"
    ]


def imported_names(code: str, inside: tuple[str, ...] = ()) -> set[str]:
    """Dotted names that `code` may import; `inside` is its own package, for relative imports."""
    names = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = inside[: len(inside) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            names |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return names


def files_run_by_importing(name: str, book: Path) -> set[Path]:
    """Importing a.b runs a/__init__.py and a/b.py; of names outside the package, nothing counts."""
    parts = name.split(".")
    if parts[0] != PACKAGE:
        return set()
    places = [book.joinpath(*parts[:n]) for n in range(1, len(parts) + 1)]
    files = {f for place in places for f in (place.with_suffix(".py"), place / "__init__.py")}
    return {file for file in files if file.exists()}


def modules_used(codes: Iterable[str], book: Path) -> set[Path]:
    """The package's modules that these pieces of code import, directly or through one another."""
    try:
        names = set().union(*map(imported_names, codes))
        used, new = set(), {f for name in names for f in files_run_by_importing(name, book)}
        while new:
            used |= new
            names = set()
            for file in new:
                names |= imported_names(file.read_text(), file.relative_to(book).parent.parts)
            new = {f for name in names for f in files_run_by_importing(name, book)} - used
        return used
    except SyntaxError:
        return set((book / PACKAGE).rglob("*.py"))


def hash_of(book: Path, files: Iterable[Path], *also: object) -> str:
    """One hash of the names and the contents of these files, and of a few things more."""
    digest = hashlib.sha256(repr(also).encode())
    for file in sorted(files):
        digest.update(f"{file.relative_to(book)}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def files_below(folder: Path) -> set[Path]:
    """Every file in a folder, but not what Python leaves there."""
    return {f for f in folder.rglob("*") if f.is_file() and "__pycache__" not in f.parts}


def profile() -> str:
    return os.environ.get("DLBOOK_PROFILE", "cpu")


def dependency_key(book: Path, notebook: Path) -> str:
    """A hash of all that, beside its own code, a chapter's results depend on."""
    files = modules_used(code_of(notebook), book)
    files |= {f for f in files_below(book / PACKAGE) if f.suffix != ".py"}  # such as scripts
    if (experiments := book / PACKAGE / "experiments") / "__init__.py" not in files:
        files -= files_below(experiments)
    files |= files_below(book / "data")
    files |= {f for f in [book / "requirements.txt"] if f.exists()}
    # of pyproject.toml what the installed package says of itself, not the settings of the linter
    pyproject = book / "pyproject.toml"
    project = tomllib.loads(pyproject.read_text())["project"] if pyproject.exists() else None
    return hash_of(book, files, platform.python_version(), profile(), project)


def everything_hash(book: Path) -> str:
    """A hash of every file that a page may be made from; hidden folders hold none."""
    tops = [t for t in book.iterdir() if t.name not in NOT_A_SOURCE and t.name[0] != "."]
    files = {t for t in tops if t.is_file()}.union(*(files_below(t) for t in tops if t.is_dir()))
    files = {f for f in files if ".ipynb_checkpoints" not in f.parts and ".egg-info" not in str(f)}
    return hash_of(book, files, platform.python_version(), profile())
