"""Keep the pages to themselves.

Jupyter Book loads on every page a client, Thebe, that runs cells on a distant server; this book
does not use it and leaves it out. And each page carries a policy by which the browser refuses
whatever would come from another server: no mistake of ours can tell anybody what you read.
"""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

# the theme and Jupyter Book write scripts and styles into their pages: hence 'unsafe-inline'
POLICY = {
    "default-src": "'none'",
    "script-src": "'self' 'unsafe-inline'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "font-src": "'self' data:",
    "form-action": "'self'",
    "base-uri": "'none'",
}


def with_mathematics_in_parts(app: Sphinx, config: Config) -> None:
    """Load MathJax part by part, as `mathjax3_config` says, not as one file with all of them."""
    config.mathjax_path = "mathjax/startup.js"


def with_policy(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Write the policy into a page's head; a reader for EPUBs has its own."""
    if app.builder.name == "epub":
        return
    policy = "; ".join(f"{what} {whom}" for what, whom in POLICY.items())
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    context["metatags"] = f"{meta}\n{context.get('metatags', '')}"


def without_thebe(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Drop the client's script, style and settings from a page's head."""
    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context[kind] if not is_thebe(file)]


def without_thebes_settings(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Drop the client's settings from a page's body."""
    for node in list(doctree.findall(nodes.raw)):
        if "x-thebe-config" in node.astext() or node.astext().startswith("<script>kernelName"):
            node.parent.remove(node)


def is_thebe(file) -> bool:
    """Whether a script or style, linked or written into the page, belongs to Thebe."""
    inline = getattr(file, "attributes", {}).get("body") or ""
    return "thebe" in f"{getattr(file, 'filename', file)} {inline}".lower()


def setup(app: Sphinx) -> dict:
    app.connect("config-inited", with_mathematics_in_parts)
    app.connect("html-page-context", with_policy)
    app.connect("doctree-resolved", without_thebes_settings, priority=900)
    app.connect("html-page-context", without_thebe, priority=900)  # after those who add it
    return {"parallel_read_safe": True, "parallel_write_safe": True}
