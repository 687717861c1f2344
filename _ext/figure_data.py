"""Move the data of interactive figures out of the pages, so that a page loads at once.

`explore` writes the frames into its output, which keeps a notebook whole. In the book they go to a
file of their own, a script because pages opened from disk may load scripts but not data;
`explore.js` asks for it when the figure comes near the window.
"""

import hashlib
import json
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

FIGURE = re.compile(r'class="(dl-explore|dl-workbench)"')
DATA = re.compile(r'<script type="application/json">(.*?)</script>', re.DOTALL)
FOLDER = "_static/figures"


def move_out(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Replace the data in each interactive figure of a page by the address of its file.

    An EPUB runs no scripts: there the first state stands alone.
    """
    for node in doctree.findall(nodes.raw):
        html = node.astext()
        if FIGURE.search(html):
            epub = app.builder.name == "epub"
            html = DATA.sub("", html) if epub else address_for_data(app, docname, html)
            node.children = [nodes.Text(html)]


def address_for_data(app: Sphinx, docname: str, html: str) -> str:
    """The figure's HTML without its data, which is written to a file named by its content."""
    [data] = DATA.findall(html)
    name = hashlib.sha1(data.encode()).hexdigest()[:12]
    file = Path(app.outdir, FOLDER, f"{name}.js")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(as_script(name, data))
    up = "../" * docname.count("/")
    return FIGURE.sub(rf'\g<0> data-frames="{up}{FOLDER}/{name}.js"', DATA.sub("", html))


def as_script(name: str, data: str) -> str:
    """The data as a script; where a figure computes its states, its code beside them."""
    data = json.loads(data)
    code = data.pop("script", None)
    said = f'(window.dlFigures ??= {{}})["{name}"] = {json.dumps(data, separators=(",", ":"))};\n'
    return said + (f'window.dlFigures["{name}"].code =\n{code};\n' if code else "")


def setup(app: Sphinx) -> dict:
    app.connect("doctree-resolved", move_out)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
