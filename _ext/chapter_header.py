"""Under each chapter's title: how long it takes to read and to run, as measured by its own run."""

import re

from docutils import nodes
from executed import Executed, executed, is_chapter
from sphinx.application import Sphinx

WORDS_PER_MINUTE = 220
LINES_PER_MINUTE = 25  # of code, read with understanding
FOLDED = {"hide-input", "hide-cell", "exercise"}  # one may read on without them


def minutes_to_read(notebook) -> int:
    """A rough guess without the exercises, rounded up to five minutes."""
    words = lines = 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            words += len(re.findall(r"\w+", cell.source))
        elif not FOLDED & set(cell.metadata.get("tags", [])):
            lines += len(re.findall(r"^.*\S", cell.source, re.MULTILINE))
    return -(-(words / WORDS_PER_MINUTE + lines / LINES_PER_MINUTE) // 5) * 5


def sentence(chapter: Executed) -> str:
    seconds, mib = chapter.data["execution_seconds"], chapter.data["peak_mib"]
    return (
        f"About {minutes_to_read(chapter.notebook):.0f} minutes to read. "
        f"All {chapter.data['cells']} code cells ran in {seconds:.0f} seconds on one core, "
        f"in {mib:.0f} MiB of memory, with the profile {chapter.data['profile']}."
    )


def add(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    if is_chapter(app.env, docname):
        title = next(doctree.findall(nodes.title))
        text = sentence(executed(app.env, docname))
        header = nodes.paragraph("", text, classes=["dl-header"])
        title.parent.insert(title.parent.index(title) + 1, header)


def setup(app: Sphinx) -> dict:
    app.connect("doctree-resolved", add)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
