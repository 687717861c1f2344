"""What the tests of the book's machinery share."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BOOK = Path(__file__).parents[1]


@pytest.fixture
def book_style():
    """The plot style of the chapters, and no figures left behind."""
    import matplotlib.pyplot as plt

    from dlbook_utils.figures import STYLE

    with plt.rc_context(STYLE):
        yield
    plt.close("all")


@pytest.fixture(scope="session")
def package_source(tmp_path_factory) -> Path:
    """A copy of what the package is built from: a build leaves files beside its sources."""
    folder = tmp_path_factory.mktemp("source")
    shutil.copy(BOOK / "pyproject.toml", folder)
    shutil.copytree(
        BOOK / "dlbook_utils", folder / "dlbook_utils", ignore=shutil.ignore_patterns("__pycache__")
    )
    return folder


@pytest.fixture(scope="session")
def wheel(package_source, tmp_path_factory) -> Path:
    """The package's wheel, unpacked: what a reader who installs it gets."""
    folder = tmp_path_factory.mktemp("wheel")
    offline = ["--no-deps", "--no-index", "--no-build-isolation"]
    command = [sys.executable, "-m", "pip", "wheel", "-q", *offline, "-w", folder, package_source]
    subprocess.run(command, check=True)
    [file] = folder.glob("*.whl")
    shutil.unpack_archive(file, folder / "unpacked", "zip")
    return folder / "unpacked"
