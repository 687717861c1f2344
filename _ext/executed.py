"""The executed chapters, as the pages about the whole book read them.

They are taken from the cache of results, so that these pages and the chapters show the same run.
"""

from collections.abc import Iterator
from typing import NamedTuple

import nbformat
from jupyter_cache import get_cache
from sphinx.environment import BuildEnvironment


class Executed(NamedTuple):
    """docname: as Sphinx names the page; notebook: with outputs; data: what the run recorded."""

    docname: str
    title: str
    notebook: nbformat.NotebookNode
    data: dict


def executed_chapters(env: BuildEnvironment) -> Iterator[Executed]:
    """Each chapter of the book in the order of its contents."""
    return (executed(env, name) for name in in_reading_order(env) if is_chapter(env, name))


def executed(env: BuildEnvironment, docname: str) -> Executed:
    """One chapter with its outputs and what its run recorded."""
    cache = get_cache(env.mystnb_config.execution_cache_path)
    notebook = nbformat.read(env.doc2path(docname), as_version=4)
    pk, merged = cache.merge_match_into_notebook(notebook)
    data = cache.get_cache_record(pk).data
    return Executed(docname, env.titles[docname].astext(), merged, data)


def is_chapter(env: BuildEnvironment, docname: str) -> bool:
    return env.doc2path(docname).endswith(".ipynb")


def in_reading_order(env: BuildEnvironment) -> list[str]:
    """The pages of the book as its contents list them."""
    found = []

    def visit(docname: str) -> None:
        found.append(docname)
        for child in env.toctree_includes.get(docname, []):
            visit(child)

    visit(env.config.root_doc)
    return found
