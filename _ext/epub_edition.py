"""The book as an EPUB: mathematics as MathML, no scripts, and only the styles that it needs."""

import re
import zipfile
from pathlib import Path

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.writers.html5 import HTML5Translator

STYLES = ("pygments.css", "epub.css", "book.css")
PICTURES = ".png"  # of the style sheets


def mathml(latex: str, display: str = "inline") -> str:
    """A formula as MathML; raises where the converter does not know a part of it.

    The converter knows `align*` and takes `aligned`, which here comes to the same, for letters.
    """
    formula = convert(re.sub(r"(begin|end){aligned}", r"\1{align*}", latex), display=display)
    if unknown := re.findall(r"<m[io]>(\\\w+|&)</m[io]>", formula):
        raise ExtensionError(f"no MathML for {', '.join(unknown)} in the formula {latex}")
    return formula


def inline(translator: HTML5Translator, node: nodes.math) -> None:
    """A formula in a line of text."""
    translator.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def displayed(translator: HTML5Translator, node: nodes.math_block) -> None:
    """A formula on a line of its own."""
    formula = mathml(node.astext(), display="block")
    translator.body.append(translator.starttag(node, "div", CLASS="math") + formula + "</div>")
    raise nodes.SkipNode


def leave_out(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """A reader for EPUBs runs no scripts, and brings its own styles."""
    if app.builder.name == "epub":
        context["script_files"] = []
        context["css_files"] = [
            file for file in context["css_files"] if str(file.filename).endswith(STYLES)
        ]


def finish(app: Sphinx, error: Exception | None) -> None:
    """Leave out the files that no page uses, and complete the manifest as EPUB 3 asks."""
    if app.builder.name != "epub" or error:
        return
    path = Path(app.outdir, f"{app.config.epub_basename}.epub")
    with zipfile.ZipFile(path) as epub:
        files = {info: epub.read(info) for info in epub.infolist()}
    pages = {i.filename: data.decode() for i, data in files.items() if i.filename[-6:] == ".xhtml"}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as epub:
        for info, data in files.items():
            if info.filename == "content.opf":
                data = without_unused(with_properties(data.decode(), pages)).encode()
            elif info.filename in pages:
                data = with_plain_summaries(pages[info.filename]).encode()
            if is_used(info.filename):
                epub.writestr(info, data)


def with_plain_summaries(html: str) -> str:
    """A page whose folded cells are named by text: paragraphs may not stand in a summary."""
    paragraphs = r"(<summary[^>]*>)\s*<p[^>]*>(.*?)</p>(?:(?!</summary>).)*(</summary>)"
    return re.sub(paragraphs, r"\1\2\3", html, flags=re.DOTALL)


def is_used(name: str) -> bool:
    """Whether a file of the EPUB serves its pages; scripts and the theme's files do not."""
    return not name.startswith("_static/") or name.endswith((*STYLES, PICTURES))


def without_unused(manifest: str) -> str:
    """The manifest without the files that are left out."""
    lines = manifest.splitlines(keepends=True)
    return "".join(
        line for line in lines if not (m := re.search(r'href="([^"]+)"', line)) or is_used(m[1])
    )


def with_properties(manifest: str, pages: dict[str, str]) -> str:
    """The manifest with "svg" and "mathml" declared for the pages that hold them."""
    for name, html in pages.items():
        holds = [kind for kind, tag in [("svg", "<svg"), ("mathml", "<math")] if tag in html]
        if holds:
            old = f'href="{name}" media-type="application/xhtml+xml"'
            manifest = manifest.replace(old, f'{old} properties="{" ".join(holds)}"')
    return manifest


def setup(app: Sphinx) -> dict:
    app.add_html_math_renderer("mathml", (inline, None), (displayed, None))
    app.add_config_value("epub_math_renderer", "mathml", "html")
    app.connect("html-page-context", leave_out, priority=950)  # after all who add something
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
