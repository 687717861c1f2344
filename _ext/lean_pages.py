"""Leave out of the pages what this book does not use: code that runs cells on a distant server.

Jupyter Book loads the Thebe client on every page, whether or not a book offers it.
"""

from sphinx.application import Sphinx


def without_thebe(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Drop the client's script, style and settings from a page's head."""
    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context[kind] if not is_thebe(file)]


def is_thebe(file) -> bool:
    """Whether a script or style, linked or written into the page, belongs to Thebe."""
    inline = getattr(file, "attributes", {}).get("body") or ""
    return "thebe" in f"{getattr(file, 'filename', file)} {inline}".lower()


def setup(app: Sphinx) -> dict:
    app.connect("html-page-context", without_thebe, priority=900)  # after those who add it
    return {"parallel_read_safe": True, "parallel_write_safe": True}
