"""A chapter alone: in Colab, on Kaggle, or as a copy that somebody mailed.

This is also where nbval runs every chapter: a chapter that passes alone passes in the book.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from freshness import PACKAGE, code_of

BOOK = Path(__file__).parents[1]
CHAPTERS = sorted((BOOK / "chapters").glob("*.ipynb"))
NBVAL = ["-m", "pytest", "-q", "--nbval-lax", "--nbval-current-env"]


@pytest.fixture(scope="session")
def repository(package_source) -> str:
    """The address of a repository that holds the package, as pip takes it."""
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "the package"]):
        subprocess.run([*git, *command], cwd=package_source, check=True)
    return f"git+file://{package_source}"


@pytest.fixture
def host(tmp_path) -> Path:
    """A Python with everything that we have but the book's own package.

    It finds our packages through a .pth file; those that lie among them, such as the one of an
    editable install, are not read a second time.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "host"], check=True)
    [packages] = (tmp_path / "host").glob("lib/python*/site-packages")
    (packages / "ours.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return tmp_path / "host" / "bin" / "python"


def run_alone(host, chapter, folder, source) -> subprocess.CompletedProcess:
    """Execute a copy of the chapter with nbval in an empty folder, without a network."""
    (folder / "alone").mkdir()
    shutil.copy(chapter, folder / "alone")
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "DLBOOK_BUILD")}
    env |= {"DLBOOK_SOURCE": source, "PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    env |= dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"], "1")
    command = [host, *NBVAL, chapter.name]
    return subprocess.run(command, cwd=folder / "alone", env=env, capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_runs_alone(chapter, host, repository, tmp_path):
    absent = subprocess.run([host, "-c", f"import {PACKAGE}"], cwd=tmp_path, capture_output=True)
    assert b"ModuleNotFoundError" in absent.stderr
    ran = run_alone(host, chapter, tmp_path, repository)
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr
    passed = int(re.search(r"(\d+) passed", ran.stdout)[1])
    assert passed == len(code_of(chapter))


@pytest.mark.slow
def test_a_lone_chapter_without_a_source_says_what_to_do(host, tmp_path):
    ran = run_alone(host, CHAPTERS[0], tmp_path, source="")
    assert ran.returncode != 0
    assert "dlbook_utils is not here" in ran.stdout


def names_used(code: list[str]) -> str:
    """A program that asks for each name of the package that these cells use."""
    trees = [ast.parse(cell) for cell in code]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    imports = [
        node
        for node in nodes
        if (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE)
        or (isinstance(node, ast.Import) and node.names[0].name.split(".")[0] == PACKAGE)
    ]
    bound = {alias.asname or alias.name.split(".")[0] for node in imports for alias in node.names}
    uses = [
        ast.unparse(node)
        for node in nodes
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in bound
        and isinstance(node.ctx, ast.Load)
    ]
    return "\n".join(dict.fromkeys([*map(ast.unparse, imports), *uses]))


def ask(program: str, wheel: Path, folder: Path) -> subprocess.CompletedProcess:
    env = os.environ | {"PYTHONPATH": str(wheel)}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_the_wheel_holds_every_name_that_a_chapter_uses(chapter, wheel, tmp_path):
    asked = ask(names_used(code_of(chapter)), wheel, tmp_path)
    assert asked.returncode == 0, asked.stderr


@pytest.mark.slow
def test_a_name_that_the_wheel_lacks_is_noticed(wheel, tmp_path):
    cell = "from dlbook_utils import claims, profiles as p\np.start()\nclaims.no_such_name(1)"
    program = names_used([cell])
    assert program.splitlines()[1:] == ["p.start", "claims.no_such_name"]
    assert "no_such_name" in ask(program, wheel, tmp_path).stderr


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_package(wheel):
    files = {f.relative_to(BOOK) for f in (BOOK / PACKAGE).rglob("*") if f.is_file()}
    wanted = {f for f in files if "__pycache__" not in f.parts}
    assert wanted <= {f.relative_to(wheel) for f in wheel.rglob("*")}
