"""Never build a page from a stale result, whoever starts the build.

Jupyter Book's cache of results knows a notebook by its own code alone: after a change in
`dlbook_utils` or `data` it would show the old results again. So before the first page is read, the
chapters whose results are missing or stale are executed by the same code that `make book` uses.
"""

import sys
from pathlib import Path

from executed import is_chapter
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))

from book import execute  # noqa: E402  the path comes first


def refresh(app: Sphinx) -> None:
    if not execute(Path(app.srcdir)):
        raise ExtensionError("a chapter failed; its first lines stand above")


def read_again(app: Sphinx, env: BuildEnvironment, *lists: set[str]) -> list[str]:
    """Every chapter: Sphinx would keep a page whose results alone have changed."""
    return [name for name in env.found_docs if is_chapter(env, name)]


def setup(app: Sphinx) -> dict:
    app.connect("builder-inited", refresh)
    app.connect("env-get-outdated", read_again)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
